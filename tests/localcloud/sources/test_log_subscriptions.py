"""Subscription filters of log groups: what reaches the function, who is let in, what is refused."""

from __future__ import annotations

import base64
import gzip
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from push_world import RECORDER, permit, seen, seen_by, unique, until

LOGS = "logs.amazonaws.com"
ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def logs(cloud: Any) -> Any:
    return cloud.client("logs")


@pytest.fixture(scope="module")
def recorder(make: Any) -> Any:
    return make(RECORDER)


@pytest.fixture
def group(logs: Any) -> str:
    name = unique("/test/group")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def arn(group: str) -> str:
    return f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}:*"


def function_arn(function: Any) -> str:
    return str(function.lambda_.get_function_configuration(FunctionName=function.name)["FunctionArn"])


def subscribe(logs: Any, group: str, target: str, pattern: str = "", name: str = "filter") -> None:
    logs.put_subscription_filter(
        logGroupName=group, filterName=name, filterPattern=pattern, destinationArn=target
    )


def write(logs: Any, group: str, *messages: str) -> None:
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=group,
        logStreamName="s",
        logEvents=[{"timestamp": now, "message": message} for message in messages],
    )


def contents(function: Any, group: str) -> list[dict[str, Any]]:
    """What a recorder was told of a group."""
    events = [event for event in seen(function) if "awslogs" in event]
    found = [json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"]))) for event in events]
    return [one for one in found if one["logGroup"] == group]


def test_a_function_gets_what_matches(recorder: Any, logs: Any, group: str) -> None:
    """Compressed JSON in base64, with all fields of AWS's; events that come together go together."""
    permit(recorder, LOGS, arn(group), SourceAccount=ACCOUNT)
    subscribe(logs, group, function_arn(recorder), "ERROR")
    write(logs, group, "ERROR one", "all is well", "ERROR two")
    (content,) = until(lambda: contents(recorder, group))
    events = content.pop("logEvents")
    assert content == {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": group,
        "logStream": "s",
        "subscriptionFilters": ["filter"],
    }
    assert [event["message"] for event in events] == ["ERROR one", "ERROR two"]
    assert all(set(event) == {"id", "timestamp", "message"} and len(event["id"]) == 56 for event in events)


def test_patterns_are_those_of_metric_filters(recorder: Any, logs: Any, group: str) -> None:
    """A JSON pattern, and a replaced filter: the second put takes the place of the first."""
    permit(recorder, LOGS, arn(group))
    subscribe(logs, group, function_arn(recorder), "nothing like it")
    subscribe(logs, group, function_arn(recorder), "{ $.latency > 100 }")
    write(logs, group, '{"latency": 50}', '{"latency": 500}', "latency > 100")
    (content,) = until(lambda: contents(recorder, group))
    assert [event["message"] for event in content["logEvents"]] == ['{"latency": 500}']


def test_fields_of_a_pattern_come_along(recorder: Any, logs: Any, group: str) -> None:
    """A space-delimited pattern names them."""
    permit(recorder, LOGS, arn(group))
    subscribe(logs, group, function_arn(recorder), "[address, method, status = 5*]")
    write(logs, group, "10.0.0.1 GET 200", "10.0.0.2 PUT 503")
    (content,) = until(lambda: contents(recorder, group))
    fields = [event["extractedFields"] for event in content["logEvents"]]
    assert fields == [{"address": "10.0.0.2", "method": "PUT", "status": "503"}]


def test_logs_of_a_function_reach_another_one(make: Any, recorder: Any, logs: Any) -> None:
    """The usual log shipper."""
    source = make(RECORDER)
    source.invoke("first")
    group = f"/aws/lambda/{source.name}"
    seen_by(source)
    permit(recorder, LOGS, arn(group))
    subscribe(logs, group, function_arn(recorder), "EVENT")
    source.invoke("marked")
    (content,) = until(lambda: contents(recorder, group))
    assert [event["message"] for event in content["logEvents"]] == ['EVENT "marked"\n']


@pytest.mark.parametrize(
    ("service", "source"),
    [("logs.us-east-1.amazonaws.com", None), (LOGS, f"arn:aws:logs:us-east-1:{ACCOUNT}:*")],
)
def test_a_permission_may_be_wider(
    make: Any, logs: Any, group: str, service: str, source: str | None
) -> None:
    """The principal with its Region, a source with a star, or none."""
    function = make(RECORDER)
    permit(function, service, source)
    subscribe(logs, group, function_arn(function))


def test_what_cannot_work_is_refused(make: Any, logs: Any, group: str) -> None:
    """With AWS's InvalidParameterException; the group keeps no trace of it."""
    function = make(RECORDER)
    own = f"/aws/lambda/{function.name}"
    logs.create_log_group(logGroupName=own)
    permit(function, LOGS, arn("another"))
    elsewhere = function_arn(function).replace("us-east-1", "eu-west-1")
    stream = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"
    for place, target, message in (
        (group, function_arn(function), "given CloudWatch Logs permission to execute your function"),
        (
            group,
            f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:missing",
            "Could not execute the lambda function",
        ),
        (own, function_arn(function), "reserved for the function logs of the destination function"),
        (group, elsewhere, "must be in the same region"),
        (group, stream, "not supported by the local cloud"),
    ):
        with pytest.raises(ClientError, match=message) as refused:
            subscribe(logs, place, target)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    with pytest.raises(ClientError, match="Invalid filter pattern"):
        subscribe(logs, group, function_arn(function), "{ $.x = ")
    assert logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"] == []
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        subscribe(logs, "no-such-group", function_arn(function))


def test_a_group_has_at_most_two_filters(recorder: Any, logs: Any, group: str) -> None:
    """A third one is refused, a new version of one of the two is taken."""
    permit(recorder, LOGS, arn(group))
    for name in ("one", "two"):
        subscribe(logs, group, function_arn(recorder), name=name)
    with pytest.raises(logs.exceptions.LimitExceededException):
        subscribe(logs, group, function_arn(recorder), name="three")
    subscribe(logs, group, function_arn(recorder), "new", name="two")
    shown = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert [one["filterPattern"] for one in shown] == ["", "new"]


def test_a_deleted_filter_or_function_ends_it(make: Any, cloud: Any, logs: Any, group: str) -> None:
    """Writing logs goes on; deliveries that fail are counted."""
    function = make(RECORDER)
    permit(function, LOGS, arn(group))
    subscribe(logs, group, function_arn(function))
    function.lambda_.delete_function(FunctionName=function.name)
    make._made.remove(function.name)
    write(logs, group, "lost")
    metrics = cloud.client("cloudwatch")

    def errors() -> list[Any]:
        found = metrics.list_metrics(Namespace="AWS/Logs", MetricName="DeliveryErrors")["Metrics"]
        return [one for one in found if {"Name": "LogGroupName", "Value": group} in one["Dimensions"]]

    until(errors)
    logs.delete_subscription_filter(logGroupName=group, filterName="filter")
    write(logs, group, "kept")
    kept = logs.filter_log_events(logGroupName=group)["events"]
    assert [event["message"] for event in kept] == ["lost", "kept"]
