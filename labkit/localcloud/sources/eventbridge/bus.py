"""Buses at work: an event comes in, rules are asked, their targets receive it. Measured as AWS/Events.

Sources: Amazon EventBridge User Guide, "Targets", "Using dead-letter queues", "Monitoring EventBridge".
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from moto.events.models import EventsBackend, Rule, events_backends

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.eventbridge import archives, inputs
from labkit.localcloud.sources.eventbridge.events import Event
from labkit.localcloud.sources.retries import GivenUp, Retrying, RetryPolicy, attributes
from labkit.localcloud.sources.targets import Message, NotDelivered, Role, Sender, Service, Targets
from labkit.localcloud.sources.timetables import iso
from labkit.localcloud.telemetry.store import Metric, Stores, dimensions

NAMESPACE = "AWS/Events"
PRINCIPAL = "events.amazonaws.com"
ROLE_NEEDED = ("states", "kinesis", "events")
log = logging.getLogger(__name__)


class EventBridge:
    """All buses of all Regions. Any thread may publish; deliveries run on the lesson clock."""

    def __init__(self, targets: Targets, clock: LessonClock, stores: Stores) -> None:
        self._targets, self._clock, self._stores = targets, clock, stores

    def publish(self, event: Event, only: tuple[str, ...] | None = None) -> None:
        """Puts an event on its bus; every rule that is enabled and matches gets it.

        Args:
            only: the ARNs of the rules that may have it, where a replay names them.
        """
        backend: EventsBackend = events_backends[ACCOUNT_ID][event.region]
        bus = backend.event_buses.get(event.bus)
        if bus is None:
            log.warning("an event for the bus %s, which does not exist, is lost", event.bus)
            return
        archives.keep(event)
        envelope: Any = event.envelope()
        for rule in list(bus.rules.values()):
            if rule.state == "DISABLED" or not rule.event_pattern.dump():
                continue
            if (only is None or rule.arn in only) and rule.event_pattern.matches_event(envelope):
                self.trigger(rule, event)

    def trigger(self, rule: Rule, event: Event) -> None:
        """Sends an event to all targets of a rule."""
        self.count(rule, "MatchedEvents")
        self.count(rule, "TriggeredRules")
        for target in list(rule.targets):
            self._targets.soon(self._delivery(rule, target, event).attempt)

    def count(self, rule: Rule, name: str) -> None:
        """One more of a metric of AWS/Events, for the rule and for all."""
        named = {"RuleName": rule.name}
        if rule.event_bus_name != "default":
            named["EventBusName"] = rule.event_bus_name
        for pairs in ({}, named):
            metric = Metric(NAMESPACE, name, dimensions(pairs))
            self._stores[rule.region_name].put(metric, self._clock.now(), 1, "Count")

    def _delivery(self, rule: Rule, target: Mapping[str, Any], event: Event) -> Retrying:
        message = Message(_body(rule, target, event), event.trace_header, _options(rule, target, event))
        sender = _sender(rule, target)

        async def send() -> None:
            await self._targets.send(sender, target["Arn"], message)
            self.count(rule, "Invocations")

        def failed(refusal: NotDelivered) -> None:
            log.warning("rule %s, target %s: %s", rule.name, target["Id"], refusal)

        return Retrying(
            self._clock,
            RetryPolicy.of(target.get("RetryPolicy")),
            send,
            failed,
            partial(self._given_up, rule, target, message),
        )

    async def _given_up(self, rule: Rule, target: Mapping[str, Any], message: Message, end: GivenUp) -> None:
        self.count(rule, "FailedInvocations")
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        options = {
            "MessageAttributes": attributes(
                {
                    "RULE_ARN": rule.arn,
                    "TARGET_ARN": target["Arn"],
                    "ERROR_CODE": end.refusal.code,
                    "ERROR_MESSAGE": end.refusal.message,
                    "EXHAUSTED_RETRY_CONDITION": end.condition,
                    "RETRY_ATTEMPTS": str(end.retries),
                }
            )
        }
        try:
            await self._targets.send(
                Service(PRINCIPAL, rule.arn), queue, Message(message.body, message.trace_header, options)
            )
            self.count(rule, "InvocationsSentToDlq")
        except NotDelivered as refusal:
            log.warning("rule %s, dead-letter queue: %s", rule.name, refusal)
            self.count(rule, "InvocationsFailedToBeSentToDlq")


def _sender(rule: Rule, target: Mapping[str, Any]) -> Sender:
    """With a role, the role's policies decide; without, the policy of the target itself."""
    service = target["Arn"].split(":")[2]
    role_arn = target.get("RoleArn") or (rule.role_arn if service in ROLE_NEEDED else None)
    return Service(PRINCIPAL, rule.arn) if role_arn is None else Role(role_arn, PRINCIPAL)


def _body(rule: Rule, target: Mapping[str, Any], event: Event) -> str:
    reserved = {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event.ingestion-time": iso(event.ingested_s),
    }
    return inputs.text_for(target, event.envelope(), reserved)


def _options(rule: Rule, target: Mapping[str, Any], event: Event) -> Mapping[str, Any]:
    service = target["Arn"].split(":")[2]
    if service == "sqs" and (group := (target.get("SqsParameters") or {}).get("MessageGroupId")):
        return {"MessageGroupId": group}
    if service == "kinesis":
        path = (target.get("KinesisParameters") or {}).get("PartitionKeyPath", "$.id")
        key = inputs.select(event.envelope(), path)
        return {"PartitionKey": event.id if key is inputs.NOTHING else str(key)}
    return {}
