"""What CloudWatch counts of functions, minute by minute. Asks GetMetricData only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

PERIOD_S = 60  # of Lambda's own metrics
_MOST_QUERIES = 500  # of one GetMetricData call
# What is asked for each function: our name, the metric, the statistic.
_WANTED = (
    ("invocations", "Invocations", "Sum"),
    ("errors", "Errors", "Sum"),
    ("throttles", "Throttles", "Sum"),
    ("concurrency", "ConcurrentExecutions", "Maximum"),
    ("p50", "Duration", "p50"),
    ("p90", "Duration", "p90"),
    ("p99", "Duration", "p99"),
)


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one metric: a minute's beginning, seconds since the epoch, and its value."""

    at: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    @property
    def total(self) -> float:
        """The sum of all points."""
        return sum(self.values)

    @property
    def highest(self) -> float:
        """The highest point; 0 without any."""
        return max(self.values, default=0.0)


@dataclass(frozen=True, slots=True)
class Metrics:
    """What CloudWatch knows of one function. Durations are ms in the handler, without init."""

    invocations: Series = Series()
    errors: Series = Series()
    throttles: Series = Series()
    concurrency: Series = Series()
    p50: Series = Series()
    p90: Series = Series()
    p99: Series = Series()

    @property
    def seen(self) -> bool:
        """Whether CloudWatch has any point."""
        return bool(self.invocations.at or self.throttles.at)


def metrics(cloudwatch: Any, names: Sequence[str], *, since: float, until: float) -> dict[str, Metrics]:
    """Read the metrics of functions.

    CloudWatch shows a minute's points one or two minutes late.

    Args:
        cloudwatch: a boto3 CloudWatch client.
        since, until: seconds since the epoch; ``since`` is moved to the beginning of its minute.
    """
    span = {
        "StartTime": datetime.fromtimestamp(since // PERIOD_S * PERIOD_S, UTC),
        "EndTime": datetime.fromtimestamp(until, UTC),
        "ScanBy": "TimestampAscending",
    }
    found: dict[str, tuple[list[float], list[float]]] = {}
    queries = [query for place, name in enumerate(names) for query in _queries(place, name)]
    for first in range(0, len(queries), _MOST_QUERIES):
        asked = queries[first : first + _MOST_QUERIES]
        for page in cloudwatch.get_paginator("get_metric_data").paginate(MetricDataQueries=asked, **span):
            for result in page["MetricDataResults"]:
                at, values = found.setdefault(result["Id"], ([], []))
                at += [moment.timestamp() for moment in result["Timestamps"]]
                values += result["Values"]
    return {
        name: Metrics(**{ours: _series(found.get(f"{ours}_{place}")) for ours, _, _ in _WANTED})
        for place, name in enumerate(names)
    }


def _queries(place: int, name: str) -> list[dict[str, Any]]:
    return [
        {
            "Id": f"{ours}_{place}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "FunctionName", "Value": name}],
                },
                "Period": PERIOD_S,
                "Stat": statistic,
            },
        }
        for ours, metric, statistic in _WANTED
    ]


def _series(found: tuple[list[float], list[float]] | None) -> Series:
    return Series(*map(tuple, found)) if found else Series()
