"""An alarm as PutMetricAlarm describes it: checked, and as a question to the metrics. Knows no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudwatch.exceptions import ValidationError

from labkit import facts
from labkit.localcloud.functions.errors import NOT_HERE
from labkit.localcloud.sources.alarms.verdicts import Point, Threshold
from labkit.localcloud.telemetry.mathematics import CannotCompute, compute
from labkit.localcloud.telemetry.store import MINUTE_S, Metric, MetricStore, dimensions, is_statistic

Asked = Mapping[str, Any]

HOUR_S = 3600
WITHIN_MINUTE_S = (10, 20, 30)
ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_NOT_HERE = {
    "ThresholdMetricId": "Use a Threshold; there is no anomaly detection here.",
    "EvaluationCriteria": "Use MetricName or Metrics.",
    "EvaluationInterval": "Leave it out; alarms are evaluated every minute.",
    "EvaluationWindow": "Leave it out; the window slides.",
    "WarmUpConfiguration": "Leave it out.",
    "ActionConfiguration": "Leave it out.",
}


def check(asked: Asked) -> None:
    """Looks at what PutMetricAlarm was given, constraints of the model aside.

    Raises:
        ValidationError: something is missing, does not fit together, or is not supported here.
    """
    for name, instead in _NOT_HERE.items():
        if asked.get(name):
            raise ValidationError(f"{name} is {NOT_HERE}. {instead}")
    if asked.get("EvaluateLowSampleCountPercentile") == "ignore":
        raise ValidationError(f"EvaluateLowSampleCountPercentile ignore is {NOT_HERE}. Use evaluate.")
    for name in ("ComparisonOperator", "EvaluationPeriods", "Threshold"):
        if asked.get(name) is None:
            raise ValidationError(f"The parameter {name} is required.")
    if asked["ComparisonOperator"] not in _OPERATORS:
        raise ValidationError(f"{asked['ComparisonOperator']} is {NOT_HERE}. There is no anomaly detection.")
    if asked.get("TreatMissingData") not in (None, "breaching", "notBreaching", "ignore", "missing"):
        raise ValidationError(
            f"Option {asked['TreatMissingData']} is not supported. Supported options for parameter "
            "TreatMissingData are breaching, notBreaching, ignore and missing."
        )
    if int(asked.get("DatapointsToAlarm") or 1) > int(asked["EvaluationPeriods"]):
        raise ValidationError("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    _check_metrics(asked)
    _check_span(period_s(asked), int(asked["EvaluationPeriods"]))
    for name in ACTIONS:
        for arn in asked.get(name) or ():
            check_action(arn)


_OPERATORS = (
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)


def check_action(arn: str) -> None:
    """Actions that do something here: topics, functions, policies of Application Auto Scaling.

    Raises:
        ValidationError: it is something else.
    """
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        raise ValidationError(f"Invalid arn syntax: {arn}")
    scaling = parts[2] == "autoscaling" and ":resource/" in arn
    if parts[2] not in ("sns", "lambda") and not scaling:
        raise ValidationError(f"The alarm action {arn} is {NOT_HERE}. Use an SNS topic or a Lambda function.")


def period_s(asked: Asked) -> int:
    """The period of the metric, or of the first one in the math."""
    if asked.get("MetricName"):
        return int(asked.get("Period") or 0)
    periods = [query["MetricStat"]["Period"] for query in asked["Metrics"] if query.get("MetricStat")]
    return int(periods[0])


def threshold(asked: Asked) -> Threshold:
    """What the alarm asks of its data points."""
    periods = int(asked["EvaluationPeriods"])
    return Threshold(
        asked["ComparisonOperator"],
        float(asked["Threshold"]),
        periods,
        int(asked.get("DatapointsToAlarm") or periods),
        asked.get("TreatMissingData") or "missing",
        period_s(asked),
        asked.get("Statistic") or asked.get("ExtendedStatistic"),
    )


def points(asked: Asked, store: MetricStore, end_s: int, count: int) -> list[Point]:
    """The last ``count`` data points before ``end_s``, newest first.

    Raises:
        CannotCompute: the metric math cannot be worked out.
    """
    period = period_s(asked)
    begin_s = end_s - count * period
    if asked.get("MetricName"):
        statistic = asked.get("Statistic") or asked["ExtendedStatistic"]
        found = _series(store, asked, statistic, asked.get("Unit"), (begin_s, end_s, period))
    else:
        found = _computed(asked["Metrics"], store, (begin_s, end_s, period))
    starts = range(end_s - period, begin_s - 1, -period)
    return [Point(start, found.get(start)) for start in starts]


def metrics_of(asked: Asked) -> list[dict[str, Any]]:
    """The metrics as events about the alarm show them."""
    if not asked.get("MetricName"):
        return [_query_shown(query) for query in asked["Metrics"]]
    stat = {
        "Metric": asked,
        "Period": asked["Period"],
        "Stat": asked.get("Statistic") or asked["ExtendedStatistic"],
    }
    return [_query_shown({"Id": "m1", "MetricStat": stat, "ReturnData": True})]


def _query_shown(query: Asked) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": query["Id"]}
    if stat := query.get("MetricStat"):
        about = stat["Metric"]
        pairs = {pair["Name"]: pair["Value"] for pair in about.get("Dimensions") or ()}
        shown["metricStat"] = {
            "metric": {"namespace": about["Namespace"], "name": about["MetricName"], "dimensions": pairs},
            "period": int(stat["Period"]),
            "stat": stat["Stat"],
        }
    else:
        shown["expression"] = query["Expression"]
    if query.get("Label"):
        shown["label"] = query["Label"]
    return {**shown, "returnData": query.get("ReturnData", True) is not False}


def _series(
    store: MetricStore, about: Asked, statistic: str, unit: str | None, span: tuple[int, int, int]
) -> dict[int, float]:
    pairs = {pair["Name"]: pair["Value"] for pair in about.get("Dimensions") or ()}
    metric = Metric(about["Namespace"], about["MetricName"], dimensions(pairs))
    values = {at: found.statistic(statistic) for at, _, found in store.read(metric, *span, unit)}
    return {at: value for at, value in values.items() if value is not None}


def _computed(queries: list[Asked], store: MetricStore, span: tuple[int, int, int]) -> dict[int, float]:
    results: dict[str, dict[int, float]] = {}
    for query in queries:
        if stat := query.get("MetricStat"):
            results[query["Id"]] = _series(store, stat["Metric"], stat["Stat"], stat.get("Unit"), span)
    for query in queries:
        if not query.get("MetricStat"):
            results[query["Id"]] = compute(query["Expression"], results)
    return results[_watched(queries)]


def _watched(queries: list[Asked]) -> str:
    watched = [query["Id"] for query in queries if query.get("ReturnData", True) is not False]
    if len(watched) != 1:
        raise ValidationError("Exactly one element of the metrics list should return data.")
    return str(watched[0])


def _check_metrics(asked: Asked) -> None:
    if bool(asked.get("MetricName")) == bool(asked.get("Metrics")):
        raise ValidationError("Either MetricName or Metrics must be set, and not both.")
    if asked.get("MetricName"):
        for name in ("Namespace", "Period"):
            if not asked.get(name):
                raise ValidationError(f"The parameter {name} is required.")
        if bool(asked.get("Statistic")) == bool(asked.get("ExtendedStatistic")):
            raise ValidationError("Either Statistic or ExtendedStatistic must be set, and not both.")
        _check_statistic(asked.get("Statistic") or asked["ExtendedStatistic"])
        return
    queries = asked["Metrics"]
    for query in queries:
        if query.get("AccountId"):
            raise ValidationError(f"AccountId is {NOT_HERE}. There is one account; leave it out.")
        if stat := query.get("MetricStat"):
            _check_statistic(stat["Stat"])
    stats = [query["MetricStat"] for query in queries if query.get("MetricStat")]
    if not stats:
        raise ValidationError(f"An alarm without a metric is {NOT_HERE}. Name one in MetricStat.")
    if len({int(stat["Period"]) for stat in stats}) > 1:
        raise ValidationError("All metrics of an alarm must have the same period.")
    try:
        _computed(queries, MetricStore(), (0, 60, 60))
    except CannotCompute as problem:
        raise ValidationError(f"Error in the metrics list: {problem}") from None


def _check_statistic(name: str) -> None:
    if not is_statistic(name):
        raise ValidationError(
            f"The statistic {name} is {NOT_HERE}. "
            "Use SampleCount, Average, Sum, Minimum, Maximum or a percentile."
        )


def _check_span(period: int, periods: int) -> None:
    if period not in WITHIN_MINUTE_S and (period <= 0 or period % MINUTE_S):
        raise ValidationError("Period must be 10, 20, 30 or a multiple of 60.")
    name, told = (
        ("alarm_span_hourly_max_s", "seven days") if period >= HOUR_S else ("alarm_span_max_s", "a day")
    )
    longest = int(facts.quota(name).value)
    if period * periods > longest:
        raise ValidationError(
            f"Metrics cannot be checked across more than {told} "
            f"(EvaluationPeriods * Period must be <= {longest})."
        )
