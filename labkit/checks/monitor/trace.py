"""05.8: requests are traced, and the trace tells what happened inside the function."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.monitor.orders import order_prints
from labkit.checks.registry import check
from labkit.checks.roles import allows

HOURS = 3
TRACES_MAX = 5  # what BatchGetTraces takes at once
ORIGIN = "AWS::Lambda::Function"
# What Lambda itself writes into a function's segment.
LAMBDAS_OWN = ("Initialization", "Init", "Invocation", "Overhead", "Attempt")


@check("05.8", title="Traces show where the time goes")
def trace(look: Look) -> str:
    """Active, permitted, and a trace in which the function's own subsegments are."""
    function = order_prints(look)
    mode = function.configuration.get("TracingConfig", {}).get("Mode", "PassThrough")
    if mode != "Active":
        raise NotYet(
            f"the tracing mode of {function.name} is {mode}: it is traced only if its caller is",
            "TracingConfig={'Mode': 'Active'}",
            "Attach AWSXRayDaemonWriteAccess to the role, then update the configuration.",
        )
    if not any(one.allows("xray:PutTraceSegments") for one in allows(look, function.role_name)):
        raise NotYet(
            f"{function.role_name} may not write traces: what the function records is dropped",
            "xray:PutTraceSegments is allowed",
            "Attach AWS's policy AWSXRayDaemonWriteAccess to the role.",
        )
    segments = look.eventually(lambda: _segments(look, function)) or []
    if not segments:
        raise NotYet(
            f"X-Ray has no trace of {function.name} within the last {HOURS} hours",
            "a traced order",
            "Send an order; X-Ray shows it some seconds later. It samples: the first request of each second "
            "is always traced.",
        )
    own = look.eventually(lambda: _own(_segments(look, function)))
    if not own:
        raise NotYet(
            f"{len(segments)} traces of {function.name}, all with Lambda's own parts only",
            "subsegments for the handler and for what it calls",
            "Lambda does not look into your code. Decorate the handler with @tracer.capture_lambda_handler; "
            "the Tracer then records calls of boto3, too.",
        )
    return f"traces of {function.name} show {', '.join(own)}"


def _segments(look: Look, function: Function) -> list[dict[str, Any]]:
    """The function's segment of its latest traces."""
    xray, until = look.client("xray"), look.lab.clock.now() + timedelta(minutes=1)
    pages = xray.get_paginator("get_trace_summaries").paginate(
        StartTime=until - timedelta(hours=HOURS), EndTime=until
    )
    ids = [
        one["Id"]
        for page in pages
        for one in page["TraceSummaries"]
        if any(service.get("Name") == function.name for service in one.get("ServiceIds", []))
    ]
    if not ids:
        return []
    documents = [
        json.loads(segment["Document"])
        for one in xray.batch_get_traces(TraceIds=sorted(ids)[-TRACES_MAX:])["Traces"]
        for segment in one["Segments"]
    ]
    return [one for one in documents if one.get("origin") == ORIGIN and one["name"] == function.name]


def _own(segments: list[dict[str, Any]]) -> list[str]:
    names = [name for one in segments for name in _inside(one)]
    return sorted({name for name in names if name not in LAMBDAS_OWN})


def _inside(segment: dict[str, Any]) -> Iterator[str]:
    for part in segment.get("subsegments", []):
        yield part["name"]
        yield from _inside(part)
