"""Teaches moto's EventBridge to check rules, patterns and targets, and to hand events to the buses.

moto would accept any pattern and any target, and deliver inside PutEvents.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.events.exceptions import InvalidEventPatternException, ResourceNotFoundException
from moto.events.models import EventPattern, EventsBackend, Rule
from moto.events.responses import EventsHandler

from labkit import facts
from labkit.localcloud import contracts, origin
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.contracts import refused, unsupported
from labkit.localcloud.sources import patterns
from labkit.localcloud.sources.eventbridge import inputs
from labkit.localcloud.sources.eventbridge.bus import ROLE_NEEDED, EventBridge
from labkit.localcloud.sources.eventbridge.events import BadEntry, Envelope, from_entry, size_bytes
from labkit.localcloud.sources.eventbridge.schedules import ScheduledRules
from labkit.localcloud.sources.timetables import BadExpression, rate_or_cron

KINDS = ("lambda", "sqs", "sns", "states", "logs", "events", "kinesis")
_NOT_HERE_TARGET = (
    "Targets here are Lambda functions, SQS queues, SNS topics, Step Functions state machines, log groups, "
    "Kinesis streams and event buses."
)
_PARAMETERS_NOT_HERE = (
    "RunCommandParameters",
    "EcsParameters",
    "BatchParameters",
    "HttpParameters",
    "RedshiftDataParameters",
    "SageMakerPipelineParameters",
    "AppSyncParameters",
)
_PARAMETERS = {"SqsParameters": "sqs", "KinesisParameters": "kinesis"}
_API_DESTINATIONS = "Let a Lambda function call the HTTP endpoint."
_PARTNERS = "Send the events yourself with PutEvents."
NOT_HERE = {
    **dict.fromkeys(
        (
            "CreateApiDestination", "UpdateApiDestination", "DeleteApiDestination", "DescribeApiDestination",
            "ListApiDestinations", "CreateConnection", "UpdateConnection", "DeleteConnection",
            "DescribeConnection", "ListConnections", "DeauthorizeConnection",
        ),
        _API_DESTINATIONS,
    ),
    **dict.fromkeys(
        (
            "ActivateEventSource", "DeactivateEventSource", "CreatePartnerEventSource",
            "DeletePartnerEventSource", "DescribeEventSource", "DescribePartnerEventSource",
            "ListEventSources", "ListPartnerEventSources", "ListPartnerEventSourceAccounts",
            "PutPartnerEvents",
        ),
        _PARTNERS,
    ),
    **dict.fromkeys(
        ("CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint", "DescribeEndpoint", "ListEndpoints"),
        "There is one Region at work here; send to a bus.",
    ),
    "PutEvents.EndpointId": "There are no global endpoints here; leave it out.",
    "CreateEventBus.KmsKeyIdentifier": "Events stay in this process's memory; leave the key out.",
    "CreateEventBus.DeadLetterConfig": "Targets have a DeadLetterConfig of their own.",
    "CreateEventBus.LogConfig": "Leave it out; a rule can send events to a log group.",
    "CreateArchive.KmsKeyIdentifier": "Events stay in this process's memory; leave the key out.",
    "UpdateArchive.KmsKeyIdentifier": "Events stay in this process's memory; leave the key out.",
}  # fmt: skip

_put_rule = EventsBackend.put_rule
_put_targets = EventsBackend.put_targets
_delete_rule = EventsBackend.delete_rule
_disable_rule = EventsBackend.disable_rule
_enable_rule = EventsBackend.enable_rule


class CheckedPattern(EventPattern):
    """Takes the place of moto's patterns: refuses what AWS refuses, matches as AWS does."""

    def __init__(self, text: str | None) -> None:
        self._checked = _parse(text) if text else None
        super().__init__(text, dict(self._checked.document) if self._checked else {})

    def matches_event(self, event: Any) -> bool:
        return self._checked is None or self._checked.matches(event)


def _parse(text: str) -> patterns.Pattern:
    try:
        return patterns.parse(text)
    except patterns.BadPattern as problem:
        raise InvalidEventPatternException(reason=problem.reason) from None


def install(bridge: EventBridge, schedules: ScheduledRules, clock: LessonClock) -> None:
    """Replaces moto's methods, once for the process."""

    def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return _put_events(bridge, clock, self.region_name, events)

    def put_rule(self: EventsBackend, name: str, **options: Any) -> Rule:
        _check_rule(self, name, options, clock.now())
        rule = _put_rule(self, name, **options)
        schedules.follow(rule)
        return rule

    def delete_rule(self: EventsBackend, name: str, event_bus_arn: str | None) -> None:
        rule = _find(self, name, event_bus_arn)
        _delete_rule(self, name, event_bus_arn)
        if rule is not None:
            schedules.forget(rule)

    def enable_rule(self: EventsBackend, name: str, event_bus_arn: str | None) -> bool:
        return _switch(_enable_rule, self, name, event_bus_arn)

    def disable_rule(self: EventsBackend, name: str, event_bus_arn: str | None) -> bool:
        return _switch(_disable_rule, self, name, event_bus_arn)

    def _switch(change: Any, backend: EventsBackend, name: str, bus: str | None) -> bool:
        known: bool = change(backend, name, bus)
        if known and (rule := _find(backend, name, bus)) is not None:
            schedules.follow(rule)
        return known

    EventsBackend.put_events = put_events  # type: ignore[method-assign]
    EventsBackend.put_rule = put_rule  # type: ignore[method-assign, assignment]
    EventsBackend.delete_rule = delete_rule  # type: ignore[method-assign]
    EventsBackend.enable_rule = enable_rule  # type: ignore[method-assign]
    EventsBackend.disable_rule = disable_rule  # type: ignore[method-assign]
    EventsBackend.put_targets = _checked_targets  # type: ignore[method-assign]
    EventPattern.load = classmethod(lambda cls, text: CheckedPattern(text))  # type: ignore[method-assign, assignment]
    EventsHandler.test_event_pattern = _test_event_pattern  # type: ignore[method-assign, assignment]
    contracts.install(EventsHandler, "events", NOT_HERE)


def _find(backend: EventsBackend, name: str, bus: str | None) -> Rule | None:
    found = backend.event_buses.get(backend._normalize_event_bus_arn(bus))
    return None if found is None else found.rules.get(name)


def _put_events(
    bridge: EventBridge, clock: LessonClock, region: str, entries: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    most = int(facts.quota("eventbridge_entry_max_bytes").value)
    if sum(size_bytes(entry) for entry in entries) > most:
        raise refused("Total size of the entries in the request is over the limit.")
    answers: list[dict[str, Any]] = []
    for entry in entries:
        try:
            event = from_entry(region, entry, clock.now(), origin.trace_header())
        except BadEntry as problem:
            answers.append({"ErrorCode": problem.code, "ErrorMessage": problem.message})
            continue
        bridge.publish(event)
        answers.append({"EventId": event.id})
    return answers


def _check_rule(backend: EventsBackend, name: str, options: Mapping[str, Any], now_s: float) -> None:
    if options.get("state") == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS":
        raise unsupported(f"State {options['state']}", "Use ENABLED; there is no trail.")
    expression = options.get("scheduled_expression")
    bus_name = backend._normalize_event_bus_arn(options.get("event_bus_arn"))
    if expression and bus_name != "default":
        raise refused("ScheduleExpression is supported only on the default event bus.")
    if expression:
        try:
            rate_or_cron(expression, now_s)
        except BadExpression:
            raise refused("Parameter ScheduleExpression is not valid.") from None
    bus = backend._get_event_bus(bus_name)
    if name not in bus.rules and len(bus.rules) >= int(facts.quota("eventbridge_rules_max").value):
        raise refused("The requested resource exceeds the maximum number allowed.", "LimitExceededException")


def _checked_targets(
    self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
) -> None:
    bus = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn))
    rule = bus.rules.get(name)
    if rule is None:
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {bus.name}.")
    for target in targets:
        _check_target(self, rule, target)
    together = {target["Id"] for target in rule.targets} | {target["Id"] for target in targets}
    if len(together) > int(facts.quota("eventbridge_targets_per_rule_max").value):
        raise refused("The requested resource exceeds the maximum number allowed.", "LimitExceededException")
    _put_targets(self, name, event_bus_arn, targets)


def _check_target(backend: EventsBackend, rule: Rule, target: Mapping[str, Any]) -> None:
    arn = str(target["Arn"])
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        raise refused(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    service, region = parts[2], parts[3]
    if service not in KINDS or (service == "events" and not parts[5].startswith("event-bus/")):
        raise unsupported(f"The target {arn}", _NOT_HERE_TARGET)
    if region != backend.region_name and service != "events":
        raise refused(f"Parameter {arn} is not valid. Reason: The target is not in the Region of the rule.")
    for name in _PARAMETERS_NOT_HERE:
        if target.get(name):
            raise unsupported(name, _NOT_HERE_TARGET)
    for name, wanted in _PARAMETERS.items():
        if target.get(name) and service != wanted:
            raise refused(f"Parameter(s) {name} not valid for target: {target['Id']}.")
    if service in ROLE_NEEDED and service != "events" and not (target.get("RoleArn") or rule.role_arn):
        raise refused(f"RoleArn is required for target {arn}.")
    if service == "sqs" and arn.endswith(".fifo") and not target.get("SqsParameters"):
        raise refused(f"Parameter(s) SqsParameters must be specified for target: {target['Id']}.")
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue and (":sqs:" not in queue or queue.endswith(".fifo")):
        raise refused(f"Parameter {queue} is not valid. Reason: It must be a standard SQS queue.")
    if service == "events" and any(target.get(name) for name in ("Input", "InputPath", "InputTransformer")):
        raise unsupported(f"The input of the target {target['Id']}", "An event bus gets the event as it is.")
    try:
        inputs.check(target)
    except inputs.BadInput as problem:
        raise refused(str(problem)) from None


def _test_event_pattern(self: EventsHandler) -> str:
    """TestEventPattern: the event must be a whole one."""
    pattern = _parse(self._get_param("EventPattern"))
    try:
        event: Envelope = json.loads(self._get_param("Event"))
    except ValueError:
        event = {}
    needed = ("id", "account", "source", "time", "region", "resources", "detail-type")
    if not isinstance(event, dict) or any(name not in event for name in needed):
        raise refused("Parameter Event is not valid.")
    return json.dumps({"Result": pattern.matches(event)})
