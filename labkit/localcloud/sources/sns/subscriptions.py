"""What subscriptions and topics may ask for: checked before it takes effect, refused when it would have none.

Source of the sentences: SNS's answers.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.sns.exceptions import SNSInvalidParameter

from labkit.localcloud.functions.errors import NOT_HERE
from labkit.localcloud.sources import patterns

FILTER_KEYS_MAX = 5
PROTOCOLS = {"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"}
PENDING = {"email", "email-json"}  # as on AWS, until somebody clicks a link in a mail that never comes
ATTRIBUTES = {
    "RawMessageDelivery", "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy",
    "SubscriptionRoleArn",
}  # fmt: skip
_ENDPOINTS = {
    "lambda": re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?"),
    "sqs": re.compile(r"arn:aws:sqs:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?"),
}
_TOPIC_ATTRIBUTES = {
    "Policy", "DisplayName", "FifoTopic", "ContentBasedDeduplication", "SignatureVersion", "KmsMasterKeyId",
    "FifoThroughputScope", "TracingConfig",
}  # fmt: skip


def check_subscription(topic: Any, protocol: str, endpoint: str) -> None:
    """Protocol and endpoint of a new subscription.

    Raises:
        SNSInvalidParameter: SNS refuses them, or nothing here could deliver.
    """
    if protocol not in PROTOCOLS:
        raise SNSInvalidParameter(
            f"Invalid parameter: Amazon SNS does not support this protocol string: {protocol}"
        )
    if protocol not in PENDING and protocol not in _ENDPOINTS:
        raise SNSInvalidParameter(
            f"Invalid parameter: Protocol {protocol} is {NOT_HERE}. Nothing is sent beyond this machine: "
            "subscribe a function (lambda) or a queue (sqs) instead."
        )
    pattern = _ENDPOINTS.get(protocol)
    if pattern is not None and pattern.fullmatch(endpoint or "") is None:
        kind = "SQS" if protocol == "sqs" else "Lambda"
        raise SNSInvalidParameter(f"Invalid parameter: {kind} endpoint ARN")
    if protocol in PENDING and "@" not in (endpoint or ""):
        raise SNSInvalidParameter("Invalid parameter: Email address")
    if topic.fifo_topic and protocol != "sqs":
        raise SNSInvalidParameter(
            f"Invalid parameter: Invalid protocol type: {protocol}. FIFO topics deliver to SQS queues."
        )


def check_attribute(subscription: Any, name: str, value: Any) -> None:
    """One attribute of a subscription.

    Raises:
        SNSInvalidParameter: it is wrong, or means nothing for the protocol.
    """
    protocol = subscription.protocol
    if name == "RawMessageDelivery" and value and protocol != "sqs":
        raise SNSInvalidParameter(
            "Invalid parameter: Attributes Reason: RawMessageDelivery: "
            f"Delivery protocol [{protocol}] does not support raw message delivery."
        )
    if name == "RedrivePolicy" and value:
        dead_letter_arn(value, subscription.topic.arn.split(":")[3])
    if name in ("DeliveryPolicy", "SubscriptionRoleArn") and value:
        raise SNSInvalidParameter(
            f"Invalid parameter: Attributes Reason: {name}: "
            f"Delivery protocol [{protocol}] does not support this attribute."
        )
    if name == "FilterPolicyScope" and value not in ("MessageAttributes", "MessageBody"):
        raise SNSInvalidParameter(
            f"Invalid parameter: FilterPolicyScope: Invalid value [{value}]. "
            "Please use either MessageBody or MessageAttributes"
        )


def dead_letter_arn(policy: str, region: str) -> str:
    """The queue of a RedrivePolicy.

    Raises:
        SNSInvalidParameter: it is no JSON, or names no queue of the topic's Region.
    """
    try:
        arn = json.loads(policy)["deadLetterTargetArn"]
    except (ValueError, KeyError, TypeError):
        raise SNSInvalidParameter("Invalid parameter: RedrivePolicy: failed to parse JSON.") from None
    if _ENDPOINTS["sqs"].fullmatch(str(arn)) is None or str(arn).split(":")[3] != region:
        raise SNSInvalidParameter("Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn")
    return str(arn)


def filter_policy(text: str, scope: str) -> patterns.Pattern | None:
    """Reads a filter policy; an empty one is none.

    Raises:
        SNSInvalidParameter: it is no policy of this scope.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise SNSInvalidParameter("Invalid parameter: FilterPolicy: failed to parse JSON.")
    if not document:
        return None
    if len(document) > FILTER_KEYS_MAX:
        raise SNSInvalidParameter(
            "Invalid parameter: FilterPolicy: Filter policy can not have more than 5 keys"
        )
    if scope == "MessageAttributes" and any(isinstance(value, dict) for value in document.values()):
        raise SNSInvalidParameter(
            "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"
        )
    try:
        return patterns.Pattern(document)
    except patterns.BadPattern as problem:
        raise SNSInvalidParameter(f"Invalid parameter: FilterPolicy: {problem.reason}") from None


def check_topic_attribute(name: str, value: Any) -> None:
    """One attribute of a topic.

    Raises:
        SNSInvalidParameter: SNS has no such attribute, it is wrong, or it would have no effect here.
    """
    if name.endswith(("FeedbackRoleArn", "FeedbackSampleRate")) or name in (
        "ArchivePolicy",
        "DeliveryPolicy",
    ):
        raise SNSInvalidParameter(f"Invalid parameter: {name} is {NOT_HERE}. Leave it out here.")
    if name not in _TOPIC_ATTRIBUTES:
        raise SNSInvalidParameter("Invalid parameter: AttributeName")
    if name == "TracingConfig" and value != "PassThrough":
        raise SNSInvalidParameter(f"Invalid parameter: TracingConfig {value} is {NOT_HERE}: use PassThrough.")
    if name == "SignatureVersion" and str(value) not in ("1", "2"):
        raise SNSInvalidParameter("Invalid parameter: SignatureVersion must be 1 or 2")
    if name == "Policy":
        try:
            json.loads(value)["Statement"]
        except (ValueError, KeyError, TypeError):
            raise SNSInvalidParameter("Invalid parameter: Policy Error: null") from None
