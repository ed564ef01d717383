"""Holds requests to CloudWatch Logs against its model and its limits, and refuses what has no effect here.

Source: CloudWatch Logs API reference; the sentences are the service's own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs.exceptions import InvalidParameterException as Refused
from moto.logs.exceptions import ResourceAlreadyExistsException
from moto.logs.responses import LogsResponse

from labkit.localcloud import contracts
from labkit.localcloud.functions.errors import NOT_HERE
from labkit.localcloud.telemetry import patterns

RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
BATCH_BYTES, EVENT_BYTES, BATCH_MS = 1_048_576, 26, 24 * 3600 * 1000
_DELIVERIES = "Nothing here delivers vended logs: subscribe a function to the log group."
_DESTINATIONS = "Subscribe a function of this account to the log group."
_KEYS = "Logs stay in this process's memory; leave the key out."
_TRANSFORMED = "There are no transformers here; leave it out."
_INSTEAD = {
    "AssociateKmsKey": _KEYS,
    "DisassociateKmsKey": _KEYS,
    "CreateDelivery": _DELIVERIES,
    "PutDeliveryDestination": _DELIVERIES,
    "PutDeliveryDestinationPolicy": _DELIVERIES,
    "PutDeliverySource": _DELIVERIES,
    "PutDestination": _DESTINATIONS,
    "PutDestinationPolicy": _DESTINATIONS,
    "StartLiveTail": "Use FilterLogEvents, or aws logs tail --follow.",
    "ListLogGroups": "Use DescribeLogGroups.",
    "PutQueryDefinition": "Give the query to StartQuery.",
    "CreateLogGroup.kmsKeyId": _KEYS,
    "CreateLogGroup.deletionProtectionEnabled": "Leave it out, and delete with care.",
    "PutMetricFilter.applyOnTransformedLogs": _TRANSFORMED,
    "PutMetricFilter.fieldSelectionCriteria": "Say it in the filter pattern.",
    "PutMetricFilter.emitSystemFieldDimensions": "Name the dimensions in the transformation.",
    "PutSubscriptionFilter.applyOnTransformedLogs": _TRANSFORMED,
    "PutSubscriptionFilter.fieldSelectionCriteria": "Say it in the filter pattern.",
    "PutSubscriptionFilter.emitSystemFields": "The event tells group and stream.",
    "FilterLogEvents.unmask": "Nothing is masked here; leave it out.",
    "GetLogEvents.unmask": "Nothing is masked here; leave it out.",
}
_create_log_stream = LogsResponse.create_log_stream
_create_log_group = LogsResponse.create_log_group
_put_retention_policy = LogsResponse.put_retention_policy
_put_log_events = LogsResponse.put_log_events


def install() -> None:
    """Replaces moto's methods, once for the process, after all others that do."""
    LogsResponse.create_log_stream = _new_stream  # type: ignore[method-assign]
    LogsResponse.create_log_group = _checked_group  # type: ignore[method-assign]
    LogsResponse.put_retention_policy = _checked_retention  # type: ignore[method-assign]
    LogsResponse.put_log_events = _checked_events  # type: ignore[method-assign]
    LogsResponse.test_metric_filter = _test_metric_filter  # type: ignore[attr-defined]
    contracts.install(LogsResponse, "logs", _INSTEAD, "InvalidParameterException")


def _new_stream(self: LogsResponse) -> str:
    try:
        return str(_create_log_stream(self))
    except ResourceAlreadyExistsException:  # whose sentence moto has for groups only
        raise JsonRESTError(
            "ResourceAlreadyExistsException", "The specified log stream already exists"
        ) from None


def _checked_group(self: LogsResponse) -> str:
    kind = self._get_param("logGroupClass") or "STANDARD"
    if kind != "STANDARD":
        raise Refused(f"The log group class {kind} is {NOT_HERE}. Use STANDARD.")
    return str(_create_log_group(self))


def _checked_retention(self: LogsResponse) -> str:
    days = self._get_param("retentionInDays")
    if days not in RETENTION_DAYS:
        known = ", ".join(map(str, RETENTION_DAYS))
        raise Refused(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{known}]"
        )
    return str(_put_retention_policy(self))


def _checked_events(self: LogsResponse) -> str:
    events: Sequence[dict[str, Any]] = self._get_param("logEvents")
    size = sum(len(event["message"].encode("utf-8", "surrogatepass")) + EVENT_BYTES for event in events)
    if size > BATCH_BYTES:
        raise Refused(f"Upload too large: {size} bytes exceeds limit of {BATCH_BYTES}")
    if events[-1]["timestamp"] - events[0]["timestamp"] > BATCH_MS:
        raise Refused(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    return str(_put_log_events(self))


def _test_metric_filter(self: LogsResponse) -> str:
    """TestMetricFilter, which moto does not have."""
    try:
        pattern = patterns.parse(self._get_param("filterPattern"))
    except patterns.InvalidParameterException as problem:
        raise Refused(str(problem)) from None
    matches = [
        {
            "eventNumber": number,
            "eventMessage": message,
            "extractedValues": {f"${name}": value for name, value in found.items()}
            if (found := patterns.extracted(pattern, message))
            else {},
        }
        for number, message in enumerate(self._get_param("logEventMessages"), start=1)
        if pattern.matches(message)
    ]
    return json.dumps({"matches": matches})
