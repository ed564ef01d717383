"""Metrics and logs of running functions, as anybody reads them with boto3."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.conftest import Function, Functions

ECHO = "def handler(event, context): return event"
FAIL = "def handler(event, context): raise ValueError(event)"
DAY = timedelta(days=1)


def total(
    cloud: Any, metric: str, statistic: str = "Sum", namespace: str = "AWS/Lambda", **dimensions: str
) -> float | None:
    """One statistic of a metric over two days around now; None without data."""
    now = datetime.now(UTC)
    answer = cloud.client("cloudwatch").get_metric_data(
        StartTime=now - DAY,
        EndTime=now + DAY,
        MetricDataQueries=[
            {
                "Id": "m",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": metric,
                        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                    },
                    "Period": 4 * 86400,
                    "Stat": statistic,
                },
            }
        ],
    )
    values = answer["MetricDataResults"][0]["Values"]
    assert len(values) <= 1
    return values[0] if values else None


def until(claim: Callable[[], bool]) -> None:
    """Waits for what happens in the background."""
    deadline = time.monotonic() + 60
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def invoke_async(function: Function, event: Any) -> None:
    function.invoke(event, InvocationType="Event")


def test_invocations_errors_and_duration(make: Functions, cloud: Any) -> None:
    """Errors has a sample per invocation, so that its average is the error rate; Duration is REPORT's."""
    function = make(FAIL.replace("raise", "\n  if event: raise"))
    for event in (0, 0, 0, 1):
        log = function.invoke(event)["LogResult"]
    assert total(cloud, "Invocations", FunctionName=function.name) == 4
    assert total(cloud, "Errors", FunctionName=function.name) == 1
    assert total(cloud, "Errors", "Average", FunctionName=function.name) == 0.25
    assert total(cloud, "Throttles", FunctionName=function.name) == 0
    assert total(cloud, "ConcurrentExecutions", "Maximum", FunctionName=function.name) == 1
    assert total(cloud, "UnreservedConcurrentExecutions", "Minimum") == 1
    reported = float(log.split("Duration: ")[1].split(" ms")[0])
    shortest = total(cloud, "Duration", "Minimum", FunctionName=function.name)
    longest = total(cloud, "Duration", "Maximum", FunctionName=function.name)
    assert shortest is not None and longest is not None and shortest <= reported <= longest


def test_dimensions_of_an_alias(make: Functions, cloud: Any) -> None:
    """FunctionName; Resource; ExecutedVersion for aliases only; and all functions together."""
    function = make(ECHO)
    version = function.lambda_.publish_version(FunctionName=function.name)["Version"]
    function.lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    before = total(cloud, "Invocations") or 0
    function.invoke(Qualifier="live")
    function.invoke(Qualifier=version)
    assert total(cloud, "Invocations") == before + 2
    named = {"FunctionName": function.name}
    assert total(cloud, "Invocations", **named) == 2
    assert total(cloud, "Invocations", **named, Resource=f"{function.name}:live") == 1
    assert total(cloud, "Invocations", **named, Resource=f"{function.name}:{version}") == 1
    resource = f"{function.name}:live"
    assert total(cloud, "Invocations", **named, Resource=resource, ExecutedVersion=version) == 1
    pages = (
        cloud.client("cloudwatch")
        .get_paginator("list_metrics")
        .paginate(
            Namespace="AWS/Lambda",
            MetricName="Duration",
            Dimensions=[{"Name": "FunctionName", "Value": function.name}],
        )
    )
    found = [{d["Name"] for d in metric["Dimensions"]} for page in pages for metric in page["Metrics"]]
    assert found.count({"FunctionName"}) == 1
    assert found.count({"FunctionName", "Resource"}) == 2
    assert found.count({"FunctionName", "Resource", "ExecutedVersion"}) == 1


def test_throttles_are_neither_invocations_nor_errors(make: Functions, cloud: Any) -> None:
    """429 counts as Throttles only; reserved concurrency is claimed from the account."""
    function = make(ECHO)
    function.lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequests"):
        function.invoke()
    assert total(cloud, "Throttles", FunctionName=function.name) == 1
    assert total(cloud, "Invocations", FunctionName=function.name) is None
    function.lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=7)
    function.invoke()
    claimed = total(cloud, "ClaimedAccountConcurrency", "Maximum")
    assert claimed is not None and claimed >= 7
    function.lambda_.delete_function_concurrency(FunctionName=function.name)


def test_provisioned_concurrency_is_used_and_spills_over(make: Functions, cloud: Any) -> None:
    """Utilization is the share of the provisioned environments that were busy."""
    function = make("import time\ndef handler(event, context): time.sleep(event)")
    version = function.lambda_.publish_version(FunctionName=function.name)["Version"]
    named = {"FunctionName": function.name, "Qualifier": version}
    function.lambda_.put_provisioned_concurrency_config(**named, ProvisionedConcurrentExecutions=2)
    until(
        lambda: function.lambda_.get_provisioned_concurrency_config(**named)["Status"] == "READY",
    )
    function.invoke(0, Qualifier=version)
    dimensions = {"FunctionName": function.name, "Resource": f"{function.name}:{version}"}
    assert total(cloud, "ProvisionedConcurrencyInvocations", **dimensions) == 1
    assert total(cloud, "ProvisionedConcurrentExecutions", "Maximum", **dimensions) == 1
    assert total(cloud, "ProvisionedConcurrencyUtilization", "Maximum", **dimensions) == 0.5
    assert total(cloud, "ProvisionedConcurrencySpilloverInvocations", **dimensions) is None
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: function.invoke(1, Qualifier=version), range(3)))
    assert total(cloud, "ProvisionedConcurrencyInvocations", **dimensions) == 3
    assert total(cloud, "ProvisionedConcurrencyUtilization", "Maximum", **dimensions) == 1
    assert total(cloud, "ProvisionedConcurrencySpilloverInvocations", **dimensions) == 1
    assert total(cloud, "ConcurrentExecutions", "Maximum", FunctionName=function.name) == 3
    function.lambda_.delete_provisioned_concurrency_config(**named)


def test_asynchronous_events_are_counted_to_their_end(make: Functions, cloud: Any) -> None:
    """Received, their age, dropped after the last attempt, and a dead-letter queue that refuses them."""
    function = make(FAIL)
    queue = cloud.client("sqs").create_queue(QueueName=f"q-{function.name}")["QueueUrl"]
    arn = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    function.allow("sqs:SendMessage")
    function.update(DeadLetterConfig={"TargetArn": arn["Attributes"]["QueueArn"]})
    cloud.client("sqs").delete_queue(QueueUrl=queue)
    function.lambda_.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=0)
    invoke_async(function, 1)
    named = {"FunctionName": function.name}
    assert total(cloud, "AsyncEventsReceived", **named) == 1
    until(lambda: total(cloud, "AsyncEventsDropped", **named) == 1)
    assert total(cloud, "DeadLetterErrors", **named) == 1
    assert total(cloud, "Errors", **named) == 1
    age = total(cloud, "AsyncEventAge", "Maximum", **named)
    assert age is not None and 0 <= age < 10_000


def test_statistics_and_percentiles_of_what_anybody_puts(cloud: Any) -> None:
    """put_metric_data with values and counts; GetMetricStatistics with ExtendedStatistics, GetMetricData."""
    cloudwatch, name = cloud.client("cloudwatch"), f"n-{uuid.uuid4().hex[:8]}"
    now = datetime.now(UTC)
    values = {"Values": [float(n) for n in range(1, 101)], "Counts": [1.0] * 100}
    cloudwatch.put_metric_data(
        Namespace=name,
        MetricData=[
            {"MetricName": "Latency", "Timestamp": now, "Unit": "Milliseconds", **values},
            {
                "MetricName": "Latency",
                "Timestamp": now,
                "Value": 1e6,
                "Dimensions": [{"Name": "a", "Value": "b"}],
            },
        ],
    )
    asked = {
        "Namespace": name,
        "MetricName": "Latency",
        "StartTime": now - DAY / 2,
        "EndTime": now + DAY / 2,
        "Period": 60,
    }
    (point,) = cloudwatch.get_metric_statistics(**asked, Statistics=["Sum", "Maximum"])["Datapoints"]
    assert (point["Sum"], point["Maximum"], point["Unit"]) == (5050, 100, "Milliseconds")
    assert point["Timestamp"] == now.replace(second=0, microsecond=0)
    (point,) = cloudwatch.get_metric_statistics(**asked, ExtendedStatistics=["p50", "p99"])["Datapoints"]
    assert point["ExtendedStatistics"] == {"p50": 50, "p99": 99}
    assert total(cloud, "Latency", "p90", name) == 90
    assert total(cloud, "Latency", "Sum", name, a="b") == 1e6
    with pytest.raises(ClientError, match=r"tm90.*not supported"):
        total(cloud, "Latency", "tm90", name)


def test_metric_math_on_lambda_metrics(make: Functions, cloud: Any) -> None:
    """The error rate in percent, as dashboards compute it; unknown functions are refused."""
    function = make(FAIL.replace("raise", "\n  if event: raise"))
    for event in (0, 1):
        function.invoke(event)
    now = datetime.now(UTC)

    def query(name: str, metric: str) -> dict[str, Any]:
        dimensions = [{"Name": "FunctionName", "Value": function.name}]
        about = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
        return {
            "Id": name,
            "MetricStat": {"Metric": about, "Period": 86400 * 3, "Stat": "Sum"},
            "ReturnData": False,
        }

    def ask(expression: str) -> Any:
        return cloud.client("cloudwatch").get_metric_data(
            StartTime=now - DAY,
            EndTime=now + DAY,
            MetricDataQueries=[
                query("e", "Errors"),
                query("i", "Invocations"),
                {"Id": "rate", "Expression": expression, "Label": "error rate"},
            ],
        )["MetricDataResults"]

    (result,) = ask("100 * e / i")
    assert (result["Label"], result["Values"]) == ("error rate", [50])
    with pytest.raises(ClientError, match="not supported by the local cloud"):
        ask("ANOMALY_DETECTION_BAND(i)")


def test_a_printed_document_becomes_metrics(make: Functions, cloud: Any) -> None:
    """Embedded metric format: printed by a function, or put by anyone; a broken one stays a log line."""
    space = f"shop-{uuid.uuid4().hex[:8]}"
    function = make(
        f"""
        import json, time
        def handler(event, context):
            about = {{"Namespace": "{space}", "Dimensions": [["Service"]],
                     "Metrics": [{{"Name": "Latency", "Unit": "Milliseconds"}}]}}
            print(json.dumps({{"_aws": {{"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [about]}},
                              "Service": "orders", "Latency": event}}))
        """
    )
    function.invoke([10, 30])
    function.invoke("no number")
    until(lambda: total(cloud, "Latency", "Sum", space, Service="orders") == 40)
    assert total(cloud, "Latency", "SampleCount", space, Service="orders") == 2
    until(lambda: sum('"_aws"' in line for line in function.log()) == 2)


@pytest.fixture
def group(cloud: Any) -> Any:
    """A log group with one stream, and a function that puts messages into it."""
    logs, name = cloud.client("logs"), f"/test/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")

    def put(*messages: str, age: timedelta = timedelta()) -> None:
        moment = int((datetime.now(UTC) - age).timestamp() * 1000)
        events = [{"timestamp": moment, "message": message} for message in messages]
        logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)

    def find(pattern: str = "") -> list[str]:
        found = logs.filter_log_events(logGroupName=name, filterPattern=pattern)["events"]
        return [event["message"] for event in found]

    return type("Group", (), {"logs": logs, "name": name, "put": put, "find": find})


def test_filter_log_events_obeys_its_pattern(group: Any) -> None:
    """Text, JSON and fields; a bad pattern is refused by name."""
    json_lines = [json.dumps({"level": "ERROR", "ms": ms}) for ms in (50, 150)]
    group.put("ERROR in plain text", "all is well", *json_lines)
    assert group.find("ERROR") == ["ERROR in plain text", *json_lines]
    assert group.find('{ $.level = "ERROR" && $.ms > 100 }') == json_lines[1:]
    assert group.find("[all, is, well]") == ["all is well"]
    assert group.find("?well ?plain") == ["ERROR in plain text", "all is well"]
    assert len(group.find()) == 4
    with pytest.raises(group.logs.exceptions.InvalidParameterException, match="Invalid filter pattern"):
        group.find("{ $.level = }")


def test_metric_filters_make_metrics(group: Any, cloud: Any) -> None:
    """A value out of the event, with a dimension; putting a filter again replaces it."""
    space = f"logs-{uuid.uuid4().hex[:8]}"

    def put_filter(pattern: str, **change: Any) -> None:
        group.logs.put_metric_filter(
            logGroupName=group.name,
            filterName="slow",
            filterPattern=pattern,
            metricTransformations=[{"metricNamespace": space, "metricName": "Slow", **change}],
        )

    put_filter("nothing", metricValue="1")
    put_filter("{ $.ms > 100 }", metricValue="$.ms", dimensions={"path": "$.path"}, unit="Milliseconds")
    group.put(*[json.dumps({"ms": ms, "path": "/"}) for ms in (50, 150, 250)], "no json")
    assert total(cloud, "Slow", "Sum", space, path="/") == 400
    assert total(cloud, "Slow", "p50", space, path="/") == 150
    assert total(cloud, "Slow", "Sum", space) is None
    assert len(group.logs.describe_metric_filters(logGroupName=group.name)["metricFilters"]) == 1
    with pytest.raises(group.logs.exceptions.InvalidParameterException):
        put_filter("{ $.ms > }", metricValue="1")
    for value in ("$..ms", "many"):
        with pytest.raises(group.logs.exceptions.InvalidParameterException):
            put_filter("{ $.ms > 1 }", metricValue=value)


def test_retention_hides_what_is_too_old(group: Any) -> None:
    """Events older than retentionInDays are gone, from filter_log_events and get_log_events alike."""
    group.put("old", age=timedelta(days=3))
    group.put("new")
    assert group.find() == ["old", "new"]
    group.logs.put_retention_policy(logGroupName=group.name, retentionInDays=1)
    assert group.find() == ["new"]
    events = group.logs.get_log_events(logGroupName=group.name, logStreamName="s")["events"]
    assert [event["message"] for event in events] == ["new"]
