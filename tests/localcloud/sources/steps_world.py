"""State machines of tests: made with a role of their own, started, and looked at when they are over."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
DEADLINE_S = 60


@dataclass
class Machine:
    """A state machine of one test."""

    steps: Steps
    arn: str
    role_arn: str

    def start(self, event: Any = None, **options: Any) -> str:
        text = json.dumps({} if event is None else event)
        answer = self.steps.client.start_execution(stateMachineArn=self.arn, input=text, **options)
        return str(answer["executionArn"])

    def run(self, event: Any = None) -> dict[str, Any]:
        """Starts it and waits for its end; ``output`` is parsed."""
        return self.steps.end(self.start(event))


class Steps:
    """Makes state machines in a cloud."""

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.client = cloud.client("stepfunctions")

    def role(self, *actions: str, trust: Any = TRUST) -> str:
        """A role that Step Functions may assume, with these actions on everything."""
        iam, name = self.cloud.client("iam"), f"steps-{uuid.uuid4().hex[:8]}"
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if actions:
            statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_role_policy(RoleName=name, PolicyName="tasks", PolicyDocument=document)
        return str(arn)

    def __call__(
        self, states: dict[str, Any], *actions: str, top: dict[str, Any] | None = None, **options: Any
    ) -> Machine:
        """A state machine that begins with the first of its states."""
        role_arn = options.pop("roleArn", None) or self.role(*actions)
        definition = {"StartAt": next(iter(states)), "States": states, **(top or {})}
        made = self.client.create_state_machine(
            name=f"m-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=role_arn, **options
        )
        return Machine(self, made["stateMachineArn"], role_arn)

    def end(self, execution_arn: str) -> dict[str, Any]:
        """DescribeExecution's answer when it is over; ``output`` is parsed."""
        deadline = time.monotonic() + DEADLINE_S
        while (told := self.client.describe_execution(executionArn=execution_arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"still running: {self.events(execution_arn)}"
            time.sleep(0.02)
        if "output" in told:
            told["output"] = json.loads(told["output"])
        return dict(told)

    def events(self, execution_arn: str) -> list[str]:
        """The types of the execution's events."""
        return [event["type"] for event in self.history(execution_arn)]

    def history(self, execution_arn: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        return [event for page in pages for event in page["events"]]

    def until(self, execution_arn: str, event_type: str) -> None:
        """Waits for an event of this type."""
        deadline = time.monotonic() + DEADLINE_S
        while event_type not in (events := self.events(execution_arn)):
            over = events[-1:] in (["ExecutionFailed"], ["ExecutionSucceeded"])
            assert not over and time.monotonic() < deadline, self.history(execution_arn)
            time.sleep(0.02)


def advance(cloud: Any, seconds: float) -> int:
    """Moves the lesson clock; returns how many appointments were kept."""
    return int(cloud.state.call("POST", "/_labkit/clock", {"advance_s": seconds})["ran"])
