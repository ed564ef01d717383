"""The platform's own log lines, text and JSON, to the byte, and the same as telemetry events.

Pure: formats what it is given. Sources: AWS, "Sending Lambda function logs" (2026), "Lambda Telemetry API
Event schema reference", "System log level event mapping".
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labkit.runtime.spec import FunctionSpec


@dataclass(frozen=True)
class Figures:
    """What a REPORT line says about one invocation."""

    duration_ms: float
    billed_ms: int
    max_memory_mb: int
    init_ms: float | None = None
    status: str = "success"
    error_type: str | None = None
    trace: Trace | None = None


def billed(duration_ms: float, init_ms: float | None) -> int:
    """Billed milliseconds: duration plus a cold start's init (billed since 2025-08-01), rounded up."""
    return math.ceil(round(duration_ms, 2) + round(init_ms or 0.0, 2))


def iso(timestamp_ms: int) -> str:
    """``2026-10-08T09:41:05.123Z``."""
    moment = datetime.datetime.fromtimestamp(timestamp_ms / 1000, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{timestamp_ms % 1000:03d}Z"


@dataclass(frozen=True)
class Trace:
    """Where a sampled invocation stands in its trace."""

    trace_id: str
    segment_id: str

    def record(self) -> dict[str, str]:
        """The ``tracing`` member of records."""
        value = f"Root={self.trace_id};Parent={self.segment_id};Sampled=1"
        return {"spanId": self.segment_id, "type": "X-Amzn-Trace-Id", "value": value}


@dataclass(frozen=True)
class Span:
    """A part of an invocation that telemetry tells of."""

    name: str
    start_ms: int
    duration_ms: float

    def record(self) -> dict[str, Any]:
        return {"name": self.name, "start": iso(self.start_ms), "durationMs": round(self.duration_ms, 3)}


LEVELS = {"DEBUG": 0, "INFO": 1, "WARN": 2}
DEBUG, INFO, WARN = LEVELS.values()
Emit = Callable[[int, str, dict[str, Any]], None]


class Platform:
    """Writes the platform lines of one environment in its log format; None where there is no line.

    In JSON the system log level decides; in text there is no level, and less to tell.
    ``emit``, while set, gets everything as a telemetry event, whatever the log shows.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        runtime_version: str,
        runtime_arn: str,
        instance_id: str,
        initialization_type: str = "on-demand",
    ) -> None:
        self._spec, self._kind = spec, initialization_type
        self._runtime_version, self._runtime_arn = runtime_version, runtime_arn
        self._instance_id = instance_id
        self._json = spec.log_format == "JSON"
        self._lowest = LEVELS.get(spec.system_log_level or "", INFO)
        self.emit: Emit | None = None

    @property
    def detailed(self) -> bool:
        """Whether anybody may want more than the text lines."""
        return self._json or self.emit is not None

    def init_start(self, now_ms: int, phase: str = "init") -> str | None:
        text = (
            f"INIT_START Runtime Version: {self._runtime_version}\tRuntime Version ARN: {self._runtime_arn}\n"
        )
        record = {
            "initializationType": self._kind,
            "phase": phase,
            "runtimeVersion": self._runtime_version,
            "runtimeVersionArn": self._runtime_arn,
            "functionName": self._spec.name,
            "functionVersion": self._spec.version,
            "instanceId": self._instance_id,
            "instanceMaxMemory": self._spec.memory_mb << 20,
        }
        return self._line(now_ms, "platform.initStart", INFO, record, text if phase == "init" else None)

    def init_runtime_done(
        self, now_ms: int, phase: str, status: str = "success", error_type: str | None = None
    ) -> str | None:
        record: dict[str, Any] = {"initializationType": self._kind, "phase": phase, "status": status}
        if error_type:
            record["errorType"] = error_type
        return self._line(now_ms, "platform.initRuntimeDone", _level(status, DEBUG), record)

    def init_report(
        self, now_ms: int, init_ms: float, phase: str, status: str, error_type: str | None
    ) -> str | None:
        problem = "" if status == "success" else f"\tStatus: {status}"
        if error_type:
            problem += f"\tError Type: {error_type}"
        text = f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: {phase}{problem}\n"
        record: dict[str, Any] = {"initializationType": self._kind, "phase": phase, "status": status}
        if error_type:
            record["errorType"] = error_type
        record["metrics"] = {"durationMs": round(init_ms, 3)}
        quiet = status == "success" and self._kind == "on-demand"
        level = _level(status, DEBUG if quiet else INFO)
        return self._line(now_ms, "platform.initReport", level, record, None if quiet else text)

    def extension(
        self, now_ms: int, name: str, state: str, events: tuple[str, ...], error_type: str | None
    ) -> str | None:
        text = f"EXTENSION\tName: {name}\tState: {state}\tEvents: [{', '.join(events)}]"
        text += f"\tError Type: {error_type}\n" if error_type else "\n"
        record: dict[str, Any] = {"name": name, "state": state, "events": sorted(events)}
        if error_type:
            record["errorType"] = error_type
        level = INFO if state in ("Ready", "Registered", "Running") else WARN
        return self._line(now_ms, "platform.extension", level, record, text)

    def telemetry_subscription(self, now_ms: int, name: str, types: tuple[str, ...]) -> str | None:
        shown = ", ".join(kind.capitalize() for kind in types)
        text = f"TELEMETRY\tName: {name}\tState: Subscribed\tTypes: [{shown}]\n"
        record = {"name": name, "state": "Subscribed", "types": list(types)}
        return self._line(now_ms, "platform.telemetrySubscription", INFO, record, text)

    def start(self, now_ms: int, request_id: str, trace: Trace | None = None) -> str | None:
        if not self.detailed:
            return f"START RequestId: {request_id} Version: {self._spec.version}\n"
        record: dict[str, Any] = {
            "requestId": request_id,
            "functionArn": self._spec.arn,
            "version": self._spec.version,
        }
        if trace is not None:
            record["tracing"] = trace.record()
        text = f"START RequestId: {request_id} Version: {self._spec.version}\n"
        return self._line(now_ms, "platform.start", INFO, record, text)

    def runtime_done(
        self, now_ms: int, request_id: str, figures: Figures, produced_bytes: int, spans: list[Span]
    ) -> str | None:
        """How the runtime's part ended; ``figures.duration_ms`` is the runtime's alone."""
        record: dict[str, Any] = {
            "requestId": request_id,
            "status": figures.status,
            "metrics": {"durationMs": round(figures.duration_ms, 3), "producedBytes": produced_bytes},
            "spans": [span.record() for span in spans],
        }
        _add_ends(record, figures)
        return self._line(now_ms, "platform.runtimeDone", _level(figures.status, DEBUG), record)

    def end(self, now_ms: int, request_id: str) -> str | None:
        return None if self._json else f"END RequestId: {request_id}\n"

    def report(
        self, now_ms: int, request_id: str, figures: Figures, spans: list[Span] | None = None
    ) -> str | None:
        if not self.detailed:
            return self._report_text(request_id, figures)
        metrics: dict[str, Any] = {
            "durationMs": round(figures.duration_ms, 3),
            "billedDurationMs": figures.billed_ms,
            "memorySizeMB": self._spec.memory_mb,
            "maxMemoryUsedMB": figures.max_memory_mb,
        }
        if figures.init_ms is not None:
            metrics["initDurationMs"] = round(figures.init_ms, 3)
        record: dict[str, Any] = {"requestId": request_id, "metrics": metrics, "status": figures.status}
        if spans:
            record["spans"] = [span.record() for span in spans]
        _add_ends(record, figures)
        text = self._report_text(request_id, figures)
        return self._line(now_ms, "platform.report", _level(figures.status, INFO), record, text)

    def _report_text(self, request_id: str, figures: Figures) -> str:
        parts = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {figures.duration_ms:.2f} ms",
            f"Billed Duration: {figures.billed_ms} ms",
            f"Memory Size: {self._spec.memory_mb} MB",
            f"Max Memory Used: {figures.max_memory_mb} MB",
        ]
        if figures.init_ms is not None:
            parts.append(f"Init Duration: {figures.init_ms:.2f} ms")
        line = "\t".join(parts) + "\t"
        if figures.status != "success":
            line += f"Status: {figures.status}"
        if figures.error_type is not None and figures.status == "error":
            line += f"\tError Type: {figures.error_type}"
        line += "\n"
        if (trace := figures.trace) is not None:
            line += f"XRAY TraceId: {trace.trace_id}\tSegmentId: {trace.segment_id}\tSampled: true\t\n"
        return line

    def _line(
        self, now_ms: int, kind: str, level: int, record: dict[str, Any], text: str | None = None
    ) -> str | None:
        if self.emit is not None:
            self.emit(now_ms, kind, record)
        if not self._json:
            return text
        if level < self._lowest:
            return None
        event = {"time": iso(now_ms), "type": kind, "record": record}
        return json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n"


def _level(status: str, well: int) -> int:
    return well if status == "success" else WARN


def _add_ends(record: dict[str, Any], figures: Figures) -> None:
    if figures.error_type is not None and figures.status == "error":
        record["errorType"] = figures.error_type
    if figures.trace is not None:
        record["tracing"] = figures.trace.record()
