"""SQS queues, SNS topics and subscriptions, and their policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit import facts
from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.fit import text
from labkit.localcloud.stacks.kinds.kind import Kind, names

_QUEUE = (
    "ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit "
    "KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod "
    "ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy SqsManagedSseEnabled VisibilityTimeout"
)
_TOPIC = "ContentBasedDeduplication DisplayName FifoTopic KmsMasterKeyId SignatureVersion TracingConfig"
_SUBSCRIPTION = (
    "DeliveryPolicy FilterPolicy FilterPolicyScope RawMessageDelivery RedrivePolicy SubscriptionRoleArn"
)


def create_queue(ask: Ask) -> None:
    fifo = text(ask.properties.get("FifoQueue", "false")) == "true"
    name = ask.name("QueueName", 80, ".fifo" if fifo else "")
    params: dict[str, Any] = {"QueueName": name, "Attributes": _texts(ask.some(_QUEUE))}
    url = ask.call("sqs", "CreateQueue", {**params, **({"tags": ask.tags} if ask.tags else {})})["QueueUrl"]
    ask.born(url, Arn=ask.arn("sqs", name), QueueName=name, QueueUrl=url)


def update_queue(ask: Ask) -> None:
    which = {"QueueUrl": ask.physical_id}
    settable = {key: value for key, value in ask.some(_QUEUE).items() if key != "FifoQueue"}
    unset = {key: value for key, value in _defaults().items() if key in ask.before and key not in settable}
    if attributes := _texts({**unset, **settable}):
        ask.call("sqs", "SetQueueAttributes", {**which, "Attributes": attributes})
    if ask.lost_tags:
        ask.call("sqs", "UntagQueue", {**which, "TagKeys": ask.lost_tags})
    if ask.tags:
        ask.call("sqs", "TagQueue", {**which, "Tags": ask.tags})


def _defaults() -> dict[str, Any]:
    """What a queue has for a setting that its template has no more."""
    return {
        "DelaySeconds": 0,
        "KmsMasterKeyId": "",
        "MaximumMessageSize": facts.quota("sqs_message_max_bytes").value,
        "MessageRetentionPeriod": facts.quota("sqs_retention_default_s").value,
        "ReceiveMessageWaitTimeSeconds": 0,
        "RedriveAllowPolicy": "",
        "RedrivePolicy": "",
        "VisibilityTimeout": facts.quota("sqs_visibility_default_s").value,
    }


def delete_queue(ask: Ask) -> None:
    ask.gone("sqs", "DeleteQueue", {"QueueUrl": ask.physical_id})


def put_queue_policy(ask: Ask) -> None:
    policy = text(ask.properties["PolicyDocument"])
    if not ask.physical_id:
        ask.born(ask.name("", 100), Id=ask.logical_id)
    for url in ask.properties["Queues"]:
        ask.call("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": policy}})
    for url in set(ask.before.get("Queues", ())) - set(ask.properties["Queues"]):
        ask.gone("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": ""}})


def delete_queue_policy(ask: Ask) -> None:
    for url in ask.properties["Queues"]:
        ask.gone("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": ""}})


def create_topic(ask: Ask) -> None:
    fifo = text(ask.properties.get("FifoTopic", "false")) == "true"
    name = ask.name("TopicName", 256, ".fifo" if fifo else "")
    attributes = _texts(ask.some(_TOPIC))
    tags = {"Tags": ask.tag_list} if ask.tag_list else {}
    arn = ask.call("sns", "CreateTopic", {"Name": name, "Attributes": attributes, **tags})["TopicArn"]
    ask.born(arn, TopicArn=arn, TopicName=name)
    for each in ask.properties.get("Subscription") or []:
        ask.call("sns", "Subscribe", {**each, "TopicArn": arn})


def update_topic(ask: Ask) -> None:
    which = {"TopicArn": ask.physical_id}
    for name, value in _texts(ask.some(_TOPIC)).items():
        if ask.changed(name) and name != "FifoTopic":
            params = {**which, "AttributeName": name, "AttributeValue": value}
            ask.call("sns", "SetTopicAttributes", params)
    before, after = (list(p.get("Subscription") or []) for p in (ask.before, ask.properties))
    for each in after:
        if each not in before:
            ask.call("sns", "Subscribe", {**each, **which})
    _unsubscribe(ask, [each for each in before if each not in after])
    if ask.lost_tags:
        ask.call("sns", "UntagResource", {"ResourceArn": ask.physical_id, "TagKeys": ask.lost_tags})
    if ask.tag_list:
        ask.call("sns", "TagResource", {"ResourceArn": ask.physical_id, "Tags": ask.tag_list})


def delete_topic(ask: Ask) -> None:
    _unsubscribe(ask, list(ask.properties.get("Subscription") or []))
    ask.gone("sns", "DeleteTopic", {"TopicArn": ask.physical_id})


def _unsubscribe(ask: Ask, lost: list[Mapping[str, Any]]) -> None:
    if not lost:
        return
    pages = ask.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=ask.physical_id)
    for there in pages.build_full_result()["Subscriptions"]:
        if any(
            there["Endpoint"] == each["Endpoint"] and there["Protocol"] == each["Protocol"] for each in lost
        ):
            ask.gone("sns", "Unsubscribe", {"SubscriptionArn": there["SubscriptionArn"]})


def create_subscription(ask: Ask) -> None:
    params = {**ask.some("TopicArn Protocol Endpoint"), "Attributes": _texts(ask.some(_SUBSCRIPTION))}
    arn = ask.call("sns", "Subscribe", {**params, "ReturnSubscriptionArn": True})["SubscriptionArn"]
    ask.born(arn, Arn=arn)


def update_subscription(ask: Ask) -> None:
    for name in _SUBSCRIPTION.split():
        if ask.changed(name):
            value = text(ask.properties[name]) if name in ask.properties else ""
            unset = {"FilterPolicy": "{}", "RawMessageDelivery": "false"}.get(name, "")
            params = {"SubscriptionArn": ask.physical_id, "AttributeName": name}
            ask.call("sns", "SetSubscriptionAttributes", {**params, "AttributeValue": value or unset})


def delete_subscription(ask: Ask) -> None:
    ask.gone("sns", "Unsubscribe", {"SubscriptionArn": ask.physical_id})


def put_topic_policy(ask: Ask) -> None:
    if not ask.physical_id:
        ask.born(ask.name("", 100), Id=ask.logical_id)
    for arn in ask.properties["Topics"]:
        _set_policy(ask, arn, ask.properties["PolicyDocument"])
    for arn in set(ask.before.get("Topics", ())) - set(ask.properties["Topics"]):
        _set_policy(ask, arn, _first_policy(ask, arn))


def delete_topic_policy(ask: Ask) -> None:
    for arn in ask.properties["Topics"]:
        _set_policy(ask, arn, _first_policy(ask, arn))


def _set_policy(ask: Ask, arn: str, policy: Any) -> None:
    ask.gone(
        "sns",
        "SetTopicAttributes",
        {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy},
    )


def _first_policy(ask: Ask, arn: str) -> dict[str, Any]:
    """What a topic has at first: its owner may do everything."""
    actions = "AddPermission DeleteTopic GetTopicAttributes ListSubscriptionsByTopic Publish RemovePermission"
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in f"{actions} SetTopicAttributes Subscribe".split()],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": ask.account}},
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: text(value) for name, value in values.items()}


MESSAGES = (
    Kind("AWS::SQS::Queue", names(f"QueueName Tags {_QUEUE}"), create_queue, delete_queue, update_queue),
    Kind(
        "AWS::SQS::QueuePolicy",
        names("PolicyDocument Queues"),
        put_queue_policy,
        delete_queue_policy,
        put_queue_policy,
    ),
    Kind(
        "AWS::SNS::Topic",
        names(f"TopicName Subscription Tags {_TOPIC}"),
        create_topic,
        delete_topic,
        update_topic,
    ),
    Kind(
        "AWS::SNS::Subscription",
        names(f"TopicArn Protocol Endpoint {_SUBSCRIPTION}"),
        create_subscription,
        delete_subscription,
        update_subscription,
    ),
    Kind(
        "AWS::SNS::TopicPolicy",
        names("PolicyDocument Topics"),
        put_topic_policy,
        delete_topic_policy,
        put_topic_policy,
    ),
)
