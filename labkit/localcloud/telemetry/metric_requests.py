"""What CloudWatch does not take: metric data, and questions for more data points than it gives.

Source: CloudWatch API reference (PutMetricData, MetricDatum, GetMetricStatistics) and the service's answers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from moto.cloudwatch.exceptions import (
    CloudWatchException,
    InvalidParameterCombination,
    InvalidParameterValue,
)

from labkit.localcloud.constraints import model

POINTS_MAX, DATA_MAX, DIMENSIONS_MAX = 1_440, 1_000, 30
LARGEST = 2.0**360
PAST_S, AHEAD_S = 14 * 86_400, 2 * 3_600


def check_data(namespace: str, data: Sequence[Mapping[str, Any]], now_s: float) -> None:
    """All of one PutMetricData.

    Raises:
        CloudWatchException: with CloudWatch's error.
    """
    if namespace.startswith("AWS/"):
        raise InvalidParameterValue("The value AWS/ for parameter Namespace is invalid.")
    if not data:
        raise _Missing("The parameter MetricData is required.")
    if len(data) > DATA_MAX:
        raise InvalidParameterValue(
            f"The collection MetricData must not have a size greater than {DATA_MAX}."
        )
    for number, datum in enumerate(data, start=1):
        _check_datum(datum, f"MetricData.member.{number}", now_s)


def check_points(start_s: float, end_s: float, period_s: int) -> None:
    """How many data points one GetMetricStatistics would give.

    Raises:
        InvalidParameterCombination: more than CloudWatch gives.
    """
    points = math.ceil((end_s - start_s) / period_s)
    if points > POINTS_MAX:
        raise InvalidParameterCombination(
            f"You have requested up to {points:,} datapoints, which exceeds the limit of {POINTS_MAX:,}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )


class _Missing(CloudWatchException):
    code = "MissingParameter"


def _check_datum(datum: Mapping[str, Any], place: str, now_s: float) -> None:
    if not datum.get("MetricName"):
        raise _Missing(f"The parameter {place}.MetricName is required.")
    if len(datum.get("Dimensions") or ()) > DIMENSIONS_MAX:
        raise InvalidParameterValue(
            f"The collection {place}.Dimensions must not have a size greater than {DIMENSIONS_MAX}."
        )
    for number, pair in enumerate(datum.get("Dimensions") or (), start=1):
        for part in ("Name", "Value"):
            if not str(pair.get(part) or "").strip():
                raise _Missing(f"The parameter {place}.Dimensions.member.{number}.{part} is required.")
    units = model("cloudwatch").shape_for("StandardUnit").enum  # type: ignore[attr-defined]
    if datum.get("Unit") not in (None, *units):
        raise InvalidParameterValue(
            f"The parameter {place}.Unit must be a value in the set [ {', '.join(units)} ]."
        )
    if datum.get("StorageResolution") not in (None, 1, 60):
        raise InvalidParameterValue(f"The parameter {place}.StorageResolution must be 1 or 60.")
    values = datum.get("Values") or ([datum["Value"]] if datum.get("Value") is not None else [])
    if not values and not datum.get("StatisticValues"):
        raise InvalidParameterCombination(
            f"At least one of the parameters {place}.Value, {place}.Values and {place}.StatisticValues must "
            "be given."
        )
    for value in values:
        if not abs(float(value)) <= LARGEST:  # so written, NaN is none either
            raise InvalidParameterValue(f"The value {value} for parameter {place}.Value is invalid.")
    _check_time(datum.get("Timestamp"), place, now_s)


def _check_time(moment: Any, place: str, now_s: float) -> None:
    if moment is None:
        return
    time_s = float(moment) if isinstance(moment, int | float) else moment.timestamp()
    if time_s < min(now_s, time.time()) - PAST_S:  # functions see the machine's time
        raise InvalidParameterValue(
            f"The parameter {place}.Timestamp must specify a time no more than two weeks in the past."
        )
    if time_s > now_s + AHEAD_S:
        raise InvalidParameterValue(
            f"The parameter {place}.Timestamp must specify a time no more than two hours in the future."
        )
