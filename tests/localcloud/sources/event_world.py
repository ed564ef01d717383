"""What tests of events share: queues and functions that note what reaches them, the clock, the metrics."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

NOTES = "import json\ndef handler(event, context):\n    print('GOT ' + json.dumps(event))\n    return event\n"


@cache
def client(cloud: Any, service: str) -> Any:
    """A boto3 client, made once: that takes longer than many a test."""
    return cloud.client(service)


def advance(cloud: Any, seconds: float = 0) -> datetime:
    """Moves the lesson clock; what is under way has ended when this returns. Returns the new time."""
    told = cloud.state.call("POST", "/_labkit/clock", {"advance_s": seconds}, timeout_s=120.0)
    return datetime.fromisoformat(told["now"])


def name(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:8]}"


@dataclass
class Queue:
    """A queue that a service may send to, and what has arrived."""

    cloud: Any
    url: str
    arn: str
    sqs: Any = field(repr=False)

    def messages(self) -> list[dict[str, Any]]:
        """Takes what is there."""
        advance(self.cloud)
        found: list[dict[str, Any]] = []
        while batch := self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        ).get("Messages"):
            found += batch
            for message in batch:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def bodies(self) -> list[Any]:
        return [json.loads(message["Body"]) for message in self.messages()]


def queue(cloud: Any, allows: str | None, fifo: bool = False) -> Queue:
    """A new queue whose policy lets ``allows`` in (a service principal); nobody when None."""
    sqs = client(cloud, "sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
    url = sqs.create_queue(QueueName=name("q") + (".fifo" if fifo else ""), Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if allows is not None:
        policy = {"Principal": {"Service": allows}, "Action": "sqs:SendMessage", "Resource": arn}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(policy)})
    return Queue(cloud, url, arn, sqs)


def document(*statements: dict[str, Any]) -> str:
    """A policy of statements that allow."""
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    )


def role(cloud: Any, service: str, *allowed: tuple[str, str]) -> str:
    """A role that a service may assume, with (action, resource) pairs."""
    iam, named = client(cloud, "iam"), name("role")
    trust = {"Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=named, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    if allowed:
        policy = document(*({"Action": action, "Resource": resource} for action, resource in allowed))
        iam.put_role_policy(RoleName=named, PolicyName="p", PolicyDocument=policy)
    return str(arn)


def received(function: Any) -> list[Any]:
    """The events that a function made of NOTES has got."""
    advance(function.cloud)
    return [json.loads(line[4:]) for line in function.log() if line.startswith("GOT ")]


def arn_of(function: Any) -> str:
    return str(function.lambda_.get_function(FunctionName=function.name)["Configuration"]["FunctionArn"])


def permit(function: Any, principal: str, source_arn: str | None = None, **more: str) -> None:
    """Lets a service invoke a function."""
    source = {"SourceArn": source_arn} if source_arn else {}
    function.lambda_.add_permission(
        FunctionName=function.name,
        StatementId=name("s"),
        Action="lambda:InvokeFunction",
        Principal=principal,
        **source,
        **more,
    )


def metric(cloud: Any, namespace: str, metric_name: str, **pairs: str) -> float:
    """The sum of a metric of the last and the next twelve hours."""
    now = advance(cloud)
    points = client(cloud, "cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric_name,
        Dimensions=[{"Name": key, "Value": value} for key, value in pairs.items()],
        StartTime=now - timedelta(hours=12),
        EndTime=now + timedelta(hours=12),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))
