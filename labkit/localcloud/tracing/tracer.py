"""Follows sampled invocations from Lambda's side and accepts what their handlers send.

A function's own segment and its handler's subsegments are sent with the execution role, so a role without
``xray:PutTraceSegments`` leaves only the service's segment, as on AWS. Knows neither UDP nor moto.
"""

from __future__ import annotations

import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from labkit.localcloud.tracing import header as headers
from labkit.localcloud.tracing.sampling import Sampler
from labkit.localcloud.tracing.segments import Ids, Times, Traced, function_segment, service_segment
from labkit.localcloud.tracing.traces import problem
from labkit.runtime.spec import FunctionSpec, Invocation, Outcome

PUT = "xray:PutTraceSegments"
REMEMBERED_SPANS = 20_000  # of invocations and subsegments that a late subsegment may still name
log = logging.getLogger(__name__)

RoleAllows = Callable[[str, str, str], bool]
Store = Callable[[str, str, dict[str, Any]], None]


@dataclass(frozen=True)
class Follow:
    """An invocation under way: what the environment is given, and what is traced of it, if anything."""

    invocation: Invocation
    traced: Traced | None
    received: float


class Tracer:
    """Makes the trace of each invocation. ``store`` takes account, region and a document.

    Handlers know the machine's time alone, so everything is timed by that; ``ahead_s`` tells how far the
    lesson clock is before it, and dates what is stored.
    """

    def __init__(
        self, role_allows: RoleAllows, store: Store, ahead_s: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._role_allows, self._store, self._ahead_s = role_allows, store, ahead_s
        self._sampler = Sampler()
        self._owners: OrderedDict[tuple[str, str], FunctionSpec] = OrderedDict()

    def header(self, incoming: str | None, spec: FunctionSpec) -> headers.TraceHeader:
        """The header of an accepted request: the caller's trace goes on, else a new one begins.

        The caller decides whether it is sampled; where the caller leaves it open, Active mode samples.
        """
        header = headers.parse(incoming)
        if header.sampled is None:
            sampled = spec.tracing_mode == "Active" and self._sampler(spec.arn)
            return replace(header, sampled=sampled)
        return header

    def begin(self, spec: FunctionSpec, invocation: Invocation) -> Follow:
        """Gives an invocation its place in its trace, before it runs."""
        header = headers.parse(invocation.trace_header)
        ids = Ids(invocation.segment_id or headers.new_id(), headers.new_id(), headers.new_id())
        inside = str(replace(header, parent=ids.invocation, sampled=bool(header.sampled)))
        given = replace(invocation, trace_header=inside, segment_id=ids.service)
        if not header.sampled:
            return Follow(given, None, 0.0)
        self._own(header.root, ids.invocation, spec)
        traced = Traced(spec, header, ids, invocation.request_id, invocation.invoked_arn)
        return Follow(given, traced, time.time())

    def end(self, follow: Follow, outcome: Outcome) -> None:
        """Stores the segments of an invocation that ran."""
        traced = follow.traced
        if traced is None:
            return
        end = time.time()
        answered = end - max(time.perf_counter() - outcome.answered_at, 0.0)
        self._put(traced.spec, service_segment(traced, follow.received, end, 200))
        if self._role_allows(traced.spec.role_arn, PUT, "*"):
            times = Times(answered, end)
            self._put(traced.spec, function_segment(traced, outcome, times))

    def refused(self, follow: Follow, status: int) -> None:
        """Stores the segment of a request that no environment ran; ``status`` is the caller's."""
        if follow.traced is not None:
            segment = service_segment(follow.traced, follow.received, time.time(), status)
            self._put(follow.traced.spec, segment)

    def accept(self, document: bytes) -> None:
        """Takes one document from a handler.

        Dropped, with a line in the cloud's log: what is no document, what belongs to no invocation that is
        traced (nobody else may write traces here), and what the role does not allow.
        """
        try:
            segment = json.loads(document)
            wrong = problem(segment)
        except (ValueError, RecursionError) as error:
            wrong = str(error)
        if wrong is not None:
            log.warning("dropped what is no segment document (%s): %r", wrong, document[:200])
            return
        trace_id, segment_id = segment["trace_id"], segment["id"]
        owner = self._owners.get((trace_id, segment.get("parent_id"))) or self._owners.get((trace_id, ""))
        if owner is None:
            log.warning("dropped a segment of trace %s, which no invocation belongs to", trace_id)
        elif not self._role_allows(owner.role_arn, PUT, "*"):
            log.warning("dropped a segment of %s: its role %s lacks %s", owner.name, owner.role_arn, PUT)
        else:
            self._own(trace_id, segment_id, owner)
            self._put(owner, segment)

    def _own(self, trace_id: str, span_id: str, spec: FunctionSpec) -> None:
        # Parts of large subsegments come with parents not seen yet: then the trace's latest function counts.
        for key in ((trace_id, span_id), (trace_id, "")):
            self._owners[key] = spec
            self._owners.move_to_end(key)
        while len(self._owners) > REMEMBERED_SPANS:
            self._owners.popitem(last=False)

    def _put(self, spec: FunctionSpec, segment: dict[str, Any]) -> None:
        self._store(spec.account_id, spec.region, _dated(segment, self._ahead_s()))


def _dated(segment: dict[str, Any], ahead_s: float) -> dict[str, Any]:
    """A copy whose times, and those of its parts, are later."""
    later = dict(segment)
    for key in ("start_time", "end_time"):
        if key in segment:
            later[key] = segment[key] + ahead_s
    if segment.get("subsegments"):
        later["subsegments"] = [_dated(part, ahead_s) for part in segment["subsegments"]]
    return later
