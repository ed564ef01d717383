"""Step Functions and EventBridge: events start state machines, and executions tell of themselves."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from steps_world import TRUST, Steps

EVENTS = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"Service": "events.amazonaws.com"}}]}  # type: ignore[dict-item]
DONE = {"Done": {"Type": "Succeed"}}


@pytest.fixture(scope="module")
def steps(cloud: Any) -> Steps:
    return Steps(cloud)


def rule(cloud: Any, pattern: dict[str, Any], target: dict[str, Any]) -> None:
    events, name = cloud.client("events"), f"r-{uuid.uuid4().hex[:8]}"
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    answer = events.put_targets(Rule=name, Targets=[{"Id": "1", **target}])
    assert answer["FailedEntryCount"] == 0


def test_an_event_starts_a_state_machine_with_the_rules_role(cloud: Any, steps: Steps) -> None:
    """The event is its input. A role that may not starts nothing."""
    allowed, refused = steps(DONE), steps(DONE)
    pattern = {"source": [f"shop-{uuid.uuid4().hex[:6]}"]}
    rule(cloud, pattern, {"Arn": refused.arn, "RoleArn": steps.role(trust=EVENTS)})
    rule(cloud, pattern, {"Arn": allowed.arn, "RoleArn": steps.role("states:StartExecution", trust=EVENTS)})
    entry = {"Source": pattern["source"][0], "DetailType": "order", "Detail": '{"id": 7}'}
    cloud.client("events").put_events(Entries=[entry])
    deadline = time.monotonic() + 60
    while not (found := steps.client.list_executions(stateMachineArn=allowed.arn)["executions"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    told = steps.end(found[0]["executionArn"])
    assert (json.loads(told["input"])["detail"], told["status"]) == ({"id": 7}, "SUCCEEDED")
    assert steps.client.list_executions(stateMachineArn=refused.arn)["executions"] == []


def test_executions_tell_eventbridge_of_their_status(cloud: Any, steps: Steps) -> None:
    """When they begin and when they end; express workflows tell nothing."""
    sqs, name = cloud.client("sqs"), f"q-{uuid.uuid4().hex[:8]}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{cloud.region}:{cloud.account_id}:{name}"
    let = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**let, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    machine = steps({"No": {"Type": "Fail", "Error": "E", "Cause": "c"}})
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine.arn]}}
    rule(cloud, pattern, {"Arn": arn})
    execution = machine.run({"order": 1})["executionArn"]
    heard: dict[str, Any] = {}
    deadline = time.monotonic() + 60
    while len(heard) < 2:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
            event = json.loads(message["Body"])
            heard[event["detail"]["status"]] = event
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        assert time.monotonic() < deadline, heard
    assert heard.keys() == {"RUNNING", "FAILED"}
    failed = heard["FAILED"]
    assert failed["detail-type"] == "Step Functions Execution Status Change"
    assert failed["resources"] == [execution]
    assert (failed["detail"]["error"], failed["detail"]["cause"]) == ("E", "c")
    assert failed["detail"]["stopDate"] >= failed["detail"]["startDate"]
    assert heard["RUNNING"]["detail"]["stopDate"] is None
