"""Schedules at work: each that is enabled has one appointment with the lesson clock; a role decides.

Source: EventBridge Scheduler User Guide: "Schedule types", "Adding context attributes", "Configuring a
schedule's dead-letter queue", "Monitoring with Amazon CloudWatch".
"""

from __future__ import annotations

import json
import logging
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule, scheduler_backends

from labkit.localcloud.clock import Appointment, LessonClock
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.retries import GivenUp, Retrying, RetryPolicy, attributes
from labkit.localcloud.sources.targets import Message, NotDelivered, Role, Targets
from labkit.localcloud.sources.timetables import Timetable, iso, once_or_recurring
from labkit.localcloud.telemetry.store import Metric, Stores, dimensions

NAMESPACE = "AWS/Scheduler"
PRINCIPAL = "scheduler.amazonaws.com"
log = logging.getLogger(__name__)


def timetable_of(expression: str, zone: str, start_s: float | None, now_s: float) -> Timetable:
    """When a schedule is due. A rate begins at its start date, or now.

    Raises:
        BadExpression: no schedule expression.
    """
    return once_or_recurring(expression, now_s if start_s is None else start_s, zone)


@dataclass(frozen=True)
class _Execution:
    """One run of a schedule. ``region`` is the schedule's."""

    schedule: Schedule
    region: str
    due_s: float
    id: str

    def fill(self, text: str, attempt: int) -> str:
        """Puts context attributes into an input."""
        for name, value in (
            ("schedule-arn", self.schedule.arn),
            ("scheduled-time", iso(self.due_s)),
            ("execution-id", self.id),
            ("attempt-number", str(attempt)),
        ):
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text

    def default_input(self) -> str:
        """What a target without Input receives."""
        event = {
            "version": "0",
            "id": self.id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT_ID,
            "time": iso(self.due_s),
            "region": self.region,
            "resources": [self.schedule.arn],
            "detail": "{}",
        }
        return json.dumps(event, separators=(",", ":"))


class Schedules:
    """Follows the schedules that moto keeps. Any thread may call; appointments belong to the event loop."""

    def __init__(self, targets: Targets, clock: LessonClock, stores: Stores) -> None:
        self._targets, self._clock, self._stores = targets, clock, stores
        self._loop = targets.loop
        self._appointments: dict[str, Appointment] = {}

    def follow(self, schedule: Schedule, region: str) -> None:
        """A schedule was made or changed. The request was checked."""
        now = self._clock.now()
        start: Any = schedule.start_date
        timetable = None
        if schedule.state == "ENABLED":
            zone = schedule.schedule_expression_timezone
            timetable = timetable_of(schedule.schedule_expression, zone, start, now)
        # A rate without a start date is due at once: nothing before now counts, now itself does.
        after = max(now, float(start or 0)) - 0.001
        self._loop.call_soon_threadsafe(self._arrange, schedule, region, timetable, after)

    def forget(self, schedule: Schedule) -> None:
        """A schedule was deleted."""
        self._loop.call_soon_threadsafe(self._arrange, schedule, "", None, 0.0)

    def _arrange(self, schedule: Schedule, region: str, timetable: Timetable | None, after_s: float) -> None:
        """Makes the next appointment, and drops the one there was."""
        if (present := self._appointments.pop(schedule.arn, None)) is not None:
            present.cancel()
        due_s = _next(schedule, timetable, after_s)
        if timetable is None or due_s is None:
            return
        minutes = schedule.flexible_time_window.get("MaximumWindowInMinutes") or 0

        async def run() -> None:
            self._arrange(schedule, region, timetable, max(due_s, self._clock.now() - minutes * 60))
            await self._execute(_Execution(schedule, region, due_s, str(uuid.uuid4())))
            if _next(schedule, timetable, due_s) is None and schedule.action_after_completion == "DELETE":
                self._delete(schedule, region)

        moment = due_s + random.uniform(0, minutes * 60)
        self._appointments[schedule.arn] = self._clock.call_at(moment, run)

    def _delete(self, schedule: Schedule, region: str) -> None:
        backend: EventBridgeSchedulerBackend = scheduler_backends[ACCOUNT_ID][region]
        group = backend.schedule_groups.get(schedule.group_name)
        if group is not None and group.schedules.get(schedule.name) is schedule:
            del group.schedules[schedule.name]

    async def _execute(self, execution: _Execution) -> None:
        target = execution.schedule.target
        sender = Role(target["RoleArn"], PRINCIPAL)
        text = target.get("Input") or execution.default_input()

        async def send() -> None:
            self._count(execution, "InvocationAttemptCount")
            body = execution.fill(text, retrying.retries + 1)
            await self._targets.send(sender, target["Arn"], Message(body, options=_options(target)))

        def failed(refusal: NotDelivered) -> None:
            log.warning("schedule %s: %s", execution.schedule.name, refusal)
            self._count(execution, "TargetErrorCount")

        retrying = Retrying(
            self._clock,
            RetryPolicy.of(target.get("RetryPolicy")),
            send,
            failed,
            partial(self._given_up, execution, text),
        )
        await retrying.attempt()

    async def _given_up(self, execution: _Execution, text: str, end: GivenUp) -> None:
        self._count(execution, "InvocationDroppedCount")
        schedule = execution.schedule
        queue = (schedule.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        values = {
            "ERROR_CODE": end.refusal.code,
            "ERROR_MESSAGE": end.refusal.message,
            "EXECUTION_ID": execution.id,
            "EXHAUSTED_RETRY_CONDITION": end.condition,
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(end.retries),
            "SCHEDULED_TIME": iso(execution.due_s),
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": schedule.target["Arn"],
        }
        message = Message(
            execution.fill(text, end.retries + 1), options={"MessageAttributes": attributes(values)}
        )
        try:
            await self._targets.send(Role(schedule.target["RoleArn"], PRINCIPAL), queue, message)
            self._count(execution, "InvocationsSentToDeadLetterCount")
        except NotDelivered as refusal:
            log.warning("schedule %s, dead-letter queue: %s", schedule.name, refusal)
            self._count(execution, "InvocationsFailedToBeSentToDeadLetterCount")

    def _count(self, execution: _Execution, name: str) -> None:
        group = {"ScheduleGroup": execution.schedule.group_name}
        for pairs in ({}, group):
            metric = Metric(NAMESPACE, name, dimensions(pairs))
            self._stores[execution.region].put(metric, self._clock.now(), 1, "Count")


def _next(schedule: Schedule, timetable: Timetable | None, after_s: float) -> float | None:
    """When it is due next; None after its end date. A one-time schedule has no end date."""
    due_s = timetable.after(after_s) if timetable is not None else None
    end: Any = schedule.end_date
    if due_s is None or schedule.schedule_expression.startswith("at(") or end is None:
        return due_s
    return due_s if due_s < float(end) else None


def _options(target: Mapping[str, Any]) -> dict[str, Any]:
    """What a kind of target needs beside its input."""
    given = {
        **(target.get("SqsParameters") or {}),
        **(target.get("EventBridgeParameters") or {}),
        **(target.get("KinesisParameters") or {}),
    }
    return {name: value for name, value in given.items() if value is not None}
