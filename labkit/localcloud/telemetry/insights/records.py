"""A log event as a query sees it: what AWS knows of it, what it discovers in it, and how values are shown."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]

_REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_REPORTED = {
    "@duration": (re.compile(r"\tDuration: ([\d.]+) ms"), 1),
    "@billedDuration": (re.compile(r"\tBilled Duration: ([\d.]+) ms"), 1),
    "@initDuration": (re.compile(r"\tInit Duration: ([\d.]+) ms"), 1),
    "@memorySize": (re.compile(r"\tMemory Size: (\d+) MB"), 1_000_000),  # in bytes, a thousand thousands
    "@maxMemoryUsed": (re.compile(r"\tMax Memory Used: (\d+) MB"), 1_000_000),
}
_TRACED = {
    "@xrayTraceId": re.compile(r"XRAY TraceId: (\S+)"),
    "@xraySegmentId": re.compile(r"SegmentId: (\S+)"),
}
_TYPES = ("START", "END", "REPORT")
_DEEPEST, _MOST = 200, 200  # fields that AWS discovers in JSON


def record(
    message: str, time_ms: int, taken_ms: int, group: str, stream: str, account_id: str, pointer: str
) -> Record:
    """One event with its fields; those of JSON and of Lambda's own lines are discovered."""
    found: Record = {
        "@timestamp": time_ms,
        "@message": message,
        "@ingestionTime": taken_ms,
        "@logStream": stream,
        "@log": f"{account_id}:{group}",
        "@ptr": pointer,
    }
    if group.startswith("/aws/lambda/") or "[$LATEST]" in stream:
        found |= _of_lambda(message)
    start = message.find("{")
    if start >= 0:
        found |= _of_json(message[start:].strip())
    return found


def _of_lambda(message: str) -> Record:
    kind = message.partition(" ")[0]
    found: Record = {"@type": kind} if kind in _TYPES else {}
    if (request := _REQUEST_ID.search(message)) is not None:
        found["@requestId"] = request[0]
    if kind == "REPORT":
        for name, (pattern, unit) in _REPORTED.items():
            if (value := pattern.search(message)) is not None:
                found[name] = number(value[1]) * unit  # type: ignore[operator]
        found |= {name: value[1] for name, pattern in _TRACED.items() if (value := pattern.search(message))}
    return found


def _of_json(text: str) -> Record:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    flat: Record = {}
    _flatten(document, "", flat, 0)
    return flat


def _flatten(value: Any, path: str, flat: Record, depth: int) -> None:
    if len(flat) >= _MOST or depth > _DEEPEST:
        return
    if not isinstance(value, dict | list):
        flat[path] = value
        return
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        _flatten(item, f"{path}.{name}" if path else str(name), flat, depth + 1)


def number(value: Any) -> float | int | None:
    """A value as a number; None when it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value
    try:
        parsed = float(value)
    except (TypeError, ValueError):
        return None
    return int(parsed) if parsed.is_integer() and "." not in str(value) else parsed


def shown(name: str, value: Any) -> str:
    """A value as GetQueryResults shows it: always text."""
    if name in ("@timestamp", "@ingestionTime") and isinstance(value, int):
        return stamp(value)
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    return str(value)


def stamp(time_ms: float) -> str:
    """Milliseconds since the epoch as ``2026-11-28 17:58:11.660``."""
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
