"""Statistics, minutes, percentiles, metric math and the embedded metric format, without a cloud."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labkit.localcloud.telemetry import emf
from labkit.localcloud.telemetry.mathematics import CannotCompute, compute
from labkit.localcloud.telemetry.store import Distribution, Metric, MetricStore, StatisticSet, is_statistic

HUNDRED = Metric("N", "hundred")


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("SampleCount", 100),
        ("Sum", 5050),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("p0", 1),
        ("p50", 50),
        ("p90", 90),
        ("p99", 99),
        ("p99.9", 100),
        ("p100", 100),
    ],
)
def test_statistics_of_one_to_a_hundred(statistic: str, value: float) -> None:
    """Percentiles by nearest rank."""
    values = Distribution()
    for number in range(100, 0, -1):
        values.add(number)
    assert values.statistic(statistic) == value


def test_percentiles_need_plain_values() -> None:
    """A set of different values has none; a set of equal values has; negative values have none."""
    assert Distribution(sets=[StatisticSet(2, 30, 10, 20)]).statistic("p50") is None
    assert Distribution({5: 1}, [StatisticSet(3, 30, 10, 10)]).statistic("p50") == 10
    assert Distribution({-5: 1}).statistic("p50") is None


@pytest.mark.parametrize(("name", "known"), [("p95", True), ("p", False), ("p101", False), ("tm90", False)])
def test_known_statistics(name: str, known: bool) -> None:
    """p0 to p100."""
    assert is_statistic(name) is known


def test_values_of_a_minute_are_one_bucket_and_equal_values_one_pair() -> None:
    """Memory follows minutes and distinct values, not calls; seconds only for high resolution."""
    store = MetricStore()
    for second in range(120):
        store.put(HUNDRED, 600 + second, 7)
    assert [(at, values.counts) for at, _, values in store.read(HUNDRED, 600, 720, 60)] == [
        (600, {7: 60}),
        (660, {7: 60}),
    ]
    fine = Metric("N", "fine")
    for second in range(4):
        store.put(fine, 600 + second, second, resolution_s=1)
    assert [at for at, _, _ in store.read(fine, 600, 660, 1)] == [600, 601, 602, 603]


def test_periods_begin_with_the_start_and_the_end_is_exclusive() -> None:
    """Start is rounded down to the minute; five-minute periods count from there."""
    store = MetricStore()
    for minute in range(10):
        store.put(HUNDRED, minute * 60 + 59, 1)
    found = [(at, values.statistic("Sum")) for at, _, values in store.read(HUNDRED, 75, 540, 300)]
    assert found == [(60, 5), (360, 3)]


@pytest.mark.parametrize(
    ("expression", "series"),
    [
        ("100 * e / i", {60: 50, 120: 0}),
        ("SUM([e, i])", {60: 6, 120: 2, 180: 0}),
        ("(i - e) / i * 100", {60: 50, 120: 100}),
        ("i + AVG(i)", {60: 6, 120: 4, 180: 2}),
        ("-e", {60: -2, 120: 0}),
    ],
)
def test_metric_math(expression: str, series: dict[int, float]) -> None:
    """Points where both series have data; a division by zero gives none."""
    assert compute(expression, {"e": {60: 2, 120: 0}, "i": {60: 4, 120: 2, 180: 0}}) == series


@pytest.mark.parametrize("expression", ["SEARCH('x', 'Sum')", "e >", "x", "1 + 1", "SELECT MAX(x)", "e ^ 2"])
def test_unknown_metric_math_is_refused(expression: str) -> None:
    """By name, never computed wrongly."""
    with pytest.raises(CannotCompute):
        compute(expression, {"e": {60: 1}})


def document(**changes: Any) -> dict[str, Any]:
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["Service"], ["Service", "Step"]],
        "Metrics": [
            {"Name": "Latency", "Unit": "Milliseconds"},
            {"Name": "Orders", "Unit": "Count", "StorageResolution": 1},
            {"Name": "Absent"},
        ],
    } | changes
    return {
        "_aws": {"Timestamp": 1_700_000_000_000, "CloudWatchMetrics": [directive]},
        "Service": "orders",
        "Step": "pay",
        "Number": 3,
        "Latency": [10, 20.5],
        "Orders": 2,
    }


def test_embedded_metrics_become_values() -> None:
    """Every metric with every dimension set; arrays are several values; a missing metric is left out."""
    found = emf.parse(json.dumps(document()) + "\n")
    service, both = (("Service", "orders"),), (("Service", "orders"), ("Step", "pay"))
    assert [(datum.metric.name, datum.metric.dimensions, datum.values) for datum in found] == [
        ("Latency", service, (10, 20.5)),
        ("Latency", both, (10, 20.5)),
        ("Orders", service, (2,)),
        ("Orders", both, (2,)),
    ]
    assert {datum.time_s for datum in found} == {1_700_000_000}
    assert [datum.resolution_s for datum in found] == [60, 60, 1, 1]
    assert found[0].unit == "Milliseconds" and found[0].metric.namespace == "Shop"


@pytest.mark.parametrize(
    "changes",
    [
        {"Namespace": ""},
        {"Namespace": 3},
        {"Metrics": None},
        {"Metrics": [{"Name": "Latency", "Unit": "Furlongs"}]},
        {"Metrics": [{"Name": "Service"}]},
        {"Metrics": [{"Name": "Latency", "StorageResolution": 7}]},
        {"Metrics": [{"Name": "Latency"}] * 101},
        {"Dimensions": "Service"},
        {"Dimensions": [["Number"]]},
    ],
)
def test_broken_documents_are_ignored(changes: dict[str, Any]) -> None:
    """As a whole: no metric comes of them."""
    assert emf.parse(json.dumps(document(**changes))) == []


@pytest.mark.parametrize("message", ['{"_aws": 1}', '{"_aws": {}}', '"_aws"', "_aws", "{", '["_aws"]'])
def test_other_messages_are_no_documents(message: str) -> None:
    """Whatever mentions _aws."""
    assert emf.parse(message) == []


def test_a_dimension_set_without_its_value_is_left_out_and_none_at_all_is_allowed() -> None:
    """[[]] and [] mean: no dimensions."""
    assert emf.parse(json.dumps(document(Dimensions=[["Nowhere"]]))) == []
    for nothing in ([], [[]]):
        assert {datum.metric.dimensions for datum in emf.parse(json.dumps(document(Dimensions=nothing)))} == {
            ()
        }
