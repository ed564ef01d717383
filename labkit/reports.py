"""REPORT lines and platform.report records of Lambda logs -> `Report` -> DataFrame. Pure: asks no cloud.

Understands text and JSON logs, cold starts, SnapStart restores, X-Ray lines, and both ways in which Lambda
has reported failures: in lines of their own (old) and at the end of REPORT (new).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Report:
    """What Lambda reported about one invocation.

    Attributes:
        duration_ms: time in the handler, without init.
        billed_ms: what is paid for, init of a cold start included.
        memory_mb, max_memory_mb: the setting, and the most that was used.
        init_ms: Init Duration; only for a cold start on demand.
        restore_ms, billed_restore_ms: only for a cold start from a SnapStart snapshot.
        status: ``"success"``, ``"error"``, ``"failure"`` or ``"timeout"``. Text logs name only failures of
            the environment: a handler that raises there is a ``"success"``.
        error_type: such as ``"Runtime.ExitError"``, when the log names one.
        trace_id, segment_id, sampled: of the X-Ray trace; None when the invocation was not traced.
    """

    request_id: str
    duration_ms: float
    billed_ms: int
    memory_mb: int
    max_memory_mb: int
    init_ms: float | None = None
    restore_ms: float | None = None
    billed_restore_ms: int | None = None
    status: str = "success"
    error_type: str | None = None
    trace_id: str | None = None
    segment_id: str | None = None
    sampled: bool | None = None

    @property
    def cold(self) -> bool:
        """Whether this invocation had to wait for a new execution environment."""
        return self.init_ms is not None or self.restore_ms is not None


#: What `parse_all` takes: a whole log, or its lines, messages or CloudWatch events (``{"message": …}``).
Log: TypeAlias = "str | bytes | Iterable[str | bytes | Mapping[str, Any]]"


def parse(text: str | bytes) -> Report | None:
    """The first report in a message or a log tail; None when there is none, as while it still runs."""
    return next(iter(parse_all(text)), None)


def parse_all(log: Log) -> list[Report]:
    """Every report in a log, in order; other lines are passed over. Never raises, whatever a log says.

    An asynchronous invocation that is retried has several reports with the same request id.
    """
    reader = _Reader()
    for line in _lines(log):
        reader.read(line)
    return reader.reports


def to_frame(reports: Iterable[Report]) -> pd.DataFrame:
    """One row for each report, typed columns; also the column ``cold``.

    Missing durations are NaN, other missing values ``pandas.NA``. ``frame.attrs["units"]`` has the units.
    """
    import pandas as pd

    rows = list(reports)
    columns = {
        name: pd.Series([getattr(row, name) for row in rows], dtype=kind) for name, kind in _COLUMNS.items()
    }
    frame = pd.DataFrame(columns)
    frame.attrs["units"] = dict(_UNITS)
    return frame


_COLUMNS: dict[str, Any] = {
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
_UNITS = {
    "duration_ms": "ms",
    "billed_ms": "ms",
    "memory_mb": "MB",
    "max_memory_mb": "MB",
    "init_ms": "ms",
    "restore_ms": "ms",
    "billed_restore_ms": "ms",
}


# Lambda puts tabs between the fields; consoles and documents turn them into spaces: any white space will do.
# Digits are limited in number so that no field can grow into a number that floats or frames cannot hold.
_N = r"([0-9]{1,15}(?:\.[0-9]{1,9})?)"
_I = r"([0-9]{1,15})"
_REPORT = re.compile(
    r"(?:^|\s)REPORT RequestId: (\S{1,256})\s+"
    rf"Duration: {_N} ms\s+Billed Duration: {_I} ms\s+Memory Size: {_I} MB\s+Max Memory Used: {_I} MB"
)
_INIT = re.compile(rf"\sInit Duration: {_N} ms")
_RESTORE = re.compile(rf"\sRestore Duration: {_N} ms(?:\s+Billed Restore Duration: {_I} ms)?")
_STATUS = re.compile(r"\sStatus: (\w{1,64})(?:\s+Error Type: (\S{1,256}))?")
_XRAY = re.compile(r"\s*XRAY TraceId: (\S{1,256})(?:\s+SegmentId: (\S{1,256}))?(?:\s+Sampled: (true|false))?")
_TIMED_OUT = re.compile(r"(\S{1,256})(?: Error:)? Task timed out after [0-9]+\.[0-9]{2} seconds")
_EXITED = re.compile(r"RequestId: (\S{1,256}) Error: Runtime exited")
_ERROR_TYPE = re.compile(r"(?:Runtime|Extension|Sandbox)\.\w{1,64}\s*$")


class _Reader:
    """Goes through the lines of a log and remembers what belongs to which report."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self._place: dict[str, int] = {}  # request id -> its latest report
        self._failed: dict[str, tuple[str, str | None]] = {}  # failures told before their REPORT
        self._traceable = False  # the line before was a REPORT
        self._exited: str | None = None  # the line before said that this request's runtime exited

    def read(self, line: str) -> None:
        traceable, self._traceable = self._traceable, False
        exited, self._exited = self._exited, None
        if "REPORT RequestId: " in line:
            self._report(line)
        elif "platform.report" in line:
            self._record(line)
        elif traceable and "XRAY TraceId: " in line:
            self._xray(line)
        elif "Task timed out after" in line:
            if found := _TIMED_OUT.search(line):
                self._failure(found[1], "timeout", None)
        elif "Error: Runtime exited" in line:
            if found := _EXITED.search(line):
                self._exited = found[1]
                self._failure(found[1], "error", "Runtime.ExitError")
        elif exited and _ERROR_TYPE.match(line):
            self._failure(exited, "error", line.strip())

    def _add(self, report: Report) -> None:
        failed = self._failed.pop(report.request_id, None)
        if failed and report.status == "success":
            report = replace(report, status=failed[0], error_type=failed[1])
        self._place[report.request_id] = len(self.reports)
        self.reports.append(report)

    def _failure(self, request_id: str, status: str, error_type: str | None) -> None:
        """A failure told in lines of its own: before the REPORT of its invocation, or after it."""
        place = self._place.get(request_id)
        # a retry has the same id: a report that failed already is of an earlier attempt
        if place is None or self.reports[place].status not in ("success", status):
            self._failed[request_id] = status, error_type
        else:
            self.reports[place] = replace(self.reports[place], status=status, error_type=error_type)

    def _report(self, line: str) -> None:
        found = _REPORT.search(line)
        if not found:
            return
        request_id, duration, billed, memory, used = found.groups()
        rest = line[found.end() :]
        if not rest or rest.isspace():
            self._add(Report(request_id, float(duration), int(billed), int(memory), int(used)))
        else:
            init, restore, status = _INIT.search(rest), _RESTORE.search(rest), _STATUS.search(rest)
            self._add(
                Report(
                    request_id,
                    float(duration),
                    int(billed),
                    int(memory),
                    int(used),
                    init_ms=float(init[1]) if init else None,
                    restore_ms=float(restore[1]) if restore else None,
                    billed_restore_ms=int(restore[2]) if restore and restore[2] else None,
                    status=status[1] if status else "success",
                    error_type=status[2] if status else None,
                )
            )
        self._traceable = True

    def _xray(self, line: str) -> None:
        if found := _XRAY.match(line):
            trace_id, segment_id, sampled = found.groups()
            sure = None if sampled is None else sampled == "true"
            self.reports[-1] = replace(
                self.reports[-1], trace_id=trace_id, segment_id=segment_id, sampled=sure
            )

    def _record(self, line: str) -> None:
        try:
            event = json.loads(line[line.index("{") :])
        except (ValueError, RecursionError):
            return
        report = _from_record(event)
        if report:
            self._add(report)


def _from_record(event: Any) -> Report | None:
    """A report from a platform.report event; None when it is something else or lacks what each has."""
    if not isinstance(event, dict) or event.get("type") != "platform.report":
        return None
    record = event.get("record")
    metrics = record.get("metrics") if isinstance(record, dict) else None
    if not isinstance(record, dict) or not isinstance(metrics, dict):
        return None
    request_id, duration_ms = _text(record.get("requestId")), _number(metrics.get("durationMs"))
    billed_ms, memory_mb, used_mb = (
        _whole(metrics.get(name)) for name in ("billedDurationMs", "memorySizeMB", "maxMemoryUsedMB")
    )
    if request_id is None or duration_ms is None or billed_ms is None or memory_mb is None or used_mb is None:
        return None
    trace_id, segment_id, sampled = _tracing(record.get("tracing"))
    return Report(
        request_id=request_id,
        duration_ms=duration_ms,
        billed_ms=billed_ms,
        memory_mb=memory_mb,
        max_memory_mb=used_mb,
        init_ms=_number(metrics.get("initDurationMs")),
        restore_ms=_number(metrics.get("restoreDurationMs")),
        billed_restore_ms=_whole(metrics.get("billedRestoreDurationMs")),
        status=_text(record.get("status")) or "success",
        error_type=_text(record.get("errorType")),
        trace_id=trace_id,
        segment_id=segment_id,
        sampled=sampled,
    )


def _tracing(tracing: Any) -> tuple[str | None, str | None, bool | None]:
    """Trace id, segment id and sampling from ``{"spanId": …, "value": "Root=…;Parent=…;Sampled=1"}``."""
    value = _text(tracing.get("value")) if isinstance(tracing, dict) else None
    if value is None:
        return None, None, None
    parts = dict(part.partition("=")[::2] for part in value.split(";"))
    sampled = {"1": True, "0": False}.get(parts.get("Sampled", ""))
    return parts.get("Root"), _text(tracing.get("spanId")), sampled


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    """A JSON number as float; None for anything else, also for what no duration can be."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and 0 <= value < 1e15 else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None


def _lines(log: Log) -> Iterator[str]:
    for item in [log] if isinstance(log, str | bytes | Mapping) else log:
        message = item.get("message") if isinstance(item, Mapping) else item
        text = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
        if isinstance(text, str):
            # only the newline ends a line: Lambda writes carriage returns inside the lines of a traceback
            yield from text.split("\n")
