"""Gives moto's CloudWatch Logs filter patterns, metric filters, embedded metrics and retention."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import moto.logs.models
from moto.logs.exceptions import InvalidParameterException as Refused
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.metric_filters import MetricFilters
from moto.logs.models import LogsBackend, LogStream, logs_backends

from labkit.localcloud.telemetry import emf, log_queries, log_requests, patterns
from labkit.localcloud.telemetry.comparisons import BadPattern
from labkit.localcloud.telemetry.store import Metric, MetricStore, Stores, dimensions

DAY_S = 86400
PAST_S, AHEAD_S = 14 * DAY_S, 2 * 3600  # AWS takes metrics of the last two weeks and the next two hours

_put_log_events = LogStream.put_log_events
_get_log_events = LogStream.get_log_events
_filter_log_events = LogStream.filter_log_events
_add_filter = MetricFilters.add_filter
_search = LogsBackend.filter_log_events
_put_metric_filter = LogsBackend.put_metric_filter


def install(stores: Stores, now: Callable[[], float]) -> None:
    """Teaches moto, once for the process. ``now`` is the lesson clock's, in seconds."""

    def put_events(self: LogStream, log_events: list[dict[str, Any]]) -> str:
        token = _put_log_events(self, log_events)
        _measure(stores[self.region], self, log_events, now())
        return token

    def get_events(self: LogStream, start_time: Any, *args: Any, **options: Any) -> Any:
        return _get_log_events(self, _kept_since(self, start_time, now()), *args, **options)

    def filter_events(self: LogStream, start_time: Any, *args: Any, **options: Any) -> Any:
        return _filter_log_events(self, _kept_since(self, start_time, now()), *args, **options)

    LogStream.put_log_events = put_events  # type: ignore[method-assign]
    LogStream.get_log_events = get_events  # type: ignore[method-assign]
    LogStream.filter_log_events = filter_events  # type: ignore[method-assign]
    LogsBackend.filter_log_events = _checked_search  # type: ignore[method-assign]
    LogsBackend.put_metric_filter = _checked_metric_filter  # type: ignore[method-assign]
    MetricFilters.add_filter = _replace_filter  # type: ignore[method-assign]
    moto.logs.models.EventMessageFilter = MessageFilter  # type: ignore[attr-defined, assignment]
    log_queries.install(now)
    log_requests.install()


class MessageFilter:
    """Takes the place of moto's EventMessageFilter, which knows plain terms only."""

    def __init__(self, pattern: str | None) -> None:
        self._pattern = _parse(pattern)

    def matches(self, message: str) -> bool:
        return self._pattern.matches(message)


def _parse(pattern: str | None) -> patterns.Pattern:
    try:
        return patterns.parse(pattern)
    except patterns.InvalidParameterException as problem:
        raise Refused(str(problem)) from None


def _checked_search(self: LogsBackend, *args: Any, **options: Any) -> Any:
    _parse(options["filter_pattern"] if "filter_pattern" in options else args[6])
    return _search(self, *args, **options)


def _checked_metric_filter(
    self: LogsBackend, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: Any
) -> None:
    if log_group_name not in self.groups:
        raise ResourceNotFoundException()
    pattern = _parse(filter_pattern)
    for change in metric_transformations:
        _check_references(pattern, change)
    _put_metric_filter(self, filter_name, filter_pattern, log_group_name, metric_transformations)


def _check_references(pattern: patterns.Pattern, change: dict[str, Any]) -> None:
    """What is wrong with a transformation is told when it is put, not when the first event arrives."""
    value, wanted = str(change["metricValue"]), (change.get("dimensions") or {}).values()
    try:
        for reference in (value, *wanted):
            if reference.startswith("$"):
                pattern.value("", reference)
        if not value.startswith("$"):
            float(value)
    except (ValueError, BadPattern) as problem:
        raise Refused(f"Invalid metric transformation: {problem}") from None


def _replace_filter(
    self: MetricFilters,
    filter_name: str,
    filter_pattern: str,
    log_group_name: str,
    metric_transformations: Any,
) -> None:
    self.delete_filter(filter_name, log_group_name)
    _add_filter(self, filter_name, filter_pattern, log_group_name, metric_transformations)


def _kept_since(stream: LogStream, start_ms: Any, now_s: float) -> Any:
    """The later of what is asked for and what the group's retention has kept, in milliseconds."""
    days = stream.log_group.retention_in_days
    if not days:
        return start_ms
    return max(int(start_ms or 0), int((now_s - int(days) * DAY_S) * 1000))


def _measure(store: MetricStore, stream: LogStream, events: Iterable[dict[str, Any]], now_s: float) -> None:
    """The metrics that log events carry, and those that the group's metric filters make of them."""
    oldest_s, newest_s = min(time.time(), now_s) - PAST_S, now_s + AHEAD_S
    filters = _metric_filters(stream)
    for event in events:
        message = event["message"]
        for datum in emf.parse(message):
            if oldest_s <= datum.time_s <= newest_s:
                for value in datum.values:
                    unit, resolution_s = datum.unit or "None", datum.resolution_s
                    store.put(datum.metric, datum.time_s, value, unit, resolution_s=resolution_s)
        for pattern, change in filters:
            _apply(store, pattern, change, message, event["timestamp"] / 1000)


def _metric_filters(stream: LogStream) -> list[tuple[patterns.Pattern, dict[str, Any]]]:
    backend = logs_backends[stream.account_id][stream.region]
    return [
        (patterns.parse(entry["filterPattern"]), change)
        for entry in list(backend.filters.metric_filters)
        if entry["logGroupName"] == stream.log_group.name
        for change in entry["metricTransformations"]
    ]


def _apply(
    store: MetricStore, pattern: patterns.Pattern, change: dict[str, Any], message: str, time_s: float
) -> None:
    """One transformation: the value of an event that matches, else the default value if there is one."""
    if pattern.matches(message):
        value = _number(pattern, message, str(change["metricValue"]))
        wanted: dict[str, str] = change.get("dimensions") or {}
        pairs = {name: pattern.value(message, reference) for name, reference in wanted.items()}
        if value is None or None in pairs.values():
            return  # AWS: no metric when the value or a dimension is not in the event
        named = dimensions({name: str(found) for name, found in pairs.items()})
    elif change.get("defaultValue") is not None and not change.get("dimensions"):
        value, named = float(change["defaultValue"]), ()
    else:
        return
    metric = Metric(change["metricNamespace"], change["metricName"], named)
    store.put(metric, time_s, value, change.get("unit") or "None")


def _number(pattern: patterns.Pattern, message: str, text: str) -> float | None:
    found = pattern.value(message, text) if text.startswith("$") else text
    try:
        return None if isinstance(found, bool) else float(found)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
