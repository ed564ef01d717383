"""Delivers messages to subscriptions: filtered, permitted, tried again, in the end a dead letter.

FIFO topics deliver to each subscription one after the other, in the order of publication.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from moto.sns.models import Subscription

from labkit import facts
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.sources.sns.messages import Published, envelope, lambda_event, raw_attributes
from labkit.localcloud.sources.sns.subscriptions import PENDING, dead_letter_arn
from labkit.localcloud.sources.targets import Message, NotDelivered, Service, Targets
from labkit.localcloud.telemetry.store import Metric, Stores

PRINCIPAL = "sns.amazonaws.com"
_LATER = frozenset({"TooManyRequestsException", "ResourceConflictException"})  # worth another try
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One message for one subscription, as it was when the message was published."""

    message: Published
    subscription_arn: str
    protocol: str
    endpoint: str
    raw: bool
    redrive_policy: str | None

    @property
    def sender(self) -> Service:
        return Service(PRINCIPAL, self.message.topic_arn)


class Deliveries:
    """Deliveries of all topics."""

    def __init__(self, targets: Targets, clock: LessonClock, stores: Stores) -> None:
        self._targets, self._clock, self._stores = targets, clock, stores
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tries_max = int(facts.quota("sns_delivery_attempts_max").value)
        self._wait_max_s = float(facts.quota("sns_delivery_wait_max_s").value)

    def publish(self, message: Published, subscriptions: list[Subscription]) -> None:
        """Starts the deliveries of a message. From any thread."""
        self._count(message, "NumberOfMessagesPublished")
        for subscription in subscriptions:
            if subscription.protocol in PENDING:
                continue
            if not _wants(subscription, message):
                self._count(message, "NumberOfNotificationsFilteredOut")
                continue
            self._start(
                _Delivery(
                    message,
                    subscription.arn,
                    subscription.protocol,
                    subscription.endpoint,
                    bool(subscription.attributes.get("RawMessageDelivery")),
                    subscription.attributes.get("RedrivePolicy"),
                )
            )

    def _start(self, delivery: _Delivery) -> None:
        if delivery.message.group_id is None:
            self._targets.soon(lambda: self._attempt(delivery, 0))
        else:
            self._targets.soon(lambda: self._in_order(delivery))

    async def _in_order(self, delivery: _Delivery) -> None:
        async with self._lanes[delivery.subscription_arn]:
            await self._attempt(delivery, 0)

    async def _attempt(self, delivery: _Delivery, tries: int) -> None:
        try:
            await self._targets.send(delivery.sender, delivery.endpoint, _sent(delivery))
        except NotDelivered as refusal:
            if (refusal.retryable or refusal.code in _LATER) and tries < self._tries_max:
                delay = min(2.0**tries, self._wait_max_s)
                self._clock.call_later(delay, lambda: self._attempt(delivery, tries + 1))
            else:
                await self._give_up(delivery, refusal)
        else:
            self._count(delivery.message, "NumberOfNotificationsDelivered")

    async def _give_up(self, delivery: _Delivery, refusal: NotDelivered) -> None:
        message = delivery.message
        self._count(message, "NumberOfNotificationsFailed")
        if not delivery.redrive_policy:
            log.warning("SNS %s lost message %s: %s", delivery.subscription_arn, message.id, refusal)
            return
        target = dead_letter_arn(delivery.redrive_policy, message.region)
        try:
            await self._targets.send(delivery.sender, target, _for_queue(delivery))
        except NotDelivered as second:
            self._count(message, "NumberOfNotificationsFailedToRedriveToDlq")
            log.warning(
                "SNS %s lost message %s: %s; %s", delivery.subscription_arn, message.id, refusal, second
            )
        else:
            self._count(message, "NumberOfNotificationsRedrivenToDlq")

    def _count(self, message: Published, name: str) -> None:
        pairs = (("TopicName", message.topic_arn.rpartition(":")[2]),)
        self._stores[message.region].put(Metric("AWS/SNS", name, pairs), self._clock.now(), 1, "Count")


def _wants(subscription: Subscription, message: Published) -> bool:
    """Whether the filter policy, if there is one, lets the message through."""
    pattern: Any = subscription._filter_policy_matcher  # a Pattern, topics.py puts it there
    if pattern is None:
        return True
    if subscription.attributes.get("FilterPolicyScope") != "MessageBody":
        return bool(pattern.matches(message.filterable()))
    document = message.document(subscription.protocol)
    return document is not None and bool(pattern.matches(document))


def _sent(delivery: _Delivery) -> Message:
    if delivery.protocol != "lambda":
        return _for_queue(delivery)
    return Message(lambda_event(delivery.message, delivery.subscription_arn), delivery.message.trace_header)


def _for_queue(delivery: _Delivery) -> Message:
    message = delivery.message
    options: dict[str, Any] = {}
    if message.group_id is not None and delivery.endpoint.endswith(".fifo"):
        options |= {
            "MessageGroupId": message.group_id,
            "MessageDeduplicationId": message.deduplication_id,
        }
    if not delivery.raw:
        return Message(envelope(message, delivery.subscription_arn), message.trace_header, options)
    options["MessageAttributes"] = raw_attributes(message)
    return Message(message.text("sqs"), message.trace_header, options)
