"""What GetTraceSummaries and BatchGetTraces say of stored documents. Pure.

Subsegments that came by themselves are compiled into the segment they belong to, as X-Ray does.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator
from typing import Any

Document = dict[str, Any]
LATEST_S = 1e11  # far in the future, and still a date


def problem(document: Any) -> str | None:
    """Why X-Ray would not take this as a segment or subsegment document; None when it would."""
    if not isinstance(document, dict):
        return "not an object"
    for name in ("id", "name", "trace_id"):
        if not isinstance(document.get(name), str):
            return f"{name} is missing or no text"
    if "end_time" not in document and not document.get("in_progress"):
        return "end_time is missing"
    if not isinstance(document.get("parent_id", ""), str):
        return "parent_id is no text"
    return next(filter(None, map(_misshapen, parts(document))), None)


def _misshapen(part: Document) -> str | None:
    times = [part.get("start_time"), *([part["end_time"]] if "end_time" in part else [])]
    for time_s in times:
        number = isinstance(time_s, int | float) and not isinstance(time_s, bool)
        if not number or not math.isfinite(time_s) or not 0 <= time_s < LATEST_S:
            return "start_time or end_time is no time in seconds"
    if not isinstance(part.get("id", ""), str):
        return "id is no text"
    nested = part.get("subsegments") or []
    if not isinstance(nested, list) or not all(isinstance(each, dict) for each in nested):
        return "subsegments is no list of objects"
    http = part.get("http") or {}
    maps = [part.get("annotations") or {}, http]
    if isinstance(http, dict):
        maps += [http.get("request") or {}, http.get("response") or {}]
    if not all(isinstance(each, dict) for each in maps):
        return "annotations or http is no object"
    return None


def compiled(documents: Iterable[Document]) -> list[Document]:
    """Segments by start, each with all its subsegments; a finished document replaces one in progress."""
    latest: dict[str, Document] = {}
    for document in documents:
        known = latest.get(document["id"])
        if known is None or known.get("in_progress") or not document.get("in_progress"):
            latest[document["id"]] = copy.deepcopy(document)
    places = {part["id"]: part for document in latest.values() for part in parts(document) if "id" in part}
    segments = []
    for document in latest.values():
        parent = places.get(document.get("parent_id", ""))
        inside = any(part is parent for part in parts(document))
        if document.get("type") == "subsegment" and parent is not None and not inside:
            parent.setdefault("subsegments", []).append(document)
        else:
            segments.append(document)
    return sorted(segments, key=lambda segment: float(segment["start_time"]))


def parts(document: Document) -> Iterator[Document]:
    """A document and all that is nested in it."""
    yield document
    nested = document.get("subsegments")
    for each in nested if isinstance(nested, list) else ():
        if isinstance(each, dict):
            yield from parts(each)


def started(segments: list[Document]) -> float:
    """When a trace began, in seconds since the epoch."""
    return min(float(segment["start_time"]) for segment in segments)


def duration_s(segments: list[Document]) -> float:
    """From the first start to the last end that is known."""
    ends = [float(part["end_time"]) for segment in segments for part in parts(segment) if "end_time" in part]
    return round(max(ends, default=started(segments)) - started(segments), 3)


def summary(trace_id: str, segments: list[Document]) -> dict[str, Any]:
    """One TraceSummary of GetTraceSummaries."""
    root = next((segment for segment in segments if "parent_id" not in segment), segments[0])
    ids = {segment["id"]: _service_id(segment) for segment in segments}
    response_time = float(root.get("end_time") or root["start_time"]) - float(root["start_time"])
    return {
        "Id": trace_id,
        "StartTime": started(segments),
        "Duration": duration_s(segments),
        "ResponseTime": round(response_time, 3),
        "HasError": _any(segments, "error"),
        "HasFault": _any(segments, "fault"),
        "HasThrottle": _any(segments, "throttle"),
        "IsPartial": any(segment.get("in_progress") for segment in segments),
        "Http": _http(root),
        "Annotations": _annotations(segments),
        "Users": _users(segments),
        "ServiceIds": list({str(service): service for service in ids.values()}.values()),
        "EntryPoint": ids[root["id"]],
        "Revision": len(segments),
    }


def _any(segments: list[Document], flag: str) -> bool:
    return any(segment.get(flag) for segment in segments)


def _service_id(segment: Document) -> dict[str, Any]:
    service: dict[str, Any] = {"Name": segment["name"], "Names": [segment["name"]]}
    if segment.get("origin"):
        service["Type"] = segment["origin"]
    return service


def _http(root: Document) -> dict[str, Any]:
    http = root.get("http") or {}
    request, response = http.get("request") or {}, http.get("response") or {}
    found = {
        "HttpURL": request.get("url"),
        "HttpMethod": request.get("method"),
        "UserAgent": request.get("user_agent"),
        "ClientIp": request.get("client_ip"),
        "HttpStatus": response.get("status"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _annotations(segments: list[Document]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for segment in segments:
        for part in parts(segment):
            for name, value in (part.get("annotations") or {}).items():
                kind = "BooleanValue" if isinstance(value, bool) else "NumberValue"
                typed = {"StringValue": value} if isinstance(value, str) else {kind: value}
                entry = {"AnnotationValue": typed, "ServiceIds": [_service_id(segment)]}
                if entry not in found.setdefault(name, []):
                    found[name].append(entry)
    return found


def _users(segments: list[Document]) -> list[dict[str, Any]]:
    users = [(segment["user"], segment) for segment in segments if segment.get("user")]
    return [{"UserName": user, "ServiceIds": [_service_id(segment)]} for user, segment in users]
