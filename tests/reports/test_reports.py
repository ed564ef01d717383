"""What is read out of Lambda's logs: one row for each way in which AWS has written a report."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pandas as pd
import pytest

from labkit import reports
from labkit.reports import Report

ID = "8f507cfc-6c1e-4d38-9d15-5f5e1b4a2c11"
OTHER = "b3573bd3-5c8f-4d2c-8f0e-0a5b3b8f7a10"
WARM = (
    f"REPORT RequestId: {ID}\tDuration: 26.73 ms\tBilled Duration: 27 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 75 MB\t"
)
COLD = (
    f"REPORT RequestId: {ID}\tDuration: 2.46 ms\tBilled Duration: 417 ms\tMemory Size: 1024 MB\t"
    "Max Memory Used: 95 MB\tInit Duration: 413.61 ms\t"
)
TRACE, SEGMENT = "1-5e34a614-10bdc4b4e9d8b7d0b4c1d2e3", "07f118eb438d2dc4"
XRAY = f"XRAY TraceId: {TRACE}\tSegmentId: {SEGMENT}\tSampled: true\t"
IS_WARM = Report(ID, 26.73, 27, 128, 75)
IS_COLD = Report(ID, 2.46, 417, 1024, 95, init_ms=413.61)
TRACED = {"trace_id": TRACE, "segment_id": SEGMENT, "sampled": True}


# One message -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "report"),
    [
        pytest.param(WARM, IS_WARM, id="warm"),
        pytest.param(WARM + "\n", IS_WARM, id="warm, with its newline"),
        pytest.param(WARM.rstrip("\t"), IS_WARM, id="without the tab at the end"),
        pytest.param(WARM + "\t\n", IS_WARM, id="with two tabs at the end"),
        pytest.param(WARM + "\r\n", IS_WARM, id="with a carriage return"),
        pytest.param(WARM.replace("\t", "    "), IS_WARM, id="tabs turned into spaces"),
        pytest.param(WARM.replace(" ms\tMem", " ms \tMem"), IS_WARM, id="the space before a tab of old logs"),
        pytest.param(
            "2026-10-08T12:00:01.123000+00:00 2026/10/08/[$LATEST]abc " + WARM, IS_WARM, id="aws logs tail"
        ),
        pytest.param(WARM.encode(), IS_WARM, id="bytes"),
        pytest.param(COLD, IS_COLD, id="cold"),
        pytest.param(f"{COLD}\n{XRAY}\n", replace(IS_COLD, **TRACED), id="cold and traced"),
        pytest.param(f"{WARM}\n{XRAY}\n", replace(IS_WARM, **TRACED), id="traced"),
        pytest.param(
            f"{WARM}\n{XRAY.replace('true', 'false')}\n",
            replace(IS_WARM, **TRACED | {"sampled": False}),
            id="not sampled",
        ),
        pytest.param(
            f"{WARM}Restore Duration: 341.19 ms\tBilled Restore Duration: 142 ms\t\n",
            replace(IS_WARM, restore_ms=341.19, billed_restore_ms=142),
            id="restored by SnapStart",
        ),
        pytest.param(
            f"{WARM}Restore Duration: 341.19 ms\t\n",
            replace(IS_WARM, restore_ms=341.19),
            id="restored, not billed",
        ),
        pytest.param(
            f"REPORT RequestId: {ID}\tDuration: 3016.78 ms\tBilled Duration: 3101 ms\tMemory Size: 128 MB\t"
            "Max Memory Used: 33 MB\tInit Duration: 84.00 ms\tStatus: timeout",
            Report(ID, 3016.78, 3101, 128, 33, init_ms=84.0, status="timeout"),
            id="timeout, new style",
        ),
        pytest.param(
            WARM + "Status: error\tError Type: Runtime.ExitError",
            replace(IS_WARM, status="error", error_type="Runtime.ExitError"),
            id="crash, new style",
        ),
        pytest.param(
            WARM + "Status: error\tError Type: Runtime.OutOfMemory\t\n" + XRAY,
            replace(IS_WARM, status="error", error_type="Runtime.OutOfMemory", **TRACED),
            id="out of memory, new style, traced",
        ),
        pytest.param(WARM + "Status: success\t", IS_WARM, id="success said in words"),
    ],
)
def test_a_text_report(text: str | bytes, report: Report) -> None:
    assert reports.parse(text) == report


def record(metrics: dict[str, Any] | None = None, **changes: Any) -> str:
    measured = {"durationMs": 1233.96, "billedDurationMs": 1234, "memorySizeMB": 256, "maxMemoryUsedMB": 123}
    body = {"requestId": ID, "metrics": measured | (metrics or {}), "status": "success"} | changes
    return json.dumps({"time": "2026-10-08T12:00:01.123Z", "type": "platform.report", "record": body})


IS_RECORD = Report(ID, 1233.96, 1234, 256, 123)


@pytest.mark.parametrize(
    ("text", "report"),
    [
        pytest.param(record(), IS_RECORD, id="warm"),
        pytest.param(record() + "\n", IS_RECORD, id="with its newline"),
        pytest.param(record().replace('": ', '":'), IS_RECORD, id="without spaces"),
        pytest.param(
            "2026-10-08T12:00:01 2026/10/08/[$LATEST]abc " + record(), IS_RECORD, id="aws logs tail"
        ),
        pytest.param(
            record({"initDurationMs": 463.512, "billedDurationMs": 1698}),
            replace(IS_RECORD, billed_ms=1698, init_ms=463.512),
            id="cold",
        ),
        pytest.param(
            record({"restoreDurationMs": 341.19, "billedRestoreDurationMs": 142}),
            replace(IS_RECORD, restore_ms=341.19, billed_restore_ms=142),
            id="restored by SnapStart",
        ),
        pytest.param(record(status="timeout"), replace(IS_RECORD, status="timeout"), id="timeout"),
        pytest.param(
            record(status="error", errorType="Runtime.ExitError"),
            replace(IS_RECORD, status="error", error_type="Runtime.ExitError"),
            id="crash",
        ),
        pytest.param(
            record(
                tracing={
                    "spanId": SEGMENT,
                    "type": "X-Amzn-Trace-Id",
                    "value": f"Root={TRACE};Parent=72b5b0a1c0fe4b3c;Sampled=1",
                }
            ),
            replace(IS_RECORD, **TRACED),
            id="traced",
        ),
        pytest.param(
            record(tracing={"value": f"Root={TRACE};Sampled=0"}),
            replace(IS_RECORD, trace_id=TRACE, sampled=False),
            id="traced, not sampled, no span",
        ),
    ],
)
def test_a_json_report(text: str, report: Report) -> None:
    assert reports.parse(text) == report


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        f"START RequestId: {ID} Version: $LATEST\n",
        f"END RequestId: {ID}\n",
        "INIT_START Runtime Version: python:3.13.v43\tRuntime Version ARN: arn:aws:lambda:x::runtime:0\n",
        "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: timeout",
        "RESTORE_REPORT Restore Duration: 1236.04 ms\tStatus: timeout",
        "REPORT RequestId: ",
        WARM.replace("26.73", "soon"),
        WARM.replace("Memory Size", "Memory"),
        WARM.replace("26.73", "-1"),
        WARM.replace("26.73", "9" * 400),
        f'[INFO]\t2026-10-08T12:00:01.123Z\t{ID}\tprinted "{WARM}"',
        XRAY,
        "platform.report",
        '{"type": "platform.report"}',
        '{"type": "platform.report", "record": 7}',
        '{"type": "platform.report", "record": {"metrics": []}}',
        '{"type": "platform.report", "record": {"requestId": "x", "metrics": {}}}',
        '{"type": "platform.report", ' + "[" * 100_000,
        json.dumps({"level": "INFO", "message": "a platform.report"}),
        record({"durationMs": "fast"}),
        record({"durationMs": True}),
        record({"durationMs": -1}),
        record({"durationMs": float("nan")}),
        record({"durationMs": 10**400}),
        record({"billedDurationMs": 1.5}),
        record({"memorySizeMB": None}),
        record(requestId=7),
        record(requestId=""),
        record().replace("platform.report", "platform.runtimeDone"),
        record()[:-1],
    ],
)
def test_what_is_no_report_is_passed_over(text: str) -> None:
    assert reports.parse(text) is None


# A whole log -----------------------------------------------------------------------------------------------

BEGIN = f"START RequestId: {ID} Version: $LATEST\n"
END = f"END RequestId: {ID}\n"
TIMED_OUT = f"2024-03-04T17:22:38.033Z {ID} Task timed out after 3.00 seconds\n\n"
EXITED = f"RequestId: {ID} Error: Runtime exited without providing a reason\nRuntime.ExitError\n"
KILLED = f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n"


@pytest.mark.parametrize(
    ("log", "status", "error_type"),
    [
        pytest.param(BEGIN + "hello\n" + END + WARM, "success", None, id="success"),
        pytest.param(BEGIN + TIMED_OUT + END + WARM, "timeout", None, id="timeout told before REPORT"),
        pytest.param(BEGIN + END + WARM + "\n" + TIMED_OUT, "timeout", None, id="timeout told after REPORT"),
        pytest.param(
            f"{BEGIN}RequestId: {ID} Error: Task timed out after 3.00 seconds\n{END}{WARM}",
            "timeout",
            None,
            id="timeout in the words of the payload",
        ),
        pytest.param(
            BEGIN + EXITED + END + WARM, "error", "Runtime.ExitError", id="crash told before REPORT"
        ),
        pytest.param(
            BEGIN + END + WARM + "\n" + EXITED, "error", "Runtime.ExitError", id="crash told after REPORT"
        ),
        pytest.param(BEGIN + KILLED + END + WARM, "error", "Runtime.ExitError", id="out of memory"),
        pytest.param(
            BEGIN + KILLED.replace("Runtime.ExitError", "Runtime.OutOfMemory") + END + WARM,
            "error",
            "Runtime.OutOfMemory",
            id="out of memory, by its newer name",
        ),
        pytest.param(
            BEGIN + TIMED_OUT + END + WARM + "Status: timeout", "timeout", None, id="told in both styles"
        ),
        pytest.param(
            BEGIN + TIMED_OUT.replace(ID, OTHER) + END + WARM,
            "success",
            None,
            id="the failure of another request",
        ),
    ],
)
def test_a_failure_in_lines_of_its_own_belongs_to_the_report_of_its_request(
    log: str, status: str, error_type: str | None
) -> None:
    (report,) = reports.parse_all(log)
    assert (report.status, report.error_type) == (status, error_type)


def test_reports_come_in_the_order_of_the_log() -> None:
    log = BEGIN + END + COLD + "\n" + BEGIN.replace(ID, OTHER) + WARM.replace(ID, OTHER) + "\n" + record()
    assert [report.request_id for report in reports.parse_all(log)] == [ID, OTHER, ID]


def test_each_attempt_of_a_retried_event_has_its_own_status() -> None:
    log = BEGIN + TIMED_OUT + END + WARM + "\n" + BEGIN + EXITED + END + WARM + "\n" + BEGIN + END + WARM
    assert [report.status for report in reports.parse_all(log)] == ["timeout", "error", "success"]


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(BEGIN + END + COLD + "\n" + XRAY + "\n", id="one text"),
        pytest.param([BEGIN, END, COLD + "\n" + XRAY + "\n"], id="messages"),
        pytest.param([BEGIN, END, COLD, XRAY], id="lines"),
        pytest.param((line for line in [BEGIN, COLD, XRAY]), id="a generator"),
        pytest.param([{"timestamp": 1, "message": COLD + "\n" + XRAY + "\n"}], id="CloudWatch events"),
        pytest.param({"timestamp": 1, "message": COLD + "\n" + XRAY + "\n"}, id="one CloudWatch event"),
        pytest.param((COLD + "\n" + XRAY).encode(), id="bytes"),
    ],
)
def test_a_log_may_come_as_text_lines_messages_or_events(log: Any) -> None:
    assert reports.parse_all(log) == [replace(IS_COLD, **TRACED)]


def test_an_xray_line_belongs_to_the_report_right_before_it_only() -> None:
    assert reports.parse_all([WARM, BEGIN, XRAY]) == [IS_WARM]


def test_a_traceback_with_carriage_returns_hides_no_report() -> None:
    error = '[ERROR] ValueError: no\rTraceback (most recent call last):\r\u00a0\u00a0File "app.py", line 1\n'
    assert reports.parse_all(BEGIN + error + END + WARM) == [IS_WARM]


def test_a_log_tail_that_was_cut_at_its_start_still_has_its_report() -> None:
    assert reports.parse("…lf of a line\n" + END + COLD) == IS_COLD


@pytest.mark.parametrize(
    ("report", "cold"), [(IS_WARM, False), (IS_COLD, True), (replace(IS_WARM, restore_ms=1.0), True)]
)
def test_a_start_is_cold_when_it_initialised_or_restored(report: Report, cold: bool) -> None:
    assert report.cold is cold


def test_a_report_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        IS_WARM.billed_ms = 0  # type: ignore[misc]


# A frame ---------------------------------------------------------------------------------------------------

KINDS = {
    "request_id": "string",
    "duration_ms": "float64",
    "billed_ms": "int64",
    "memory_mb": "int64",
    "max_memory_mb": "int64",
    "init_ms": "float64",
    "restore_ms": "float64",
    "billed_restore_ms": "Int64",
    "status": "string",
    "error_type": "string",
    "trace_id": "string",
    "segment_id": "string",
    "sampled": "boolean",
    "cold": "bool",
}


@pytest.mark.parametrize(
    "rows", [[], [IS_WARM], [IS_WARM, replace(IS_COLD, **TRACED)]], ids=["none", "one", "two"]
)
def test_a_frame_has_the_same_typed_columns_whatever_it_holds(rows: list[Report]) -> None:
    frame = reports.to_frame(rows)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == KINDS
    assert len(frame) == len(rows)


def test_a_frame_says_its_units() -> None:
    units = reports.to_frame([]).attrs["units"]
    assert units["duration_ms"] == units["init_ms"] == "ms"
    assert units["max_memory_mb"] == "MB"


def test_a_frame_keeps_what_is_missing_missing() -> None:
    frame = reports.to_frame(iter([IS_WARM, IS_COLD]))
    assert pd.isna(frame.init_ms[0]) and frame.init_ms[1] == 413.61
    assert frame.trace_id.isna().all() and frame.sampled.isna().all()
    assert list(frame.cold) == [False, True]


def test_a_frame_can_be_priced() -> None:
    from labkit import pricing

    rows = [IS_WARM, IS_COLD, replace(IS_WARM, restore_ms=341.19)]
    frame = reports.to_frame(rows)
    assert pricing.invocations(frame).cost_usd == pricing.invocations(rows).cost_usd
    restored = "1 restored from a SnapStart snapshot: restores and cache not included"
    assert pricing.invocations(frame).notes == pricing.invocations(rows).notes == (restored,)
