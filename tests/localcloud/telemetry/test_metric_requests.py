"""What CloudWatch does not take of metric data, and how much it gives at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

UNCHECKED = Config(parameter_validation=False, retries={"total_max_attempts": 1})
VALUE = "InvalidParameterValue"
NOW = datetime.now(UTC)
ONE = {"MetricName": "m", "Value": 1}
TABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"Namespace": "AWS/Mine", "MetricData": [ONE]}, VALUE, "parameter Namespace is invalid"),
    ({"MetricData": []}, "MissingParameter", "The parameter MetricData is required."),
    ({"MetricData": [{"MetricName": "m"}]}, "InvalidParameterCombination", "MetricData.member.1.Value"),
    ({"MetricData": [ONE, {**ONE, "Unit": "Furlongs"}]}, VALUE, "MetricData.member.2.Unit must be a value"),
    ({"MetricData": [{**ONE, "Value": 1e200}]}, VALUE, "MetricData.member.1.Value is invalid"),
    ({"MetricData": [{**ONE, "Value": float("nan")}]}, VALUE, "MetricData.member.1.Value is invalid"),
    ({"MetricData": [{**ONE, "StorageResolution": 7}]}, VALUE, "StorageResolution must be 1 or 60"),
    ({"MetricData": [{**ONE, "Timestamp": NOW - timedelta(days=15)}]}, VALUE, "two weeks in the past"),
    ({"MetricData": [{**ONE, "Timestamp": NOW + timedelta(days=90)}]}, VALUE, "two hours in the future"),
    ({"MetricData": [{**ONE, "Dimensions": [{"Name": str(n), "Value": "x"} for n in range(31)]}]}, VALUE,
     "Dimensions must not have a size greater than 30"),
    ({"MetricData": [{**ONE, "Dimensions": [{"Name": "a", "Value": ""}]}]}, "MissingParameter",
     "Dimensions.member.1.Value is required"),
]  # fmt: skip


@pytest.mark.parametrize(("params", "code", "message"), TABLE)
def test_metric_data_is_refused(cloud: Any, params: dict[str, Any], code: str, message: str) -> None:
    """None of the request is kept."""
    cloudwatch = cloud.client("cloudwatch", config=UNCHECKED)
    with pytest.raises(ClientError) as raised:
        cloudwatch.put_metric_data(**{"Namespace": "Refused", **params})
    assert raised.value.response["Error"]["Code"] == code
    assert message in raised.value.response["Error"]["Message"]
    assert cloudwatch.list_metrics(Namespace="Refused")["Metrics"] == []


def test_statistics_have_at_most_1440_points(cloud: Any) -> None:
    """A day of minutes passes, ten days do not."""
    cloudwatch = cloud.client("cloudwatch", config=UNCHECKED)
    asked = {"Namespace": "N", "MetricName": "m", "EndTime": NOW, "Period": 60, "Statistics": ["Sum"]}
    cloudwatch.get_metric_statistics(**asked, StartTime=NOW - timedelta(days=1))
    with pytest.raises(ClientError, match="up to 14,400 datapoints, which exceeds the limit of 1,440"):
        cloudwatch.get_metric_statistics(**asked, StartTime=NOW - timedelta(days=10))
