"""Whatever a log says, reading it never raises, and what is read can always be put into a frame."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import reports

ID = "8f507cfc-6c1e-4d38-9d15-5f5e1b4a2c11"

#: Pieces of real lines, to be put together in ways that no Lambda ever would.
PIECES = [
    f"REPORT RequestId: {ID}",
    "REPORT RequestId: ",
    "\tDuration: 26.73 ms",
    "\tBilled Duration: 27 ms",
    "\tMemory Size: 128 MB",
    "\tMax Memory Used: 75 MB",
    "\tInit Duration: 413.61 ms",
    "\tRestore Duration: 1.0 ms\tBilled Restore Duration: 1 ms",
    "\tStatus: timeout",
    "\tStatus: error\tError Type: Runtime.ExitError",
    f"XRAY TraceId: {ID}\tSegmentId: 07f118eb438d2dc4\tSampled: true",
    f"2024-03-04T17:22:38.033Z {ID} Task timed out after 3.00 seconds",
    f"RequestId: {ID} Error: Runtime exited with error: signal: killed",
    "Runtime.ExitError",
    '{"type":"platform.report","record":{"requestId":"x","metrics":',
    '{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":3}',
    '},"status":"success"}',
    "}",
    "\n",
    "\t",
    "\r",
    " ",
    "9" * 30,
    "٣",
    "\u2028",
    "\x00",
]
WHOLE = "".join(PIECES[i] for i in (0, 2, 3, 4, 5)) + "\t"

texts = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=24).map("".join),
    st.tuples(st.integers(0, len(WHOLE)), st.text(max_size=6)).map(
        lambda c: WHOLE[: c[0]] + c[1] + WHOLE[c[0] :]
    ),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
metrics = st.fixed_dictionaries(
    {
        "durationMs": values | st.floats(0, 1e6),
        "billedDurationMs": values | st.integers(0, 10**6),
        "memorySizeMB": values | st.just(128),
        "maxMemoryUsedMB": values | st.just(75),
    },
    optional={"initDurationMs": values, "restoreDurationMs": values, "billedRestoreDurationMs": values},
)
records = st.fixed_dictionaries(
    {"requestId": values | st.just(ID), "metrics": values | metrics},
    optional={
        "status": values,
        "errorType": values,
        "tracing": values | st.fixed_dictionaries({"value": values | st.text()}, optional={"spanId": values}),
    },
).map(lambda body: json.dumps({"type": "platform.report", "record": body}))


def read(log: object) -> None:
    found = reports.parse_all(log)  # type: ignore[arg-type]
    assert len(reports.to_frame(found)) == len(found)
    for report in found:
        assert report.request_id
        assert 0 <= report.duration_ms < 1e15
        assert min(report.billed_ms, report.memory_mb, report.max_memory_mb) >= 0


@settings(max_examples=400, deadline=None)
@given(texts)
def test_any_text_can_be_read(text: str) -> None:
    read(text)
    assert reports.parse(text) == next(iter(reports.parse_all(text)), None)


@settings(max_examples=150, deadline=None)
@given(records)
def test_any_platform_report_can_be_read(text: str) -> None:
    read(text)


@settings(max_examples=150, deadline=None)
@given(st.binary() | st.lists(texts | records | st.binary(max_size=20) | values, max_size=12))
def test_any_bytes_and_any_list_can_be_read(log: object) -> None:
    read(log)


@settings(max_examples=150, deadline=None)
@given(
    st.floats(0, 900_000),
    st.integers(0, 900_000),
    st.integers(128, 10_240),
    st.integers(0, 10_240),
    st.none() | st.floats(0.01, 130_000),
    st.sampled_from(["success", "timeout", "error"]),
)
def test_what_was_written_as_a_report_is_read_back(
    duration_ms: float, billed_ms: int, memory_mb: int, used_mb: int, init_ms: float | None, status: str
) -> None:
    line = (
        f"REPORT RequestId: {ID}\tDuration: {duration_ms:.2f} ms\tBilled Duration: {billed_ms} ms\t"
        f"Memory Size: {memory_mb} MB\tMax Memory Used: {used_mb} MB\t"
        + (f"Init Duration: {init_ms:.2f} ms\t" if init_ms is not None else "")
        + (f"Status: {status}" if status != "success" else "")
    )
    assert reports.parse(line) == reports.Report(
        request_id=ID,
        duration_ms=float(f"{duration_ms:.2f}"),
        billed_ms=billed_ms,
        memory_mb=memory_mb,
        max_memory_mb=used_mb,
        init_ms=None if init_ms is None else float(f"{init_ms:.2f}"),
        status=status,
    )
