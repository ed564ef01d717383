"""Execution environments from the lines that Lambda writes: text and JSON, on demand and provisioned."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labkit.measure.environments import Init, from_events
from labkit.measure.rows import Function

ORDERS = Function("orders", "us-east-1", "x86_64")


def line(at_ms: int, message: str, stream: str = "a") -> dict[str, Any]:
    """An event as filter_log_events gives it."""
    return {"timestamp": at_ms, "message": message, "logStreamName": stream}


def text_run(at_ms: int, request_id: str, duration_ms: float, init: str = "", stream: str = "a") -> list[Any]:
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {duration_ms} ms\tBilled Duration: {duration_ms:.0f} ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: 30 MB\t{init}\n"
    )
    end = at_ms + round(duration_ms)
    return [
        line(at_ms, f"START RequestId: {request_id} Version: 3\n", stream),
        line(end, f"END RequestId: {request_id}\n", stream),
        line(end, report, stream),
    ]


def json_run(at_ms: int, request_id: str, duration_ms: float, init_ms: float | None = None) -> list[Any]:
    metrics = {"durationMs": duration_ms, "billedDurationMs": 9, "memorySizeMB": 128, "maxMemoryUsedMB": 30}
    metrics |= {} if init_ms is None else {"initDurationMs": init_ms}
    start = {"type": "platform.start", "record": {"requestId": request_id, "version": "3"}}
    report = {
        "type": "platform.report",
        "record": {"requestId": request_id, "metrics": metrics, "status": "success"},
    }
    return [line(at_ms, json.dumps(start)), line(at_ms + round(duration_ms), json.dumps(report))]


INIT = "Init Duration: 80.00 ms\t"
TEXT = [
    line(1_000, "INIT_START Runtime Version: python:3.13.v43\tRuntime Version ARN: arn\n"),
    *text_run(1_085, "r1", 10.0, INIT),
    line(1_500, "START RequestId: r1 is what a handler printed\n", "b"),
    *text_run(2_000, "r2", 20.0),
]
JSON = [
    line(1_000, json.dumps({"type": "platform.initStart", "record": {"phase": "init"}})),
    *json_run(1_085, "r1", 10.0, 80.0),
    line(1_500, json.dumps({"type": "platform.start", "record": "a handler's own"})),
    *json_run(2_000, "r2", 20.0),
]


@pytest.mark.parametrize("events", [TEXT, JSON], ids=["text", "JSON"])
def test_init_and_invocations_of_an_environment(events: list[Any]) -> None:
    """The same from both formats: when it began, what ran in it, when that ended."""
    one = from_events(ORDERS, events).environments[0]
    assert one.version == "3"
    assert one.inits == (Init(1.0, 80.0),)
    assert [(run.request_id, run.started_at, run.ended_at) for run in one.invocations] == [
        ("r1", 1.085, 1.095),
        ("r2", 2.0, 2.02),
    ]
    assert (one.begins_at, one.ends_at) == (1.0, 2.02)


def test_an_init_that_was_not_waited_for() -> None:
    """Provisioned concurrency: INIT_START long before, no Init Duration in any REPORT."""
    events = [
        line(1_000, "INIT_START Runtime Version: python:3.13.v43\n"),
        line(1_400, "INIT_REPORT Init Duration: 400.00 ms\tPhase: init\n"),
        *text_run(60_000, "r1", 5.0),
    ]
    (one,) = from_events(ORDERS, events).environments
    assert one.inits == (Init(1.0, None),)


def test_an_init_that_failed() -> None:
    """Lambda reports it by itself, and tries again within each invocation: nobody prepared it ahead."""
    told = "INIT_REPORT Init Duration: 614.04 ms\tPhase: {}\tStatus: error\tError Type: NameError\n"
    events = [
        line(1_000, "INIT_START Runtime Version: python:3.13.v43\n"),
        line(1_615, told.format("init")),
        line(2_300, told.format("invoke")),
        *text_run(2_301, "r1", 5.0, "Status: error\tError Type: NameError"),
    ]
    (one,) = from_events(ORDERS, events).environments
    assert one.inits == (Init(1.0, 614.04),)


def test_a_start_from_a_snapshot() -> None:
    """SnapStart restores instead of an init; Lambda reports how long that took."""
    restored = "Restore Duration: 250.00 ms\tBilled Restore Duration: 100 ms\t"
    events = [
        line(1_000, "RESTORE_START Runtime Version: python:3.13.v43\n"),
        *text_run(1_255, "r1", 5.0, restored),
    ]
    (one,) = from_events(ORDERS, events).environments
    assert one.inits == (Init(1.0, 250.0),)
    assert one.invocations[0].begins_at == pytest.approx(1.005)


def test_a_retry_has_the_id_of_the_attempt_before_it() -> None:
    """Two runs in one stream with the same id keep their own times and reports."""
    events = [*text_run(1_000, "r1", 10.0), *text_run(61_000, "r1", 30.0)]
    (one,) = from_events(ORDERS, events).environments
    assert [round(run.ended_at or 0, 3) for run in one.invocations] == [1.01, 61.03]


def test_a_run_that_began_before_what_was_read() -> None:
    """Only its REPORT is there: it tells how long ago that was."""
    (one,) = from_events(ORDERS, text_run(1_000, "r1", 500.0, INIT)[1:]).environments
    assert one.invocations[0].started_at == 1.0
    assert one.inits == (Init(pytest.approx(0.92), 80.0),)


def test_a_run_that_has_not_ended() -> None:
    """It has no end yet, and does not count as running at once with anything."""
    found = from_events(ORDERS, text_run(1_000, "r1", 10.0)[:1])
    assert found.invocations[0].ended_at is None
    assert found.most_at_once == 0


def test_an_environment_that_was_started_anew() -> None:
    """After a timeout or a crash the next invocation pays for an init in the same stream."""
    again = [line(3_000, "INIT_START x\n"), *text_run(3_100, "r2", 5.0, INIT)]
    (one,) = from_events(ORDERS, [*TEXT[:4], *again]).environments
    assert one.inits == (Init(1.0, 80.0), Init(3.0, 80.0))


def test_how_many_ran_at_once() -> None:
    """Init counts: the environment was taken. One environment never counts twice, whatever times round to."""
    events = [
        *text_run(1_080, "r1", 10.0, INIT),
        *text_run(1_085, "r2", 100.9, stream="b"),
        *text_run(1_185, "r3", 10.0, stream="b"),
    ]
    found = from_events(ORDERS, events)
    assert found.most_at_once == 2
    assert [count for _, count in found.concurrency][-1] == 0


@pytest.mark.parametrize("messages", [[], ["hello\n", '{"level": "INFO", "message": "hello"}\n']])
def test_a_log_without_lambdas_own_lines(messages: list[str]) -> None:
    """Nothing is made up; how many lines were read is known."""
    found = from_events(ORDERS, [line(1, message) for message in messages])
    assert (found.environments, found.lines) == ((), len(messages))
