"""The platform's own log lines, text and JSON, to the byte (AWS: "Sending Lambda function logs", 2026).

Pure: formats what it is given. Each function returns the message of one log event.
"""

from __future__ import annotations

import datetime
import json
import math
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
    trace_id: str | None = None
    segment_id: str | None = None


def billed(duration_ms: float, init_ms: float | None) -> int:
    """Billed milliseconds: duration plus a cold start's init (billed since 2025-08-01), rounded up."""
    return math.ceil(round(duration_ms, 2) + round(init_ms or 0.0, 2))


def iso(timestamp_ms: int) -> str:
    """``2026-10-08T09:41:05.123Z``."""
    moment = datetime.datetime.fromtimestamp(timestamp_ms / 1000, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{timestamp_ms % 1000:03d}Z"


class Platform:
    """Writes the platform lines of one function in its log format; None where its level drops the line."""

    def __init__(self, spec: FunctionSpec, runtime_version: str, runtime_arn: str, instance_id: str) -> None:
        self._spec = spec
        self._runtime_version, self._runtime_arn, self._instance_id = (
            runtime_version,
            runtime_arn,
            instance_id,
        )
        self._json = spec.log_format == "JSON"
        self._quiet = self._json and spec.system_log_level == "WARN"

    def init_start(self, now_ms: int, initialization_type: str) -> str | None:
        if not self._json:
            return (
                f"INIT_START Runtime Version: {self._runtime_version}\t"
                f"Runtime Version ARN: {self._runtime_arn}\n"
            )
        return self._record(
            now_ms,
            "platform.initStart",
            {
                "initializationType": initialization_type,
                "phase": "init",
                "runtimeVersion": self._runtime_version,
                "runtimeVersionArn": self._runtime_arn,
                "functionName": self._spec.name,
                "functionVersion": self._spec.version,
                "instanceId": self._instance_id,
                "instanceMaxMemory": self._spec.memory_mb << 20,
            },
        )

    def init_report(
        self,
        now_ms: int,
        init_ms: float,
        phase: str,
        status: str,
        error_type: str | None,
        kind: str = "on-demand",
    ) -> str | None:
        if not self._json:
            problem = "" if status == "success" else f"\tStatus: {status}"
            if error_type:
                problem += f"\tError Type: {error_type}"
            return f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: {phase}{problem}\n"
        record: dict[str, Any] = {"initializationType": kind, "phase": phase, "status": status}
        if error_type:
            record["errorType"] = error_type
        record["metrics"] = {"durationMs": round(init_ms, 3)}
        return self._record(now_ms, "platform.initReport", record)

    def start(self, now_ms: int, request_id: str) -> str | None:
        if not self._json:
            return f"START RequestId: {request_id} Version: {self._spec.version}\n"
        record = {"requestId": request_id, "functionArn": self._spec.arn, "version": self._spec.version}
        return self._record(now_ms, "platform.start", record)

    def end(self, now_ms: int, request_id: str) -> str | None:
        return None if self._json else f"END RequestId: {request_id}\n"

    def report(self, now_ms: int, request_id: str, figures: Figures) -> str | None:
        if self._json:
            return self._record(now_ms, "platform.report", self._report_record(request_id, figures))
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
        if figures.trace_id:
            line += f"XRAY TraceId: {figures.trace_id}\tSegmentId: {figures.segment_id}\tSampled: true\t\n"
        return line

    def _report_record(self, request_id: str, figures: Figures) -> dict[str, Any]:
        metrics: dict[str, Any] = {
            "durationMs": round(figures.duration_ms, 3),
            "billedDurationMs": figures.billed_ms,
            "memorySizeMB": self._spec.memory_mb,
            "maxMemoryUsedMB": figures.max_memory_mb,
        }
        if figures.init_ms is not None:
            metrics["initDurationMs"] = round(figures.init_ms, 3)
        record: dict[str, Any] = {"requestId": request_id, "metrics": metrics, "status": figures.status}
        if figures.error_type is not None and figures.status == "error":
            record["errorType"] = figures.error_type
        if figures.trace_id:
            value = f"Root={figures.trace_id};Parent={figures.segment_id};Sampled=1"
            record["tracing"] = {"spanId": figures.segment_id, "type": "X-Amzn-Trace-Id", "value": value}
        return record

    def _record(self, now_ms: int, kind: str, record: dict[str, Any]) -> str | None:
        if self._quiet:
            return None
        event = {"time": iso(now_ms), "type": kind, "record": record}
        return json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n"
