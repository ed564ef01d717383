"""The commands of source_document.sh, run from a shell by the real AWS CLI, and what each brought about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from labkit import cloud as clouds
from tests.conftest import RunningCloud

SCRIPT = Path(__file__).with_name("source_document.sh")
NAME = "my-function"
DEADLINE_S = 60

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the script runs and leaves its files."""
    return tmp_path_factory.mktemp("document")


@pytest.fixture(scope="module")
def done(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud of its own, in which the whole script has run."""
    place = tmp_path_factory.mktemp("fresh")
    cloud = RunningCloud(clouds.start(place))
    here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = cloud.environment() | {"PATH": here, "HOME": str(folder)}
    ran = subprocess.run(
        ["bash", str(SCRIPT)], cwd=folder, env=environment, capture_output=True, text=True, timeout=200
    )
    assert ran.returncode == 0, f"{ran.stdout[-2000:]}\n{ran.stderr}"
    yield cloud
    clouds.stop(place)


def until(look: Callable[[], Any]) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)
    return found


def events(cloud: RunningCloud, like: str) -> list[Any]:
    """The events that the function has printed and that contain a text."""
    pages = (
        cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{NAME}")
    )
    texts = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(text)["event"] for text in texts if text.startswith("{") and like in text]


def advance(cloud: RunningCloud, seconds: float) -> None:
    cloud.state.call("POST", "/_labkit/clock", {"advance_s": seconds})


def test_the_role_has_its_policies(done: RunningCloud) -> None:
    """create-role, attach-role-policy, put-role-policy."""
    iam = done.client("iam")
    attached = iam.list_attached_role_policies(RoleName="lambda-execution-role")["AttachedPolicies"]
    assert "AWSLambdaBasicExecutionRole" in {policy["PolicyName"] for policy in attached}
    own = iam.get_role_policy(RoleName="lambda-execution-role", PolicyName="DynamoDBAccess")["PolicyDocument"]
    assert "dynamodb:GetItem" in own["Statement"][0]["Action"]


def test_the_function_is_as_configured_and_answers(done: RunningCloud, folder: Path) -> None:
    """create-function, update-function-code with its architecture, invoke."""
    found = done.client("lambda").get_function(FunctionName=NAME)
    configuration = found["Configuration"]
    assert (configuration["Runtime"], configuration["Timeout"], configuration["MemorySize"]) == (
        "python3.12",
        30,
        512,
    )
    assert configuration["Architectures"] == ["arm64"]
    assert configuration["Environment"]["Variables"] == {"TABLE_NAME": "MyTable"}
    assert found["Tags"] == {"Environment": "Production", "Application": "MyApp"}
    assert json.loads((folder / "answer.json").read_text())["statusCode"] == 200


def test_the_api_answers(done: RunningCloud, folder: Path) -> None:
    """create-rest-api, and what it takes until somebody can open it."""
    api = (folder / "api.txt").read_text().strip()
    with urllib.request.urlopen(f"{done.endpoint}/_aws/execute-api/{api}/prod/") as answer:
        assert json.loads(answer.read()) == {"version": "$LATEST"}


def test_uploads_invoke_the_function(done: RunningCloud) -> None:
    """put-bucket-notification-configuration with its filter: one of three keys."""
    s3 = done.client("s3")
    for key in ("other/cat.jpg", "uploads/cat.png", "uploads/cat.jpg"):
        s3.put_object(Bucket="my-bucket", Key=key, Body=b"x")
    [event] = until(lambda: events(done, "aws:s3"))
    assert event["Records"][0]["s3"]["object"]["key"] == "uploads/cat.jpg"


def test_changes_of_the_table_invoke_the_function(done: RunningCloud) -> None:
    """create-event-source-mapping on the table's stream."""
    done.client("dynamodb").put_item(TableName="MyTable", Item={"id": {"S": "a"}})
    [event] = until(lambda: events(done, "aws:dynamodb"))
    assert event["Records"][0]["dynamodb"]["NewImage"] == {"id": {"S": "a"}}


def test_provisioned_concurrency_becomes_ready(done: RunningCloud) -> None:
    """put-provisioned-concurrency-config on the alias: five environments stand ready."""
    config = lambda: done.client("lambda").get_provisioned_concurrency_config(  # noqa: E731
        FunctionName=NAME, Qualifier="PRODUCTION"
    )
    ready = until(lambda: found if (found := config())["Status"] == "READY" else None)
    assert ready["AvailableProvisionedConcurrentExecutions"] == 5


def test_the_alias_is_a_scalable_target(done: RunningCloud) -> None:
    """register-scalable-target with the dimension that exists, and its policy."""
    scaling = done.client("application-autoscaling")
    [target] = scaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"]
    assert (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) == (
        f"function:{NAME}:PRODUCTION", 5, 100,
    )  # fmt: skip
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="lambda")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 0.7


def test_memory_is_found_in_the_log(done: RunningCloud, folder: Path) -> None:
    """filter-log-events finds the REPORT line of the invocation."""
    found = json.loads((folder / "memory.json").read_text())["events"]
    assert found
    assert all(event["message"].startswith("REPORT") for event in found)


def test_the_layer_is_there_for_the_function(done: RunningCloud) -> None:
    """publish-layer-version and --layers: its module can be imported."""
    answer = done.client("lambda").invoke(FunctionName=NAME, Payload=b'{"import": "greetings"}')
    assert json.loads(answer["Payload"].read()) == "greetings"


def test_tracing_is_active(done: RunningCloud) -> None:
    """--tracing-config: an invocation leaves a trace."""
    lambda_, xray = done.client("lambda"), done.client("xray")
    assert lambda_.get_function_configuration(FunctionName=NAME)["TracingConfig"] == {"Mode": "Active"}
    lambda_.invoke(FunctionName=NAME, Payload=b"{}")
    now = datetime.now().astimezone()
    times = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=5)}
    assert until(lambda: xray.get_trace_summaries(**times)["TraceSummaries"])


def test_the_custom_metric_is_kept(done: RunningCloud) -> None:
    """put-metric-data."""
    [metric] = done.client("cloudwatch").list_metrics(Namespace="MyApp")["Metrics"]
    assert metric["MetricName"] == "ProcessedItems"


def test_an_event_that_fails_is_retried_and_ends_in_the_queue_and_the_alarm(done: RunningCloud) -> None:
    """--dead-letter-config, put-function-event-invoke-config, put-metric-alarm, on the lesson clock."""
    lambda_, sqs = done.client("lambda"), done.client("sqs")
    config = lambda_.get_function_event_invoke_config(FunctionName=NAME)
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, 3600)
    lambda_.invoke(FunctionName=NAME, InvocationType="Event", Payload=b'{"fail": true}')
    until(lambda: events(done, '"fail": true'))
    advance(done, 60)
    advance(done, 120)
    assert len(events(done, '"fail": true')) == 3
    queue = sqs.get_queue_url(QueueName="my-dlq")["QueueUrl"]
    [message] = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], WaitTimeSeconds=5)[
        "Messages"
    ]
    assert json.loads(message["Body"]) == {"fail": True}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "this event cannot be processed"
    advance(done, 60)
    history = done.client("cloudwatch").describe_alarm_history(AlarmName="my-function-errors")
    assert any("to ALARM" in item["HistorySummary"] for item in history["AlarmHistoryItems"])


def test_the_schedule_runs_the_function_at_two(done: RunningCloud) -> None:
    """put-rule and put-targets: once a day, in UTC, on the lesson clock."""
    now = datetime.fromisoformat(done.state.call("GET", "/_labkit/clock")["now"])
    two = now.replace(hour=2, minute=0, second=0, microsecond=0)
    two += timedelta(days=1) if two <= now else timedelta()
    advance(done, (two - now).total_seconds() + 5)
    [event] = until(lambda: events(done, "Scheduled Event"))
    assert (event["source"], event["time"]) == ("aws.events", f"{two:%Y-%m-%dT%H:%M:%SZ}")
    assert event["resources"] == [f"arn:aws:events:{done.region}:{done.account_id}:rule/daily-cleanup"]
