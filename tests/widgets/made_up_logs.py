"""What Lambda, CloudWatch and X-Ray answer, made here instead of asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from labkit.errors import LabError
from labkit.measure import Measurement, Measurements, Status
from labkit.measure.rows import Function

ORDERS = Function("orders", "us-east-1", "x86_64", log_group="/aws/lambda/orders")
TRACE_ID = "1-6ab13d80-0123456789abcdef01234567"
BEGIN_MS = 1_790_000_000_000


class Pages:
    """A paginator of one page."""

    def __init__(self, page: dict[str, Any]) -> None:
        self._page = page

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [self._page]


class Logs:
    """A CloudWatch Logs client that knows these events."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events = events

    def get_paginator(self, _: str) -> Pages:
        return Pages({"events": self.events})


def run_events(
    stream: str, at_ms: float, request_id: str, duration_ms: float, init_ms: float | None = None
) -> list[dict[str, Any]]:
    """The lines of one invocation; with init, of the first one in its environment."""
    init = "" if init_ms is None else f"Init Duration: {init_ms} ms\t"
    lines = [
        (0, f"START RequestId: {request_id} Version: $LATEST\n"),
        (duration_ms, f"END RequestId: {request_id}\n"),
        (
            duration_ms,
            f"REPORT RequestId: {request_id}\tDuration: {duration_ms} ms\tBilled Duration: 1 ms\t"
            f"Memory Size: 128 MB\tMax Memory Used: 30 MB\t{init}\n",
        ),
    ]
    if init_ms is not None:
        lines.insert(0, (-init_ms, "INIT_START Runtime Version: python:3.13.v43\n"))
    return [
        {"timestamp": BEGIN_MS + int(at_ms + after), "message": text, "logStreamName": stream}
        for after, text in lines
    ]


def busy_log(environments: int, invocations: int) -> list[dict[str, Any]]:
    """Environments that start one after the other and take turns."""
    events = []
    for number in range(invocations):
        place = number % environments
        at_ms = 200 + place * 30 + number // environments * 100
        init_ms = 120.5 if number < environments else None
        events += run_events(f"2026/11/28/[$LATEST]{place:032x}", at_ms, f"r{number}", 40.25, init_ms)
    return events


def measured(ids: list[str], *, throttled: int = 0, failed: tuple[str, ...] = ()) -> Measurements:
    """What the caller saw of these requests, and of some that were throttled."""
    rows = [
        Measurement(
            number=number,
            sent_at=BEGIN_MS / 1000 + number / 100,
            started_s=number / 100,
            latency_ms=50.0,
            status=Status.THROTTLED if one is None else Status.ERROR if one in failed else Status.OK,
            request_id=one,
        )
        for number, one in enumerate([*ids, *[None] * throttled], 1)
    ]
    return Measurements(ORDERS, tuple(rows), len(rows))


def documents(trace_id: str = TRACE_ID) -> list[dict[str, Any]]:
    """The segments of a request that called DynamoDB in vain and then failed."""
    at = BEGIN_MS / 1000
    cause = {"exceptions": [{"id": "e", "type": "ValueError", "message": "no such <order>"}]}
    table = {
        "id": "d",
        "name": "dynamodb",
        "start_time": at + 0.31,
        "end_time": at + 0.33,
        "namespace": "aws",
        "aws": {"operation": "GetItem"},
        "throttle": True,
        "error": True,
    }
    invocation = {
        "id": "c",
        "name": "Invocation",
        "start_time": at + 0.3,
        "end_time": at + 0.4,
        "fault": True,
        "cause": cause,
        "subsegments": [table],
    }
    init = {"id": "b", "name": "Initialization", "start_time": at + 0.01, "end_time": at + 0.3}
    function = {
        "id": "a",
        "name": "orders",
        "origin": "AWS::Lambda::Function",
        "parent_id": "0",
        "start_time": at + 0.01,
        "end_time": at + 0.4,
        "fault": True,
        "cause": cause,
        "subsegments": [invocation, init],
    }
    service = {"id": "0", "name": "orders", "origin": "AWS::Lambda", "start_time": at, "end_time": at + 0.41}
    return [one | {"trace_id": trace_id} for one in (function, service)]


class XRay:
    """An X-Ray client that knows these traces, by id."""

    def __init__(self, traces: dict[str, list[dict[str, Any]]]) -> None:
        self.traces = traces

    def batch_get_traces(self, TraceIds: list[str]) -> dict[str, Any]:  # noqa: N803 (as boto3 has it)
        found = [(one, self.traces[one]) for one in TraceIds if one in self.traces]
        parts = [(one, [{"Document": json.dumps(each)} for each in known]) for one, known in found]
        return {"Traces": [{"Id": one, "Segments": segments} for one, segments in parts]}

    def get_paginator(self, _: str) -> Pages:
        return Pages({"TraceSummaries": [summary(one) for one in self.traces]})


def summary(trace_id: str) -> dict[str, Any]:
    """What get_trace_summaries says of a trace."""
    service = {"Name": "orders", "Names": ["orders"], "Type": "AWS::Lambda"}
    return {
        "Id": trace_id,
        "Duration": 0.41,
        "HasFault": True,
        "HasError": False,
        "HasThrottle": False,
        "ServiceIds": [service],
        "EntryPoint": service,
    }


class Lambda:
    """A Lambda client that knows one function."""

    class meta:  # noqa: N801 (as boto3 has it)
        region_name = "us-east-1"

        class config:  # noqa: N801
            read_timeout = 60

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        if FunctionName != "orders":
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetFunctionConfiguration")
        return {"FunctionName": "orders"}


FOUR_MINUTES = {
    "Invocations Sum": [12.0, 40.0, 31.0, 25.0],
    "Errors Sum": [0.0, 3.0, 0.0, 1.0],
    "Throttles Sum": [0.0, 9.0, 2.0, 0.0],
    "ConcurrentExecutions Maximum": [2.0, 5.0, 4.0, 3.0],
    "Duration p50": [39.0, 41.0, 40.0, 38.0],
    "Duration p90": [55.0, 70.0, 58.0, 52.0],
    "Duration p99": [90.0, 130.0, 84.0, 77.0],
}


class CloudWatch:
    """A CloudWatch client that has four minutes of the function ``orders``."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.broken = False

    def get_paginator(self, _: str) -> CloudWatch:
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        self.asked.append(asked)
        if self.broken:
            raise LabError("no answer")
        return [{"MetricDataResults": [self._result(query) for query in asked["MetricDataQueries"]]}]

    def _result(self, query: dict[str, Any]) -> dict[str, Any]:
        wanted = query["MetricStat"]
        metric = wanted["Metric"]
        known = metric["Dimensions"] == [{"Name": "FunctionName", "Value": "orders"}]
        values = FOUR_MINUTES[f"{metric['MetricName']} {wanted['Stat']}"] if known else []
        times = [datetime.fromtimestamp(BEGIN_MS / 1000 + 60 * n, UTC) for n in range(len(values))]
        return {"Id": query["Id"], "Timestamps": times, "Values": values}


def cloud(events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Clients by service, of a cloud in which one function ran; once, or as these log events say."""
    logs = Logs(run_events("a", 0, "r1", 40.0, 80.0) if events is None else events)
    return {
        "lambda": Lambda(),
        "logs": logs,
        "xray": XRay({TRACE_ID: documents()}),
        "cloudwatch": CloudWatch(),
    }
