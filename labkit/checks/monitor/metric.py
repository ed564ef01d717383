"""05.6: a metric of the business, written into the log instead of sent by a call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.monitor.orders import order_prints
from labkit.checks.registry import check
from labkit.checks.roles import allows

NAMESPACE, NAME = "PhotoLibrary", "Prints"
UNIQUE = ("order_id", "orderid", "order", "request_id", "requestid", "function_request_id")
HOURS = 3
EXPECTED = f"the metric {NAME} in {NAMESPACE}, from lines in the embedded metric format"
Document = Mapping[str, Any]


@check("05.6", title="Prints are counted, without a call")
def metric(look: Look) -> str:
    """Lines of the function's log carry the metric; its dimensions are few; CloudWatch has taken it up."""
    function = order_prints(look)
    documents = look.eventually(lambda: _embedded(look, function)) or []
    ours = [one for one in documents if (NAMESPACE, NAME) in _metrics(one)]
    if not ours:
        raise _nothing(look, function, documents)
    dimensions = {name for one in ours for name in _dimensions(one)}
    if unique := sorted(name for name in dimensions if name.lower() in UNIQUE):
        raise NotYet(
            f"{NAME} has the dimension {unique[0]}: a metric of its own, and paid for, for each order",
            "dimensions with few values, such as the service",
            "Leave it out. What is unique belongs into the log line: metrics.add_metadata, or the logger.",
        )
    if {value for one in ours for value in _values(one)} <= {0, 1}:
        raise NotYet(
            f"no value of {NAME} is above 1: that counts orders",
            "a value for each order: the number of its copies",
            "metrics.add_metric(…, value=event['copies']), and send an order for several copies.",
        )
    total = look.eventually(lambda: _taken_up(look, ours[-1]))
    if not total:
        raise NotYet(
            f"the log has {len(ours)} lines with {NAME}, CloudWatch has no such metric",
            EXPECTED,
            "Look at a line: _aws.Timestamp is in milliseconds, dimensions and metric are keys of it. "
            "On AWS the metric appears after a minute or two.",
        )
    return f"{NAMESPACE}/{NAME} counts {total:.0f} prints by {', '.join(sorted(dimensions)) or 'nothing'}"


def _nothing(look: Look, function: Function, documents: list[Document]) -> NotYet:
    there = sorted({one for document in documents for one in _metrics(document) if one != ("", "")})
    if there:
        written = ", ".join(f"{namespace}/{name}" for namespace, name in there)
        return NotYet(
            f"{function.name} writes {written}",
            EXPECTED,
            f"Names are exact: Metrics(namespace={NAMESPACE!r}, …) and add_metric(name={NAME!r}, …).",
        )
    if any(one.allows("cloudwatch:PutMetricData") for one in allows(look, function.role_name)):
        return NotYet(
            f"{function.role_name} may call PutMetricData, and the log of {function.name} has no metrics",
            EXPECTED,
            "An order waits for that call, and each is paid for. Let Powertools' Metrics write into the log.",
        )
    if missing := _missing(look, function):
        return NotYet(
            f"{function.name} fails: there is no module {missing}",
            EXPECTED,
            "Attach the layer (Layers=[powertools_arn]), wait for function_updated_v2, and send an order.",
        )
    return NotYet(
        f"the log of {function.name} has no metrics",
        EXPECTED,
        "Attach the layer, decorate the handler with @metrics.log_metrics, add the metric, send an order.",
    )


def _missing(look: Look, function: Function) -> str | None:
    """The module that the function's latest failure misses, if that is why it failed."""
    client = look.client("logs")
    asked = {"logGroupName": function.log_group, "filterPattern": '"No module named"'}
    try:
        pages = client.get_paginator("filter_log_events").paginate(**asked)
        said = [event["message"] for page in pages for event in page["events"]]
    except client.exceptions.ResourceNotFoundException:
        return None
    found = re.search(r"No module named '([^']+)'", said[-1]) if said else None
    return found[1] if found else None


def _metrics(document: Document) -> set[tuple[str, str]]:
    """(namespace, metric) of all that a line defines."""
    return {
        (str(each.get("Namespace", "")), str(one.get("Name", "")))
        for each in document["_aws"].get("CloudWatchMetrics", [])
        for one in each.get("Metrics", [])
    }


def _dimensions(document: Document) -> dict[str, str]:
    names = {
        name
        for each in document["_aws"]["CloudWatchMetrics"]
        if each.get("Namespace") == NAMESPACE
        for group in each.get("Dimensions", [])
        for name in group
    }
    return {name: str(document.get(name, "")) for name in sorted(names)}


def _values(document: Document) -> list[float]:
    found = document.get(NAME, [])
    return [float(one) for one in (found if isinstance(found, list) else [found])]


def _embedded(look: Look, function: Function) -> list[Document]:
    """The metric documents in the function's log, oldest first."""
    client = look.client("logs")
    try:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=function.log_group, filterPattern='"CloudWatchMetrics"'
        )
        events = [event for page in pages for event in page["events"]]
    except client.exceptions.ResourceNotFoundException:
        return []
    messages = [event["message"] for event in sorted(events, key=lambda one: one["timestamp"])]
    return [found for found in map(_parsed, messages) if found is not None]


def _parsed(message: str) -> Document | None:
    try:
        found = json.loads(message)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("_aws"), dict) else None


def _taken_up(look: Look, document: Document) -> float:
    """What CloudWatch has added up under the dimensions of a line."""
    until = look.lab.clock.now() + timedelta(minutes=1)
    # A line is dated by the function's code, which sees the machine's time, not the lesson clock's.
    earliest = min(until, datetime.now(UTC)) - timedelta(hours=HOURS)
    found = look.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=NAME,
        Dimensions=[{"Name": name, "Value": value} for name, value in _dimensions(document).items()],
        StartTime=earliest,
        EndTime=until,
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))
