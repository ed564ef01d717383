"""Traces in moto's X-Ray: puts documents there, and gives its readers the whole trace.

moto keeps documents but reports one-millisecond summaries of them, without annotations, and knows no
sampling rules; this replaces those readers and adds GetSamplingRules and GetSamplingTargets.
"""

from __future__ import annotations

import datetime
import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import moto.xray.urls
from moto.xray.exceptions import BadSegmentException
from moto.xray.models import XRayBackend, xray_backends
from moto.xray.responses import XRayResponse

from labkit.localcloud.tracing import sampling, traces

_turn = threading.Lock()  # moto answers in many threads, and the daemon stores from another
_process = XRayBackend.process_segment
_summaries = XRayResponse.trace_summaries


def put(account_id: str, region: str, segment: dict[str, Any]) -> None:
    """Stores one document; one that X-Ray would not take is dropped, as the daemon's caller hears nothing."""
    try:
        xray_backends[account_id][region].process_segment(json.dumps(segment))
    except (BadSegmentException, TypeError):
        return


def _install() -> None:
    """Replaces what moto reads wrongly; done when this module is imported."""
    replaced: list[tuple[type, str, Callable[..., Any]]] = [
        (XRayBackend, "process_segment", _process_segment),
        (XRayBackend, "get_trace_summary", _get_trace_summary),
        (XRayBackend, "get_trace_ids", _get_trace_ids),
        (XRayResponse, "trace_summaries", _summaries_unfiltered),
        (XRayResponse, "get_sampling_rules", _rules),
        (XRayResponse, "sampling_targets", _targets),
    ]
    for owner, name, method in replaced:
        setattr(owner, name, method)
    for operation in ("GetSamplingRules", "SamplingTargets"):
        moto.xray.urls.url_paths["{0}/" + operation + "$"] = XRayResponse.dispatch


def _summaries_unfiltered(self: XRayResponse) -> Any:
    if self._get_param("FilterExpression"):
        message = "The local cloud has no filter expressions; filter the summaries in your own code."
        return json.dumps({"__type": "InvalidRequestException", "Message": message}), {"status": 400}
    return _summaries(self)


def _process_segment(self: XRayBackend, doc: Any) -> None:
    try:
        wrong = traces.problem(json.loads(doc))
    except (ValueError, TypeError, RecursionError):
        wrong = "Bad JSON data"
    if wrong is not None:  # moto would keep it, and no trace could be read any more
        raise BadSegmentException(code="InvalidSegment", message=wrong)
    with _turn:
        _process(self, doc)


def _documents(self: XRayBackend, trace_ids: Iterable[str] | None = None) -> dict[str, list[dict[str, Any]]]:
    with _turn:
        kept = self._segment_collection._traces
        wanted = list(kept) if trace_ids is None else [each for each in trace_ids if each in kept]
        stored = {trace_id: list(kept[trace_id]["segments"]) for trace_id in wanted}
    return {
        trace_id: traces.compiled(json.loads(segment.raw) for segment in segments)
        for trace_id, segments in stored.items()
        if segments
    }


def _get_trace_summary(
    self: XRayBackend, start_time: datetime.datetime, end_time: datetime.datetime, filter_expression: Any
) -> dict[str, Any]:
    # boto3 sends whole seconds: the second that EndTime names is searched to its end.
    begin, end = start_time.timestamp(), end_time.timestamp() + 1
    found = [
        traces.summary(trace_id, segments)
        for trace_id, segments in _documents(self).items()
        if begin <= traces.started(segments) < end
    ]
    return {"ApproximateTime": time.time(), "TracesProcessedCount": len(found), "TraceSummaries": found}


def _get_trace_ids(self: XRayBackend, trace_ids: list[str]) -> dict[str, Any]:
    documents = _documents(self, trace_ids)
    found = [
        {
            "Id": trace_id,
            "Duration": traces.duration_s(documents[trace_id]),
            "LimitExceeded": False,
            "Segments": [
                {"Id": segment["id"], "Document": json.dumps(segment)} for segment in documents[trace_id]
            ],
        }
        for trace_id in trace_ids
        if trace_id in documents
    ]
    return {"Traces": found, "UnprocessedTraceIds": [each for each in trace_ids if each not in documents]}


def _rules(self: XRayResponse) -> str:
    return json.dumps(sampling.rules(self.region, self.current_account))


def _targets(self: XRayResponse) -> str:
    return json.dumps(sampling.targets(self._get_param("SamplingStatisticsDocuments") or [], time.time()))


_install()
