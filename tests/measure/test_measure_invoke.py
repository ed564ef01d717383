"""Closed loop: every call becomes a row, whatever happens to it."""

from __future__ import annotations

import json
import signal
import threading
from types import FrameType
from typing import Any

import pytest
from lambda_stub import Answer, Stub, failed, throttled

from labkit import measure
from labkit.measure import MeasureError, Status


class Seen:
    """A watch that keeps what it is shown."""

    def __init__(self) -> None:
        self.started = 0
        self.shown: list[measure.Measurements] = []
        self.finished: list[measure.Measurements] = []

    def start(self) -> None:
        self.started += 1

    def update(self, measurements: measure.Measurements) -> None:
        self.shown.append(measurements)

    def finish(self, measurements: measure.Measurements) -> None:
        self.finished.append(measurements)


def test_a_cold_and_warm_calls(stub: Stub) -> None:
    """One row a call: what the caller waited for, what Lambda reported, what it costs."""
    m = measure.invoke(stub.client(), "orders", {"id": 1}, times=3)
    assert [row.number for row in m] == [1, 2, 3]
    assert [row.cold for row in m] == [True, False, False]
    first = m[0]
    assert (first.status, first.duration_ms, first.init_ms, first.billed_ms) == (Status.OK, 5.0, 80.0, 86)
    assert (first.memory_mb, first.max_memory_mb, first.version) == (128, 36, "$LATEST")
    assert first.latency_ms > 0 and first.late_ms == 0
    # 86 ms of 128 MB at 0.0000166667 USD per GB-second, and a request at 0.2 USD a million
    assert first.cost_usd == pytest.approx(86 / 1000 * 0.125 * 0.0000166667 + 0.2e-6)
    assert float(m.cost()) == pytest.approx(sum(m.values("cost_usd")))
    assert stub.calls == [b'{"id": 1}'] * 3


@pytest.mark.parametrize(
    ("payload", "sent"),
    [(None, b""), ({}, b"{}"), ([1], b"[1]"), ("text", b'"text"'), (0, b"0"), (b"\x00raw", b"\x00raw")],
)
def test_the_event_is_json_or_bytes(stub: Stub, payload: Any, sent: bytes) -> None:
    """Any JSON value may be an event; bytes go as they are; None sends none."""
    measure.invoke(stub.client(), "orders", payload)
    assert stub.calls == [sent]


def test_events_in_turn(stub: Stub) -> None:
    """A list of events is gone through again and again."""
    measure.invoke(stub.client(), "orders", payloads=[1, 2], times=5)
    assert [json.loads(call) for call in stub.calls] == [1, 2, 1, 2, 1]


def test_errors_throttles_and_lost_calls_are_rows(stub: Stub) -> None:
    """Each is sent once, where the SDK alone would have repeated it and hidden what happened."""
    answers = [
        Answer(),
        failed(),
        throttled(),
        Answer(hang_up=True),
        Answer(status=500, report=False),
        Answer(),
    ]
    stub.decide = lambda number, _: answers[number - 1]
    m = measure.invoke(stub.client(), "orders", times=6)
    assert [row.status for row in m] == ["ok", "error", "throttled", "failed", "failed", "ok"]
    assert len(stub.calls) == 6
    assert m[1].error == "ValueError: no such order"
    assert m[1].billed_ms == 6  # a failed invocation is paid for, a throttled one is not
    assert m[2].error is not None and "TooManyRequestsException" in m[2].error
    assert "ReservedFunctionConcurrentInvocationLimitExceeded" in m[2].error
    assert m[2].cost_usd is None
    assert m[3].error is not None and m[3].error.startswith("ConnectionClosedError")
    assert len(m.problems) == 4


def test_the_client_keeps_its_retries(stub: Stub) -> None:
    """Measured calls are sent once; the same client repeats its own as before, during the run and after."""
    client = stub.client(retries={"total_max_attempts": 3, "mode": "standard"})
    stub.decide = lambda number, _: throttled() if number <= 3 else Answer()
    measure.invoke(client, "orders", times=2)
    assert len(stub.calls) == 2
    client.invoke(FunctionName="orders")
    assert len(stub.calls) == 4


def test_a_call_without_a_report_line(stub: Stub) -> None:
    """What is not known stays None; nothing is guessed."""
    stub.decide = lambda *_: Answer(report=False)
    m = measure.invoke(stub.client(), "orders")
    assert (m[0].cold, m[0].duration_ms, m[0].billed_ms, m[0].cost_usd) == (None, None, None, None)
    assert "1 without a REPORT line" in m.text()


def test_n_clients_call_at_once(stub: Stub) -> None:
    """Each waits for its answer before it calls again: never more calls under way than clients."""
    together = threading.Barrier(3, timeout=60)

    def all_three(number: int, _: bytes) -> Answer:
        together.wait()  # passes only when three calls are under way
        return Answer()

    stub.decide = all_three
    m = measure.invoke(stub.client(), "orders", times=9, clients=3)
    assert len(m) == 9
    assert stub.most_at_once == 3


def test_more_clients_than_connections_are_noted(stub: Stub) -> None:
    """A latency that holds the time of opening connections says so."""
    m = measure.invoke(stub.client(max_pool_connections=2), "orders", times=4, clients=3)
    assert any("max_pool_connections=3" in note for note in m.notes)


def test_a_function_that_is_not_there(stub: Stub) -> None:
    """Said at once, with what to do, before anything is called."""
    with pytest.raises(MeasureError, match=r"no function lost:live in us-east-1\. Create it first"):
        measure.invoke(stub.client(), "lost", qualifier="live", times=100)
    assert stub.calls == []


def test_nobody_answers() -> None:
    """A cloud that is not there is no measurement."""
    with Stub().running() as gone:
        client = gone.client(retries={"total_max_attempts": 1})
    with pytest.raises(MeasureError, match="the cloud does not answer"):
        measure.invoke(client, "orders")


@pytest.mark.parametrize(
    "arguments",
    [
        {"times": 0},
        {"clients": 0},
        {"payload": {1, 2}},
        {"payload": 1, "payloads": [2]},
        {"payloads": []},
    ],
)
def test_arguments_that_make_no_sense(stub: Stub, arguments: dict[str, Any]) -> None:
    """Refused before anything is called."""
    with pytest.raises(MeasureError):
        measure.invoke(stub.client(), "orders", **arguments)
    assert stub.calls == []


def test_ctrl_c_keeps_what_was_measured(stub: Stub) -> None:
    """The call under way is waited for, no other is sent, and the rows come back."""

    def interrupt_at_the_fifth(number: int, _: bytes) -> Answer:
        if number == 5:
            signal.raise_signal(signal.SIGINT)
        return Answer()

    stub.decide = interrupt_at_the_fifth
    seen = Seen()
    m = measure.invoke(stub.client(), "orders", times=10_000, watch=seen)
    assert m.interrupted
    assert 5 <= len(m) == len(stub.calls) < 10_000
    assert "planned, stopped" in m.text()
    assert seen.finished == [m]


def names_of(frame: FrameType | None) -> set[str]:
    """The functions that are being run."""
    names = set()
    while frame is not None:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    return names


def test_a_second_ctrl_c_does_not_wait_for_a_call_that_hangs(stub: Stub) -> None:
    """A function may run for 15 minutes; who wants to leave can leave."""
    never, hanging = threading.Event(), threading.Event()

    def hang(number: int, _: bytes) -> Answer:
        if number == 2:
            hanging.set()
            return Answer(wait_for=never)
        return Answer()

    def ctrl_c(number: int, frame: FrameType | None) -> None:
        """Interrupts the run, and then its wait for the last call; nothing between them and after."""
        waiting = {"give_up", "wait_for"} <= names_of(frame)
        if not interrupts or (waiting and len(interrupts) == 1):
            interrupts.append(number)
            raise KeyboardInterrupt

    def press() -> None:
        hanging.wait(20)
        while len(interrupts) < 2 and not over.wait(0.05):
            signal.raise_signal(signal.SIGINT)

    interrupts: list[int] = []
    over = threading.Event()
    stub.decide = hang
    before = signal.signal(signal.SIGINT, ctrl_c)
    pressing = threading.Thread(target=press, daemon=True)
    pressing.start()
    try:
        m = measure.invoke(stub.client(), "orders", times=3)
    finally:
        over.set()
        pressing.join(20)
        signal.signal(signal.SIGINT, before)
        never.set()
    assert len(interrupts) == 2
    assert m.interrupted
    assert [row.number for row in m] == [1]


def test_a_watch_sees_the_run_grow(stub: Stub) -> None:
    """Started before the first call, shown partial rows with no call under way, finished with all."""
    under_way: list[int] = []

    class Looking(Seen):
        def update(self, measurements: measure.Measurements) -> None:
            under_way.append(stub.at_once)
            super().update(measurements)

    stub.decide = lambda *_: Answer(pause_s=0.02)
    seen = Looking()
    m = measure.invoke(stub.client(), "orders", times=60, clients=2, watch=seen)
    assert seen.started == 1
    assert seen.shown and all(0 < len(shown) <= 60 for shown in seen.shown)
    assert set(under_way) == {0}
    assert seen.finished == [m]


def test_a_watch_that_fails_costs_no_rows(stub: Stub) -> None:
    """What was measured is worth more than the picture of it."""

    class Broken(Seen):
        def update(self, measurements: measure.Measurements) -> None:
            raise RuntimeError("no screen")

    stub.decide = lambda *_: Answer(pause_s=0.02)
    m = measure.invoke(stub.client(), "orders", times=30, watch=Broken())
    assert len(m) == 30
    assert any("no screen" in note for note in m.notes)


def test_a_timeout_longer_than_the_clients_patience_is_noted(stub: Stub) -> None:
    """The SDK would give up on a long call before Lambda does."""
    stub.configuration["Timeout"] = 90
    m = measure.invoke(stub.client(read_timeout=60), "orders")
    assert any("read_timeout" in note for note in m.notes)
