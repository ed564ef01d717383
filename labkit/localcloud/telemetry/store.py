"""Metric data as CloudWatch keeps it: value/count pairs per metric and minute (or second); statistics.

Knows nothing of Lambda, of logs or of moto.
"""

from __future__ import annotations

import math
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

MINUTE_S = 60
BASIC = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100(?:\.0{1,10})?)")


class Metric(NamedTuple):
    """Identity of a metric. ``dimensions`` are sorted (name, value) pairs."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


class StatisticSet(NamedTuple):
    """Values that somebody has summed up before sending them."""

    sample_count: float
    total: float
    minimum: float
    maximum: float


def dimensions(pairs: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Dimensions in the order that identifies a metric."""
    return tuple(sorted(pairs.items()))


def is_statistic(name: str) -> bool:
    """Whether ``Distribution.statistic`` knows a statistic: the five basic ones and p0 to p100."""
    return name in BASIC or _PERCENTILE.fullmatch(name) is not None


@dataclass(slots=True)
class Distribution:
    """The values of one metric within one stretch of time."""

    counts: dict[float, float] = field(default_factory=dict)
    sets: list[StatisticSet] = field(default_factory=list)

    def add(self, value: float, count: float = 1) -> None:
        self.counts[value] = self.counts.get(value, 0) + count

    def merge(self, other: Distribution) -> None:
        for value, count in other.counts.items():
            self.add(value, count)
        self.sets += other.sets

    def statistic(self, name: str) -> float | None:
        """One statistic; None where CloudWatch has none (percentiles of summed or negative values)."""
        if name == "SampleCount":
            return sum(self.counts.values()) + sum(part.sample_count for part in self.sets)
        if name == "Sum":
            return self._total()
        if name == "Average":
            samples = self.statistic("SampleCount")
            return self._total() / samples if samples else None
        if name == "Minimum":
            return min([*self.counts, *(part.minimum for part in self.sets)])
        if name == "Maximum":
            return max([*self.counts, *(part.maximum for part in self.sets)])
        return self._percentile(float(name[1:]))

    def _total(self) -> float:
        plain = math.fsum(value * count for value, count in self.counts.items())
        return plain + math.fsum(part.total for part in self.sets)

    def _percentile(self, percent: float) -> float | None:
        """Nearest rank: the smallest value that ``percent`` of all values do not exceed.

        Statistic sets have percentiles only when all their values are the same (AWS: "Percentiles").
        """
        counts = dict(self.counts)
        for part in self.sets:
            if part.minimum != part.maximum and part.sample_count != 1:
                return None
            counts[part.maximum] = counts.get(part.maximum, 0) + part.sample_count
        ordered = sorted(counts)
        if not ordered or ordered[0] < 0:
            return None
        rank = percent / 100 * sum(counts.values())
        seen = 0.0
        for value in ordered:
            seen += counts[value]
            if seen >= rank - 1e-9:
                return value
        return ordered[-1]


Series = dict[str | None, dict[int, Distribution]]  # unit -> start of the minute or second -> values


class MetricStore:
    """All metrics of one Region. Any thread may write and read.

    ``before_read`` are asked to hand in what they have put aside.
    """

    def __init__(self) -> None:
        self._series: defaultdict[Metric, Series] = defaultdict(dict)
        self._lock = threading.Lock()
        self.before_read: list[Callable[[], None]] = []

    def put(
        self,
        metric: Metric,
        time_s: float,
        value: float | StatisticSet,
        unit: str | None = None,
        *,
        count: float = 1,
        resolution_s: int = MINUTE_S,
    ) -> None:
        """Adds a value (``count`` times) or a statistic set; ``resolution_s`` is 60 or 1."""
        with self._lock:
            bucket = self._bucket(metric, time_s, unit, resolution_s)
            if isinstance(value, StatisticSet):
                bucket.sets.append(value)
            else:
                bucket.add(value, count)

    def put_all(self, metric: Metric, time_s: float, values: Distribution, unit: str | None = None) -> None:
        """Adds many values of one minute."""
        with self._lock:
            self._bucket(metric, time_s, unit, MINUTE_S).merge(values)

    def metrics(self, since_s: float = 0) -> list[Metric]:
        """The metrics that have data since a moment, in the order of their first appearance."""
        self._collect()
        with self._lock:
            return [
                metric
                for metric, series in self._series.items()
                if any(start + MINUTE_S > since_s for buckets in series.values() for start in buckets)
            ]

    def read(
        self, metric: Metric, start_s: float, end_s: float, period_s: int, unit: str | None = None
    ) -> Iterator[tuple[int, str | None, Distribution]]:
        """(period's start, unit, values) of each period that has data, in order of time.

        The start is rounded down to a whole minute, or to the period when that is shorter; the end is
        exclusive (AWS: GetMetricStatistics).
        """
        self._collect()
        step = min(period_s, MINUTE_S)
        first = int(start_s) // step * step
        found: dict[tuple[int, str | None], Distribution] = {}
        with self._lock:
            for have, buckets in self._series.get(metric, {}).items():
                if unit is not None and unit != have:
                    continue
                for at, bucket in buckets.items():
                    if first <= at < end_s:
                        period = first + (at - first) // period_s * period_s
                        found.setdefault((period, have), Distribution()).merge(bucket)
        for (period, have), merged in sorted(found.items(), key=lambda item: item[0][0]):
            yield period, have, merged

    def _bucket(self, metric: Metric, time_s: float, unit: str | None, resolution_s: int) -> Distribution:
        start = int(time_s) // resolution_s * resolution_s
        buckets = self._series[metric].setdefault(unit, {})
        bucket = buckets.get(start)
        if bucket is None:
            bucket = buckets[start] = Distribution()
        return bucket

    def _collect(self) -> None:
        for hand_in in self.before_read:
            hand_in()


class Stores:
    """The metric stores of all Regions, made when first asked for."""

    def __init__(self) -> None:
        self._stores: dict[str, MetricStore] = {}
        self._before_read: list[Callable[[], None]] = []

    def __getitem__(self, region: str) -> MetricStore:
        store = self._stores.get(region)
        if store is None:
            store = self._stores.setdefault(region, MetricStore())
            store.before_read = self._before_read
        return store

    def before_read(self, hand_in: Callable[[], None]) -> None:
        """``hand_in`` runs before any metric is read."""
        self._before_read.append(hand_in)


def matching(metrics: Iterable[Metric], wanted: Mapping[str, str | None]) -> list[Metric]:
    """The metrics that have all wanted dimensions; a value of None stands for any."""
    return [
        metric
        for metric in metrics
        if all(
            any(name == have and value in (None, is_) for have, is_ in metric.dimensions)
            for name, value in wanted.items()
        )
    ]
