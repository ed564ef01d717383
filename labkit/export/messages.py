"""Queues, topics, rules and schedules, as template resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labkit.export.shape import Own, Shape, get, only, plain, ref

NUMBERS = (
    "VisibilityTimeout",
    "DelaySeconds",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
)
Ids = Mapping[str, Any]


def queue(shape: Shape, sqs: Any, ids: Ids) -> None:
    """A queue with its dead-letter queue and its policy; without its messages."""
    name = ids["QueueName"]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    properties: dict[str, Any] = {"QueueName": Own(name)}
    properties |= {key: int(found[key]) for key in NUMBERS if key in found}
    if found.get("FifoQueue") == "true":
        properties |= {"FifoQueue": True}
        properties |= {"ContentBasedDeduplication": found.get("ContentBasedDeduplication") == "true"}
    if found.get("RedrivePolicy"):
        properties["RedrivePolicy"] = json.loads(found["RedrivePolicy"])
    logical = shape.add(name, "Queue", "AWS::SQS::Queue", properties)
    shape.whole |= {found["QueueArn"]: get(logical), url: ref(logical), name: get(logical, "QueueName")}
    if found.get("Policy"):
        policy = {"Queues": [ref(logical)], "PolicyDocument": plain(json.loads(found["Policy"]))}
        shape.add(name, "QueuePolicy", "AWS::SQS::QueuePolicy", policy)


def topic(shape: Shape, sns: Any, ids: Ids) -> None:
    """A topic and those who have subscribed to it."""
    arn = ids["TopicArn"]
    name = arn.rpartition(":")[2]
    logical = shape.add(name, "Topic", "AWS::SNS::Topic", {"TopicName": Own(name)})
    shape.whole |= {arn: ref(logical), name: get(logical, "TopicName")}
    for one in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
        properties = {"TopicArn": arn, **only(one, "Protocol", "Endpoint")}
        shape.add(name, "Subscription", "AWS::SNS::Subscription", properties)


def rule(shape: Shape, events: Any, ids: Ids) -> None:
    """A rule of EventBridge with its targets."""
    bus = {"EventBusName": ids["EventBusName"]} if ids.get("EventBusName") else {}
    found = events.describe_rule(Name=ids["Name"], **bus)
    targets = events.list_targets_by_rule(Rule=ids["Name"], **bus)["Targets"]
    pattern = {"EventPattern": json.loads(found["EventPattern"])} if found.get("EventPattern") else {}
    properties = {
        "Name": Own(found["Name"]),
        **only(found, "ScheduleExpression", "State", "Description"),
        **pattern,
        "Targets": targets or None,
    }
    logical = shape.add(found["Name"], "Rule", "AWS::Events::Rule", properties)
    shape.whole[found["Arn"]] = get(logical)


def schedule(shape: Shape, scheduler: Any, ids: Ids) -> None:
    """A schedule of EventBridge Scheduler."""
    group = {"GroupName": ids["GroupName"]} if ids.get("GroupName") else {}
    found = scheduler.get_schedule(Name=ids["Name"], **group)
    kept = ("ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "State", "Description")
    target = only(found["Target"], "Arn", "RoleArn", "Input", "RetryPolicy", "DeadLetterConfig")
    properties = {"Name": Own(found["Name"]), **only(found, *kept), "Target": target}
    shape.add(found["Name"], "Schedule", "AWS::Scheduler::Schedule", properties)
