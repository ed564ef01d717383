"""Teaches moto's SNS: deliveries in the background, checks before anything is made, FIFO without doubles."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from moto.core.responses import ActionResult
from moto.core.utils import ensure_boolean
from moto.sns.exceptions import (
    BatchEntryIdsNotDistinct,
    SNSException,
    SNSInvalidParameter,
    SNSNotFoundError,
    TooManyEntriesInBatchRequest,
    TopicNotFound,
)
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse

from labkit.localcloud import origin
from labkit.localcloud.functions.errors import NOT_HERE
from labkit.localcloud.sources.sns import requests
from labkit.localcloud.sources.sns.delivery import Deliveries
from labkit.localcloud.sources.sns.messages import Published
from labkit.localcloud.sources.sns.subscriptions import (
    ATTRIBUTES,
    PENDING,
    check_attribute,
    check_subscription,
    check_topic_attribute,
    filter_policy,
)

BATCH_MAX = 10
DEDUPLICATION_S = 300
_publish = SNSBackend.publish
_subscribe = SNSBackend.subscribe
_create_topic = SNSBackend.create_topic
_answer_create_topic = SNSResponse.create_topic
_answer_subscribe = SNSResponse.subscribe
_answer_publish = SNSResponse.publish
_answer_set_topic_attributes = SNSResponse.set_topic_attributes


_REFUSED = {  # what moto would take and nothing here would come of
    "confirm_subscription": "Nothing here hands out tokens: functions and queues need no confirmation.",
    "create_platform_application": "There is no mobile push here: subscribe a function or a queue.",
    "set_sms_attributes": "No text message leaves this machine.",
}


class _Sent(NamedTuple):
    """A message that a FIFO topic has taken; ``number`` grows with each."""

    time_s: float
    message_id: str
    number: str


_sent: WeakKeyDictionary[Topic, dict[str, _Sent]] = WeakKeyDictionary()  # by deduplication id


def install(deliveries: Deliveries, now: Callable[[], float]) -> None:
    """Teaches moto, once for the process. ``now`` is the lesson clock's, in seconds."""

    def publish(
        topic: Topic,
        message: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> str:
        bodies, sent = _bodies(message, message_structure), None
        if topic.fifo_topic:
            deduplication_id = deduplication_id or hashlib.sha256(message.encode()).hexdigest()
            sent, again = _number(topic, deduplication_id, now())
            if again:
                return sent.message_id
        published = Published(
            sent.message_id if sent else str(uuid.uuid4()),
            topic.arn,
            bodies,
            subject,
            message_attributes or {},
            now(),
            origin.trace_header(),
            group_id if sent else None,
            deduplication_id,
            sent.number if sent else None,
            str(getattr(topic, "signature_version", "1")),
        )
        deliveries.publish(published, topic.sns_backend._get_topic_subscriptions(topic))
        return published.id

    Topic.publish = publish  # type: ignore[method-assign, assignment]
    Topic.subscriptions_confimed = property(_confirmed, _ignore)  # type: ignore[assignment]
    Topic.subscriptions_pending = property(_pending, _ignore)  # type: ignore[assignment]
    SNSBackend.publish = _checked_publish  # type: ignore[method-assign, assignment]
    SNSBackend.publish_batch = _publish_batch  # type: ignore[method-assign]
    SNSBackend.subscribe = _checked_subscribe  # type: ignore[method-assign]
    SNSBackend.set_subscription_attributes = _set_attribute  # type: ignore[method-assign]
    SNSBackend.create_topic = _checked_create_topic  # type: ignore[method-assign]
    SNSResponse.publish = _publish_numbered  # type: ignore[method-assign]
    SNSResponse.subscribe = _whole_subscription  # type: ignore[method-assign]
    for operation, instead in _REFUSED.items():
        setattr(SNSResponse, operation, _refusal(instead))
    SNSResponse.create_topic = _checked_create_topic_request  # type: ignore[method-assign]
    SNSResponse.set_topic_attributes = _checked_topic_attributes  # type: ignore[method-assign]
    requests.install()


def _bodies(message: str, structure: str | None) -> dict[str, str]:
    """The message by protocol."""
    if structure != "json":
        return {"default": message}
    try:
        bodies = json.loads(message)
    except (ValueError, RecursionError):
        bodies = None
    if not isinstance(bodies, dict):
        raise SNSInvalidParameter("Invalid parameter: Message Structure - JSON message body failed to parse")
    if not isinstance(bodies.get("default"), str):
        raise SNSInvalidParameter(
            "Invalid parameter: Message Structure - No default entry in JSON message body"
        )
    return {protocol: text for protocol, text in bodies.items() if isinstance(text, str)}


def _number(topic: Topic, deduplication_id: str, now_s: float) -> tuple[_Sent, bool]:
    """The message's id and number; those of an earlier one, and True, within five minutes of it."""
    known = _sent.setdefault(topic, {})
    for old in [key for key, sent in known.items() if now_s - sent.time_s >= DEDUPLICATION_S]:
        del known[old]
    if deduplication_id in known:
        return known[deduplication_id], True
    topic.numbered = getattr(topic, "numbered", 0) + 1  # type: ignore[attr-defined]
    number = f"{10**19 + topic.numbered * 1000:020d}"  # type: ignore[attr-defined]
    known[deduplication_id] = _Sent(now_s, str(uuid.uuid4()), number)
    return known[deduplication_id], False


def _number_of(backend: SNSBackend, topic_arn: str | None, message_id: str) -> dict[str, str]:
    """``SequenceNumber`` of a message that a FIFO topic has just taken."""
    topic = backend.topics.get(topic_arn or "")
    known = _sent.get(topic, {}) if topic is not None else {}
    numbers = (sent.number for sent in reversed(list(known.values())) if sent.message_id == message_id)
    return {"SequenceNumber": number} if (number := next(numbers, None)) else {}


def _checked_publish(
    self: SNSBackend, message: str, arn: str | None, phone_number: str | None = None, **options: Any
) -> str:
    if phone_number:
        raise SNSInvalidParameter(
            f"Invalid parameter: PhoneNumber is {NOT_HERE}: no text message leaves this machine. "
            "Publish to a topic with a queue or a function."
        )
    if not message:
        raise SNSInvalidParameter("Invalid parameter: Empty message")
    if arn is not None and arn.count(":") == 5 and "/" not in arn and arn not in self.topics:
        raise TopicNotFound()
    return str(_publish(self, message, arn, **options))


def _publish_batch(
    self: SNSBackend, topic_arn: str, publish_batch_request_entries: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    entries = publish_batch_request_entries
    self.get_topic(topic_arn)
    if len(entries) > BATCH_MAX:
        raise TooManyEntriesInBatchRequest
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise BatchEntryIdsNotDistinct
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            message_id = self.publish(
                entry.get("Message", ""),
                arn=topic_arn,
                subject=entry.get("Subject"),
                message_attributes=entry.get("MessageAttributes", {}),
                group_id=entry.get("MessageGroupId"),
                deduplication_id=entry.get("MessageDeduplicationId"),
                message_structure=entry.get("MessageStructure"),
            )
        except (SNSException, ValueError) as error:
            code, text = getattr(error, "code", "InvalidParameter"), getattr(error, "message", str(error))
            failed.append({"Id": entry["Id"], "Code": code, "Message": text, "SenderFault": True})
        else:
            number = _number_of(self, topic_arn, message_id)
            done.append({"Id": entry["Id"], "MessageId": message_id, **number})
    return done, failed


def _publish_numbered(self: SNSResponse) -> ActionResult:
    answer: Any = _answer_publish(self).result
    arn = self._get_param("TopicArn") or self._get_param("TargetArn")
    return ActionResult({**answer, **_number_of(self.backend, arn, answer["MessageId"])})


def _checked_subscribe(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
    check_subscription(self.get_topic(topic_arn), protocol, endpoint)
    subscription: Subscription = _subscribe(self, topic_arn, endpoint, protocol)
    if protocol in PENDING:
        subscription.attributes["PendingConfirmation"] = True
        subscription.attributes["ConfirmationWasAuthenticated"] = False
        subscription.subscription_arn = "PendingConfirmation"  # type: ignore[attr-defined]
    return subscription


def _whole_subscription(self: SNSResponse) -> ActionResult:
    """With all its attributes, or not at all."""
    named = self._get_param("TopicArn"), self._get_param("Endpoint"), self._get_param("Protocol")
    before = self.backend._find_subscription(*named)
    try:
        answer = _answer_subscribe(self)
    except SNSException:
        made = self.backend._find_subscription(*named)
        if before is None and made is not None:
            self.backend.unsubscribe(made.arn)
        raise
    if named[2] in PENDING and not ensure_boolean(self._get_param("ReturnSubscriptionArn", False)):
        return ActionResult({"SubscriptionArn": "pending confirmation"})
    return answer


def _set_attribute(self: SNSBackend, arn: str, name: str, value: Any) -> None:
    subscription = self.subscriptions.get(arn)
    if subscription is None:
        raise SNSNotFoundError("Subscription does not exist")
    if name not in ATTRIBUTES:
        raise SNSInvalidParameter("Invalid parameter: AttributeName")
    check_attribute(subscription, name, value)
    wanted = {**subscription.attributes, name: value}
    scope = wanted.get("FilterPolicyScope") or "MessageAttributes"
    policy = wanted.get("FilterPolicy")
    matcher: Any = filter_policy(policy, scope) if policy else None
    subscription._filter_policy_matcher = matcher
    subscription.attributes = wanted


def _checked_create_topic(
    self: SNSBackend,
    name: str,
    attributes: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> Topic:
    for key, value in (attributes or {}).items():
        check_topic_attribute(key, value)
    made: Topic = _create_topic(self, name, attributes, tags)
    return made


def _refusal(instead: str) -> Callable[[SNSResponse], ActionResult]:
    def refuse(self: SNSResponse) -> ActionResult:
        raise SNSInvalidParameter(f"Invalid parameter: This is {NOT_HERE}. {instead}")

    return refuse


def _checked_create_topic_request(self: SNSResponse) -> ActionResult:
    if self._get_param("DataProtectionPolicy"):
        raise SNSInvalidParameter(
            f"Invalid parameter: DataProtectionPolicy is {NOT_HERE}. Leave it out here."
        )
    return _answer_create_topic(self)


def _checked_topic_attributes(self: SNSResponse) -> ActionResult:
    check_topic_attribute(self._get_param("AttributeName"), self._get_param("AttributeValue"))
    return _answer_set_topic_attributes(self)


def _confirmed(topic: Topic) -> int:
    """How many subscriptions are there; moto always says 0."""
    return len(topic.sns_backend._get_topic_subscriptions(topic)) - _pending(topic)


def _pending(topic: Topic) -> int:
    return sum(one.protocol in PENDING for one in topic.sns_backend._get_topic_subscriptions(topic))


def _ignore(topic: Topic, value: int) -> None:
    """moto's own counters begin at 0 and stay there."""
