"""Scaling at work: what alarms and schedules make of the provisioned concurrency of an alias or a version.

Sources: Application Auto Scaling User Guide, "Target tracking scaling policies", "Scheduled scaling"; AWS
Lambda Developer Guide, "Managing provisioned concurrency with Application Auto Scaling".
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    FakeScalableTarget,
    FakeScheduledAction,
    applicationautoscaling_backends,
)

from labkit.localcloud.clock import Appointment, LessonClock
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.names import Caller
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.alarms.alarms import Alarms
from labkit.localcloud.sources.alarms.messages import Change
from labkit.localcloud.sources.timetables import Timetable, once_or_recurring

DIMENSION = "lambda:function:ProvisionedConcurrency"
METRIC = "LambdaProvisionedConcurrencyUtilization"
LOW_PART = 0.9  # of the target: AWS scales in when use is a tenth below it
ROLE = (
    f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/lambda.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency"
)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Activity:
    """One attempt to scale."""

    id: str
    region: str
    resource_id: str
    description: str
    cause: str
    time_s: float
    failure: str | None


class Scaling:
    """Changes provisioned concurrency. Any thread may call; the work belongs to the event loop."""

    def __init__(
        self,
        functions: FunctionService,
        clock: LessonClock,
        alarms: Alarms,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._functions, self._clock, self.alarms, self._loop = functions, clock, alarms, loop
        self._appointments: dict[str, Appointment] = {}
        self._scaled: dict[tuple[str, str, bool], float] = {}  # last scaled by use (out: True)
        self.activities: list[Activity] = []

    def exists(self, region: str, resource_id: str) -> bool:
        """Whether there is such an alias or version."""
        _, name, qualifier = resource_id.split(":")
        function = self._functions.region(region, ACCOUNT_ID).functions.get(name)
        return function is not None and (
            qualifier in function.aliases
            or (qualifier.isdecimal() and function.version(qualifier) is not None)
        )

    def capacity(self, region: str, resource_id: str) -> int:
        """The provisioned concurrency that is asked for now."""
        _, name, qualifier = resource_id.split(":")
        function = self._functions.region(region, ACCOUNT_ID).functions.get(name)
        setting = function.provisioned.get(qualifier) if function is not None else None
        return setting.requested if setting is not None else 0

    def within_limits(self, region: str, target: FakeScalableTarget, cause: str) -> None:
        """Brings a target within its limits, now."""
        now = self.capacity(region, target.resource_id)
        wanted = max(int(target.min_capacity or 0), min(now, int(target.max_capacity or 0)))
        if wanted != now:
            self._loop.call_soon_threadsafe(
                lambda: self._clock.spawn(self._scale(region, target, wanted, cause))
            )

    async def on_alarm(self, change: Change, policy_arn: str) -> None:
        """An alarm of a target tracking policy asks for more, or for less."""
        backend: ApplicationAutoscalingBackend = applicationautoscaling_backends[ACCOUNT_ID][change.region]
        policy = next((one for one in backend.policies.values() if one.policy_arn == policy_arn), None)
        if policy is None:
            return
        target = backend.targets.get(policy.scalable_dimension, {}).get(policy.resource_id)
        points = json.loads(change.new.data or "{}").get("recentDatapoints") or []
        if target is not None and points:
            await self._track(change, policy, target, float(points[-1]))

    async def _track(
        self,
        change: Change,
        policy: FakeApplicationAutoscalingPolicy,
        target: FakeScalableTarget,
        used: float,
    ) -> None:
        settings: Mapping[str, Any] = policy.target_tracking_scaling_policy_configuration or {}
        now = self.capacity(change.region, target.resource_id)
        wanted = math.ceil(now * used / float(settings["TargetValue"]))
        wanted = max(int(target.min_capacity or 0), min(wanted, int(target.max_capacity or 0)))
        out = wanted > now
        suspended: Mapping[str, Any] = target.suspended_state or {}  # type: ignore[assignment]
        kind = "DynamicScalingOutSuspended" if out else "DynamicScalingInSuspended"
        cooldown = int(settings.get("ScaleOutCooldown" if out else "ScaleInCooldown") or 0)
        last = self._scaled.get((change.region, target.resource_id, out), -math.inf)
        if wanted == now or suspended.get(kind) or self._clock.now() < last + cooldown:
            return
        if not out and settings.get("DisableScaleIn"):
            return
        cause = (
            f"monitor alarm {change.name} in state {change.new.value} triggered policy {policy.policy_name}"
        )
        await self._scale(change.region, target, wanted, cause)
        self._scaled[change.region, target.resource_id, out] = self._clock.now()

    async def _scale(self, region: str, target: FakeScalableTarget, wanted: int, cause: str) -> None:
        _, name, qualifier = target.resource_id.split(":")
        named: dict[str, Any] = {"FunctionName": name, "Qualifier": qualifier}
        operation = "DeleteProvisionedConcurrencyConfig"
        if wanted:
            operation, named = (
                "PutProvisionedConcurrencyConfig",
                {**named, "ProvisionedConcurrentExecutions": wanted},
            )
        failure = None
        try:
            await self._functions.call(operation, named, Caller(region, ACCOUNT_ID, ROLE))
        except ServiceError as error:
            failure = error.message
            log.warning("scaling %s to %s: %s", target.resource_id, wanted, error)
        description = f"Setting desired concurrency to {wanted}."
        self.activities.append(
            Activity(
                str(uuid.uuid4()), region, target.resource_id, description, cause, self._clock.now(), failure
            )
        )

    def follow(self, region: str, action: FakeScheduledAction) -> None:
        """A scheduled action was put."""
        start: Any = action.start_time
        now = self._clock.now()
        timetable = timetable_of(action.schedule, action.timezone, start, now)
        after = max(now, float(start or 0)) - 0.001
        self._loop.call_soon_threadsafe(self._arrange, region, action, timetable, after)

    def forget(self, action: FakeScheduledAction) -> None:
        """A scheduled action was deleted."""
        self._loop.call_soon_threadsafe(self._arrange, "", action, None, 0.0)

    def _arrange(
        self, region: str, action: FakeScheduledAction, timetable: Timetable | None, after_s: float
    ) -> None:
        """Makes the next appointment, and drops the one there was."""
        if (present := self._appointments.pop(action.arn, None)) is not None:
            present.cancel()
        due_s = timetable.after(after_s) if timetable is not None else None
        end: Any = action.end_time
        if due_s is None or (end is not None and due_s > float(end)):
            return

        async def run() -> None:
            self._arrange(region, action, timetable, max(due_s, self._clock.now()))
            await self._apply(region, action)

        self._appointments[action.arn] = self._clock.call_at(due_s, run)

    async def _apply(self, region: str, action: FakeScheduledAction) -> None:
        """New limits for the target, and at once within them."""
        backend: ApplicationAutoscalingBackend = applicationautoscaling_backends[ACCOUNT_ID][region]
        target = backend.targets.get(action.scalable_dimension, {}).get(action.resource_id)
        suspended: Any = target.suspended_state if target is not None else None
        if target is None or (suspended or {}).get("ScheduledScalingSuspended"):
            return
        limits: Any = action.scalable_target_action or {}
        target.update(limits.get("MinCapacity"), limits.get("MaxCapacity"), None)  # type: ignore[arg-type]
        now = self.capacity(region, target.resource_id)
        wanted = max(int(target.min_capacity or 0), min(now, int(target.max_capacity or 0)))
        if wanted != now:
            cause = f"scheduled action name {action.scheduled_action_name} was triggered"
            await self._scale(region, target, wanted, cause)


def timetable_of(expression: str, zone: str | None, start_s: float | None, now_s: float) -> Timetable:
    """When a scheduled action is due; a rate begins at its start time, or now.

    Raises:
        BadExpression: no expression.
    """
    return once_or_recurring(expression, now_s if start_s is None else start_s, zone or "UTC")
