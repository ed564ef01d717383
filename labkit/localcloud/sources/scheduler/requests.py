"""Teaches moto's Scheduler to check what is asked, as AWS does, and to tell of every schedule that changes.

moto would accept any expression, target, role and window, and never run anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule
from moto.scheduler.responses import EventBridgeSchedulerResponse

from labkit import facts
from labkit.localcloud import contracts
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.contracts import refused, unsupported
from labkit.localcloud.sources.scheduler.schedules import PRINCIPAL, Schedules, timetable_of
from labkit.localcloud.sources.timetables import BadExpression, once_or_recurring

KINDS = ("lambda", "sqs", "sns", "states", "events", "kinesis")
_NOT_HERE = (
    "Targets here are Lambda functions, SQS queues, SNS topics, Step Functions state machines, event buses "
    "and Kinesis streams; let a function make other calls."
)
_JSON_WANTED = ("lambda", "states", "events")
_PARAMETERS = {"SqsParameters": "sqs", "EventBridgeParameters": "events", "KinesisParameters": "kinesis"}
_create_schedule = EventBridgeSchedulerResponse.create_schedule
_update_schedule = EventBridgeSchedulerResponse.update_schedule
_delete_schedule = EventBridgeSchedulerBackend.delete_schedule


def install(schedules: Schedules, clock: LessonClock, can_assume: Callable[[str, str], bool]) -> None:
    """Replaces moto's methods, once for the process."""

    def create(self: EventBridgeSchedulerResponse) -> str:
        return put(self, "CreateSchedule", _create_schedule)

    def update(self: EventBridgeSchedulerResponse) -> str:
        return put(self, "UpdateSchedule", _update_schedule)

    tokens: dict[str, str] = {}  # ARN of a schedule -> the token that made it: SDKs repeat lost requests

    def put(self: EventBridgeSchedulerResponse, operation: str, original: Callable[[Any], str]) -> str:
        asked = {**json.loads(self.body), "Name": self.uri.split("?")[0].rpartition("/")[2]}
        contracts.hold("scheduler", operation, asked)
        group = self.scheduler_backend.get_schedule_group(asked.get("GroupName"))
        present = group.schedules.get(asked["Name"])
        if operation == "CreateSchedule" and present and tokens.get(present.arn) == asked.get("ClientToken"):
            return json.dumps({"ScheduleArn": present.arn})
        _check(asked, clock.now(), can_assume)
        answer = original(self)
        schedule = self.scheduler_backend.get_schedule(asked.get("GroupName"), asked["Name"])
        schedule.state = asked.get("State") or "ENABLED"  # what an update does not say is as if new
        schedule.action_after_completion = asked.get("ActionAfterCompletion") or "NONE"
        tokens[schedule.arn] = asked.get("ClientToken", "")
        schedules.follow(schedule, self.region)
        return answer

    def delete(self: EventBridgeSchedulerBackend, group_name: str | None, name: str) -> None:
        schedule = self.get_schedule(group_name, name)
        _delete_schedule(self, group_name, name)
        schedules.forget(schedule)

    def delete_group(self: EventBridgeSchedulerBackend, name: str | None) -> None:
        group = self.get_schedule_group(name)
        if group.name == "default":
            raise refused("The default schedule group cannot be deleted.")
        self.schedule_groups.pop(group.name)
        for schedule in list(group.schedules.values()):
            schedules.forget(schedule)

    EventBridgeSchedulerResponse.create_schedule = create  # type: ignore[method-assign]
    EventBridgeSchedulerResponse.update_schedule = update  # type: ignore[method-assign]
    EventBridgeSchedulerBackend.delete_schedule = delete  # type: ignore[method-assign]
    EventBridgeSchedulerBackend.delete_schedule_group = delete_group  # type: ignore[method-assign]
    EventBridgeSchedulerResponse.create_schedule_group = _new_group  # type: ignore[method-assign]
    Schedule._validate_start_date = lambda self, start_date: start_date  # type: ignore[method-assign]


def _new_group(self: EventBridgeSchedulerResponse) -> str:
    """CreateScheduleGroup; moto looks for the name in the body, where it is not."""
    asked = {**json.loads(self.body or "{}"), "Name": self.uri.split("?")[0].rpartition("/")[2]}
    contracts.hold("scheduler", "CreateScheduleGroup", asked)
    if asked["Name"] in self.scheduler_backend.schedule_groups:
        raise refused(f"Schedule group {asked['Name']} already exists.", "ConflictException")
    group = self.scheduler_backend.create_schedule_group(asked["Name"], asked.get("Tags") or [])
    return json.dumps({"ScheduleGroupArn": group.arn})


def _check(asked: Mapping[str, Any], now_s: float, can_assume: Callable[[str, str], bool]) -> None:
    if asked.get("KmsKeyArn"):
        raise unsupported("KmsKeyArn", "Schedules stay in this process's memory; leave the key out.")
    _check_times(asked, now_s)
    window = asked["FlexibleTimeWindow"]
    flexible, minutes = window["Mode"] == "FLEXIBLE", window.get("MaximumWindowInMinutes")
    if flexible == (minutes is None):
        raise refused("MaximumWindowInMinutes must be set if, and only if, FlexibleTimeWindow is FLEXIBLE.")
    _check_target(asked["Target"])
    if not can_assume(asked["Target"]["RoleArn"], PRINCIPAL):
        raise refused(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        )


def _check_times(asked: Mapping[str, Any], now_s: float) -> None:
    expression, zone = asked["ScheduleExpression"], asked.get("ScheduleExpressionTimezone") or "UTC"
    try:
        once_or_recurring("rate(1 day)", now_s, zone)
    except BadExpression:
        raise refused(f"Invalid Schedule Expression Timezone {zone}.") from None
    try:
        timetable_of(expression, zone, asked.get("StartDate"), now_s)
    except BadExpression:
        raise refused(f"Invalid Schedule Expression {expression}.") from None
    start, end = asked.get("StartDate"), asked.get("EndDate")
    if expression.startswith("at("):
        return  # AWS ignores both dates of a one-time schedule
    if start is not None and start < now_s - float(facts.quota("scheduler_start_past_max_s").value):
        raise refused("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end is not None and end <= now_s:
        raise refused("The EndDate you specify must be in the future.")
    if start is not None and end is not None and start >= end:
        raise refused("The StartDate you specify must come before the EndDate you specify.")


def _check_target(target: Mapping[str, Any]) -> None:
    arn = str(target["Arn"])
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        raise refused(f"Provided Arn is not in correct format: {arn}")
    service = parts[2]
    if service not in KINDS or (service == "events" and not parts[5].startswith("event-bus/")):
        raise unsupported(f"The target {arn}", _NOT_HERE)
    for name in ("EcsParameters", "SageMakerPipelineParameters"):
        if target.get(name):
            raise unsupported(name, _NOT_HERE)
    for name, wanted in _PARAMETERS.items():
        if target.get(name) and service != wanted:
            raise refused(f"{name} does not go with the target {arn}.")
    if service == "sqs" and arn.endswith(".fifo") and not target.get("SqsParameters"):
        raise refused("SqsParameters with a MessageGroupId is required for a FIFO queue.")
    if service in ("events", "kinesis"):
        needed = "EventBridgeParameters" if service == "events" else "KinesisParameters"
        if not target.get(needed):
            raise refused(f"{needed} is required for the target {arn}.")
    given = target.get("Input")
    if given is not None and service in _JSON_WANTED and not _is_json(given):
        raise refused("Input must be well-formed JSON for this target.")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
