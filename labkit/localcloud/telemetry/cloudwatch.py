"""Gives moto's CloudWatch our metric store: what is put, listed and computed. moto keeps alarms.

moto's own computation has no percentiles, mixes dimensions up and keeps every value for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricDatum, MetricDatumBase
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from labkit.localcloud.telemetry.mathematics import CannotCompute, compute
from labkit.localcloud.telemetry.metric_requests import check_data, check_points
from labkit.localcloud.telemetry.store import (
    MINUTE_S,
    Metric,
    MetricStore,
    StatisticSet,
    Stores,
    dimensions,
    is_statistic,
    matching,
)

LISTED_S = 14 * 86400  # AWS: metrics without data for two weeks are not listed
RECENT_S = 3 * 3600
PAGE = 500


def install(stores: Stores, now: Callable[[], float]) -> None:
    """Replaces moto's metric data, once for the process. ``now`` is the lesson clock's, in seconds."""
    motos_put = CloudWatchResponse.put_metric_data

    def put(self: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        for number, member in enumerate(metric_data, 1):
            self._validate_parameters_put_metric_data(member, number)
        for member in metric_data:
            _put(stores[self.region_name], namespace, member, now())

    def asked_to_put(self: CloudWatchResponse) -> ActionResult:
        # Not where the data arrive: other services of moto put theirs there, under AWS's own namespaces.
        check_data(self._get_param("Namespace"), self._get_param("MetricData", []), now())
        return motos_put(self)

    def listed(self: CloudWatchResponse) -> ActionResult:
        return ActionResult(_list(stores[self.region], self._get_params(), now()))

    def statistics(self: CloudWatchResponse) -> ActionResult:
        store = _with_motos(stores[self.region], self.cloudwatch_backend)
        return ActionResult(_statistics(store, self._get_params()))

    def data(self: CloudWatchResponse) -> ActionResult:
        store = _with_motos(stores[self.region], self.cloudwatch_backend)
        return ActionResult({"MetricDataResults": _data(store, self._get_params())})

    CloudWatchBackend.put_metric_data = put  # type: ignore[method-assign]
    CloudWatchResponse.put_metric_data = asked_to_put  # type: ignore[method-assign]
    CloudWatchResponse.list_metrics = listed  # type: ignore[method-assign]
    CloudWatchResponse.get_metric_statistics = statistics  # type: ignore[method-assign]
    CloudWatchResponse.get_metric_data = data  # type: ignore[method-assign]


def _put(store: MetricStore, namespace: str, member: dict[str, Any], now_s: float) -> None:
    pairs = {pair["Name"]: pair["Value"] for pair in member.get("Dimensions") or ()}
    metric = Metric(namespace, member["MetricName"], dimensions(pairs))
    time_s = _epoch(member["Timestamp"]) if member.get("Timestamp") else now_s
    unit, resolution_s = member.get("Unit") or "None", int(member.get("StorageResolution") or MINUTE_S)
    if summed := member.get("StatisticValues"):
        value = StatisticSet(*(float(summed[name]) for name in ("SampleCount", "Sum", "Minimum", "Maximum")))
        store.put(metric, time_s, value, unit, resolution_s=resolution_s)
        return
    values = member.get("Values") or [member.get("Value") or 0]
    counts = member.get("Counts") or [1] * len(values)
    for number, count in zip(values, counts, strict=True):
        store.put(metric, time_s, float(number), unit, count=float(count), resolution_s=resolution_s)


def _with_motos(store: MetricStore, backend: CloudWatchBackend) -> MetricStore:
    """Takes in what moto's services measure by themselves (sizes of buckets), made anew at each read."""
    for datum in backend.aws_metric_data:
        if isinstance(datum, MetricDatum) and not _has(store, datum):
            store.put(_identity(datum), _epoch(datum.timestamp), datum.value, datum.unit)
    return store


def _has(store: MetricStore, datum: MetricDatumBase) -> bool:
    at = _epoch(datum.timestamp)
    return any(store.read(_identity(datum), at, at + 1, MINUTE_S))


def _identity(datum: MetricDatumBase) -> Metric:
    pairs = {str(pair.name): str(pair.value) for pair in datum.dimensions}
    return Metric(datum.namespace, datum.name, dimensions(pairs))


def _list(store: MetricStore, asked: dict[str, Any], now_s: float) -> dict[str, Any]:
    """ListMetrics. The token is the place in the list where the next page begins."""
    since_s = now_s - (RECENT_S if asked.get("RecentlyActive") else LISTED_S)
    wanted = {pair["Name"]: pair.get("Value") for pair in asked.get("Dimensions") or ()}
    found = [
        metric
        for metric in matching(store.metrics(since_s), wanted)
        if asked.get("Namespace") in (None, metric.namespace)
        and asked.get("MetricName") in (None, metric.name)
    ]
    token = asked.get("NextToken") or "0"
    if not token.isdecimal():
        raise InvalidParameterValue("Request parameter NextToken is invalid")
    begin = int(token)
    page = [
        {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        }
        for metric in found[begin : begin + PAGE]
    ]
    return {"Metrics": page, "NextToken": str(begin + PAGE) if begin + PAGE < len(found) else None}


def _statistics(store: MetricStore, asked: dict[str, Any]) -> dict[str, Any]:
    """GetMetricStatistics: data points in no promised order; here by time."""
    plain, extended = asked.get("Statistics") or [], asked.get("ExtendedStatistics") or []
    if bool(plain) == bool(extended):
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    start_s, end_s = _epoch(asked["StartTime"]), _epoch(asked["EndTime"])
    if start_s >= end_s:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    _check([*plain, *extended])
    check_points(start_s, end_s, _period(asked))
    pairs = {pair["Name"]: pair["Value"] for pair in asked.get("Dimensions") or ()}
    metric = Metric(asked["Namespace"], asked["MetricName"], dimensions(pairs))
    points = []
    for at, unit, values in store.read(metric, start_s, end_s, _period(asked), asked.get("Unit")):
        point: dict[str, Any] = {"Timestamp": _moment(at), "Unit": unit or "None"}
        point |= {name: values.statistic(name) for name in plain}
        if extended:
            found = {name: values.statistic(name) for name in extended}
            point["ExtendedStatistics"] = {name: value for name, value in found.items() if value is not None}
        points.append(point)
    return {"Label": metric.name, "Datapoints": points}


def _data(store: MetricStore, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """GetMetricData: one result per query that returns data, newest first unless told otherwise."""
    start_s, end_s = _epoch(asked["StartTime"]), _epoch(asked["EndTime"])
    if start_s > end_s:
        raise ValidationError("The parameter EndTime must be greater than StartTime.")
    if start_s == end_s:
        raise ValidationError("The parameter StartTime must not equal parameter EndTime.")
    queries = asked.get("MetricDataQueries") or []
    results: dict[str, dict[int, float]] = {}
    for number, query in enumerate(queries, 1):
        if "MetricStat" in query:
            results[query["Id"]] = _series(store, query["MetricStat"], start_s, end_s)
        elif "Expression" not in query:
            # The empty line is AWS's.
            raise ValidationError(
                f"The parameter MetricDataQueries.member.{number}.MetricStat is required.\n"
            )
    for query in queries:
        if "MetricStat" not in query:
            try:
                results[query["Id"]] = compute(query["Expression"], results)
            except CannotCompute as problem:
                raise ValidationError(f"Error in expression '{query['Id']}': {problem}") from None
    newest_first = asked.get("ScanBy") != "TimestampAscending"
    return [
        {
            "Id": query["Id"],
            "Label": query.get("Label") or _label(query),
            "Timestamps": [_moment(at) for at in sorted(results[query["Id"]], reverse=newest_first)],
            "Values": [value for _, value in sorted(results[query["Id"]].items(), reverse=newest_first)],
            "StatusCode": "Complete",
        }
        for query in queries
        if query.get("ReturnData", True) not in (False, "false")
    ]


def _series(store: MetricStore, stat: dict[str, Any], start_s: float, end_s: float) -> dict[int, float]:
    _check([stat["Stat"]])
    about = stat["Metric"]
    pairs = {pair["Name"]: pair["Value"] for pair in about.get("Dimensions") or ()}
    metric = Metric(about["Namespace"], about["MetricName"], dimensions(pairs))
    found = store.read(metric, start_s, end_s, _period(stat), stat.get("Unit"))
    values = {at: values.statistic(stat["Stat"]) for at, _, values in found}
    return {at: value for at, value in values.items() if value is not None}


def _label(query: dict[str, Any]) -> str:
    return str(query["MetricStat"]["Metric"]["MetricName"] if "MetricStat" in query else query["Id"])


def _period(asked: dict[str, Any]) -> int:
    period_s = int(asked.get("Period") or 0)
    if period_s not in (1, 5, 10, 20, 30) and (period_s <= 0 or period_s % MINUTE_S):
        raise InvalidParameterValue(
            f"The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60, not {period_s}."
        )
    return period_s


def _check(statistics: list[str]) -> None:
    for name in statistics:
        if not is_statistic(name):
            raise InvalidParameterValue(
                f"The statistic {name} is not supported by the local cloud. Use SampleCount, Average, Sum, "
                "Minimum, Maximum or a percentile such as p90."
            )


def _epoch(moment: datetime | str | float) -> float:
    if isinstance(moment, int | float):
        return float(moment)
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC).replace(tzinfo=None)  # moto writes times without a zone
