"""The segment documents that Lambda itself writes about one invocation. Pure.

``AWS::Lambda`` is the service's view, ``AWS::Lambda::Function`` the function's, with its phases.
Source: AWS, "Visualize Lambda function invocations using AWS X-Ray"; "X-Ray segment documents".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from labkit.localcloud.tracing.header import TraceHeader, new_id
from labkit.runtime.spec import FunctionSpec, Outcome


@dataclass(frozen=True)
class Ids:
    """The ids of one invocation's segments; what the handler sends hangs below ``invocation``."""

    service: str
    function: str
    invocation: str


@dataclass(frozen=True)
class Times:
    """Seconds since the epoch. ``answered`` is when the handler was done, ``end`` when Lambda was."""

    answered: float
    end: float


@dataclass(frozen=True)
class Traced:
    """One sampled invocation."""

    spec: FunctionSpec
    header: TraceHeader
    ids: Ids
    request_id: str
    resource_arn: str


def service_segment(traced: Traced, received: float, end: float, status: int) -> dict[str, Any]:
    """``AWS::Lambda``: with status 429 a throttled request, which reached no environment."""
    segment: dict[str, Any] = {
        **_base(traced, traced.ids.service, traced.header.parent, received, end),
        "origin": "AWS::Lambda",
        "resource_arn": traced.resource_arn,
        "http": {"response": {"status": status}},
        "aws": {"request_id": traced.request_id},
    }
    if status == 429:
        segment |= {"error": True, "throttle": True}
    elif status >= 500:
        segment["fault"] = True
    return segment


def function_segment(traced: Traced, outcome: Outcome, times: Times) -> dict[str, Any]:
    """``AWS::Lambda::Function`` with Initialization (cold starts only), Invocation and Overhead."""
    began = times.answered - outcome.duration_ms / 1000
    phases = [
        {"id": traced.ids.invocation, "name": "Invocation", "start_time": began, "end_time": times.answered},
        {"id": new_id(), "name": "Overhead", "start_time": times.answered, "end_time": times.end},
    ]
    start = began
    if outcome.init_ms is not None:
        start = began - outcome.init_ms / 1000
        phases.insert(0, {"id": new_id(), "name": "Initialization", "start_time": start, "end_time": began})
    segment: dict[str, Any] = {
        **_base(traced, traced.ids.function, traced.ids.service, start, times.end),
        "origin": "AWS::Lambda::Function",
        "resource_arn": traced.spec.arn,
        "aws": {
            "account_id": traced.spec.account_id,
            "function_arn": traced.spec.arn,
            "request_id": traced.request_id,
            "resource_names": [traced.spec.name],
        },
        "subsegments": phases,
    }
    if outcome.function_error:
        failure = {"fault": True, "cause": _cause(outcome)}
        segment |= failure
        next(phase for phase in phases if phase["name"] == "Invocation").update(failure)
    return segment


def _base(traced: Traced, segment_id: str, parent: str | None, start: float, end: float) -> dict[str, Any]:
    base: dict[str, Any] = {
        "id": segment_id,
        "name": traced.spec.name,
        "start_time": start,
        "end_time": end,
        "trace_id": traced.header.root,
    }
    return {**base, "parent_id": parent} if parent else base


def _cause(outcome: Outcome) -> dict[str, Any]:
    try:
        error = json.loads(outcome.payload)
    except ValueError:
        error = None
    if not isinstance(error, dict):
        error = {}
    exception = {
        "id": new_id(),
        "type": str(error.get("errorType") or outcome.error_type or "Unknown"),
        "message": str(error.get("errorMessage") or ""),
        "remote": False,
    }
    return {"working_directory": "/var/task", "exceptions": [exception]}
