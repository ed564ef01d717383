"""Traces from AWS X-Ray: which part of a request took how long, and what failed. Asks X-Ray only.

Shapes: X-Ray Developer Guide, segment documents.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from labkit.measure.target import MeasureError

_FLAGS = ("throttle", "fault", "error")  # of several the first one tells most
_DEEPEST = 30


@dataclass(frozen=True, slots=True)
class Span:
    """A segment or a subsegment.

    Attributes:
        depth: how many others it is part of.
        kind: of a segment its origin, such as ``AWS::Lambda``; of a call to AWS the operation; else empty.
        started_at, ended_at: seconds since the epoch; ``ended_at`` is None while it is in progress.
        state: ``ok``, ``error`` (the caller's, 4xx), ``fault`` (the service's, 5xx) or ``throttle`` (429).
        problem: the exception, in one line.
    """

    name: str
    depth: int
    kind: str
    started_at: float
    ended_at: float | None
    state: str = "ok"
    problem: str = ""


@dataclass(frozen=True)
class Trace:
    """A trace: its spans, each followed by its parts, in the order in which they began."""

    id: str
    spans: tuple[Span, ...]

    @property
    def begins_at(self) -> float:
        """When the first span began."""
        return min(span.started_at for span in self.spans)

    @property
    def ends_at(self) -> float:
        """When the last span ended, or began if it has not ended."""
        return max(span.ended_at or span.started_at for span in self.spans)

    @property
    def problems(self) -> tuple[Span, ...]:
        """The spans that did not go well."""
        return tuple(span for span in self.spans if span.state != "ok")


@dataclass(frozen=True, slots=True)
class Summary:
    """A trace in one line, as ``get_trace_summaries`` gives it."""

    id: str
    name: str
    started_at: float
    duration_s: float
    state: str


def trace(xray: Any, trace_id: str) -> Trace:
    """Read a trace.

    Raises:
        MeasureError: there is no such trace (yet): X-Ray shows one some seconds after its request.
    """
    try:
        answer = xray.batch_get_traces(TraceIds=[trace_id])
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidRequestException":
            raise
        raise MeasureError(f"{trace_id!r} is no trace id: one looks like 1-67891233-abcdef01… .") from error
    documents = [json.loads(part["Document"]) for found in answer["Traces"] for part in found["Segments"]]
    if not documents:
        raise MeasureError(
            f"There is no trace {trace_id}. X-Ray shows one some seconds after its request; look again then."
        )
    return from_documents(trace_id, documents)


def recent(
    xray: Any, *, since: float, until: float, name: str | None = None, most: int = 20
) -> list[Summary]:
    """The latest traces, newest first.

    Args:
        since, until: seconds since the epoch; X-Ray takes six hours at most.
        name: only those in which a service or function of that name took part.
    """
    pages = xray.get_paginator("get_trace_summaries").paginate(
        StartTime=datetime.fromtimestamp(since, UTC), EndTime=datetime.fromtimestamp(until, UTC)
    )
    found = [one for page in pages for one in page["TraceSummaries"]]
    named = [one for one in found if name is None or name in _names(one)]
    summaries = sorted(map(_summary, named), key=lambda one: one.started_at, reverse=True)
    return summaries[:most]


def from_documents(trace_id: str, documents: list[dict[str, Any]]) -> Trace:
    """A trace from its segment documents: a segment is part of the span that its parent_id names."""
    known: set[str] = set()
    for document in documents:
        known.update(_ids(document))
    below: dict[str, list[dict[str, Any]]] = defaultdict(list)
    tops: list[dict[str, Any]] = []
    for document in documents:
        parent = document.get("parent_id")
        (below[parent] if parent in known else tops).append(document)
    spans = [span for top in sorted(tops, key=_begin) for span in _spans(top, 0, below)]
    return Trace(trace_id, tuple(spans))


def _ids(document: dict[str, Any]) -> Iterator[str]:
    yield str(document.get("id"))
    for part in document.get("subsegments", ()):
        yield from _ids(part)


def _begin(document: dict[str, Any]) -> float:
    return float(document.get("start_time", 0.0))


def _spans(document: dict[str, Any], depth: int, below: dict[str, list[dict[str, Any]]]) -> Iterator[Span]:
    end = document.get("end_time")
    yield Span(
        name=str(document.get("name", "")),
        depth=depth,
        kind=_kind(document),
        started_at=_begin(document),
        ended_at=None if end is None else float(end),
        state=next((flag for flag in _FLAGS if document.get(flag)), "ok"),
        problem=_problem(document.get("cause")),
    )
    if depth < _DEEPEST:  # documents come from anyone who may write traces: a circle must end
        parts = [*document.get("subsegments", ()), *below.get(str(document.get("id")), ())]
        for part in sorted(parts, key=_begin):
            yield from _spans(part, depth + 1, below)


def _kind(document: dict[str, Any]) -> str:
    if document.get("origin"):
        return str(document["origin"])
    if document.get("namespace") == "aws":
        return str(document.get("aws", {}).get("operation", ""))
    return ""


def _problem(cause: Any) -> str:
    """``type: message`` of the exception; empty when there is none, or only a reference to one below."""
    exceptions = cause.get("exceptions") if isinstance(cause, dict) else None
    if not exceptions:
        return ""
    first = exceptions[0]
    return ": ".join(str(first[key]) for key in ("type", "message") if first.get(key))


def _names(summary: dict[str, Any]) -> set[str]:
    services = [*summary.get("ServiceIds", ()), summary.get("EntryPoint") or {}]
    return {name for one in services for name in (one.get("Name"), *one.get("Names", ())) if name}


def _summary(found: dict[str, Any]) -> Summary:
    flags = {"throttle": "HasThrottle", "fault": "HasFault", "error": "HasError"}
    names = [one.get("Name", "") for one in found.get("ServiceIds", ())]
    start = found.get("StartTime")
    # Without StartTime: the id holds the second in which the trace began.
    started_at = start.timestamp() if start else float(int(found["Id"].split("-")[1], 16))
    return Summary(
        id=found["Id"],
        name=(found.get("EntryPoint") or {}).get("Name") or next(iter(names), ""),
        started_at=started_at,
        duration_s=float(found.get("Duration", 0.0)),
        state=next((flag for flag, key in flags.items() if found.get(key)), "ok"),
    )
