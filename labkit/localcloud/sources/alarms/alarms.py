"""Alarms at work: each meets the lesson clock every minute, and acts when its state changes."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm

from labkit.localcloud.clock import Appointment, LessonClock
from labkit.localcloud.sources.alarms import definition
from labkit.localcloud.sources.alarms.definition import Asked
from labkit.localcloud.sources.alarms.messages import Change, State, region_name
from labkit.localcloud.sources.alarms.verdicts import ALARM, INSUFFICIENT, OK, Verdict, judge
from labkit.localcloud.sources.eventbridge.events import Event
from labkit.localcloud.sources.targets import Message, NotDelivered, Service, Targets
from labkit.localcloud.telemetry.mathematics import CannotCompute
from labkit.localcloud.telemetry.store import MINUTE_S, Stores

TO_TOPICS, TO_FUNCTIONS = "cloudwatch.amazonaws.com", "lambda.alarms.cloudwatch.amazonaws.com"
log = logging.getLogger(__name__)

Act = Callable[[Change, str], Awaitable[None]]


@dataclass(frozen=True)
class HistoryItem:
    """One line of an alarm's history."""

    time_s: float
    kind: str  # ConfigurationUpdate, StateUpdate or Action
    summary: str
    data: str


@dataclass
class Watched:
    """An alarm that moto keeps, what PutMetricAlarm was given for it, and what has happened to it."""

    alarm: Alarm
    asked: Asked
    region: str
    history: list[HistoryItem] = field(default_factory=list)
    appointment: Appointment | None = None


class Alarms:
    """Follows the alarms that moto keeps. Any thread may call; evaluation belongs to the event loop."""

    def __init__(
        self, targets: Targets, clock: LessonClock, stores: Stores, publish: Callable[[Event], None]
    ) -> None:
        """``publish`` puts an event on a bus of EventBridge."""
        self._targets, self._clock, self._stores, self._tell_bus = targets, clock, stores, publish
        self._loop = targets.loop
        self._watched: dict[str, Watched] = {}
        self._deleted: list[Watched] = []
        self._acts: dict[str, Act] = {"sns": self._notify, "lambda": self._invoke}

    def register(self, service: str, act: Act) -> None:
        """Adds a kind of action, by the service in its ARN."""
        self._acts[service] = act

    def follow(self, alarm: Alarm, asked: Asked, region: str) -> None:
        """An alarm was put; it keeps the state and the history that it has."""
        region_name(region)  # botocore's list of Regions is read here, off the event loop
        present = self._watched.get(alarm.alarm_arn)
        watched = Watched(alarm, asked, region, present.history if present else [])
        self._watched[alarm.alarm_arn] = watched
        verb = "updated" if present else "created"
        told = {"version": "1.0", "type": "Update" if present else "Create"}
        self._note(watched, "ConfigurationUpdate", f'Alarm "{alarm.name}" {verb}', told)
        if present is not None:
            alarm.state_value, alarm.state_reason = present.alarm.state_value, present.alarm.state_reason
            alarm.state_reason_data = present.alarm.state_reason_data
            alarm.state_updated_timestamp = present.alarm.state_updated_timestamp
            self._loop.call_soon_threadsafe(_forget, present)
        else:
            alarm.state_value = INSUFFICIENT  # moto begins with OK
        self._loop.call_soon_threadsafe(self._arrange, watched)

    def forget(self, alarm_arn: str) -> None:
        """An alarm was deleted; its history stays, as on AWS."""
        if (watched := self._watched.pop(alarm_arn, None)) is not None:
            self._note(
                watched, "ConfigurationUpdate", f'Alarm "{watched.alarm.name}" deleted', {"type": "Delete"}
            )
            self._deleted.append(watched)
            self._loop.call_soon_threadsafe(_forget, watched)

    def set_state(self, alarm_arn: str, value: str, reason: str, data: str | None) -> None:
        """SetAlarmState: until the next evaluation; actions follow a change."""
        if (watched := self._watched.get(alarm_arn)) is not None:
            self._loop.call_soon_threadsafe(self._change, watched, value, reason, data)

    def history(self, region: str) -> list[tuple[str, HistoryItem]]:
        """(name of the alarm, item) of a Region, newest first."""
        items = [
            (watched.alarm.name, item)
            for watched in [*list(self._watched.values()), *self._deleted]
            if watched.region == region
            for item in watched.history
        ]
        return sorted(items, key=lambda item: item[1].time_s, reverse=True)

    def _arrange(self, watched: Watched) -> bool:
        """Makes the next appointment; False when the alarm was put anew or deleted in the meantime."""
        if self._watched.get(watched.alarm.alarm_arn) is not watched:
            return False
        step = min(definition.period_s(watched.asked), MINUTE_S)
        due_s = (int(self._clock.now()) // step + 1) * step

        async def run() -> None:
            if self._arrange(watched):
                self._evaluate(watched, due_s)

        watched.appointment = self._clock.call_at(due_s, run)
        return True

    def _evaluate(self, watched: Watched, end_s: int) -> None:
        asked = definition.threshold(watched.asked)
        try:
            store = self._stores[watched.region]
            points = definition.points(watched.asked, store, end_s, asked.looks_back)
        except CannotCompute as problem:
            log.warning("alarm %s: %s", watched.alarm.name, problem)
            return
        verdict = judge(asked, points, self._clock.now())
        if verdict.state is not None and verdict.state != watched.alarm.state_value:
            self._change(watched, verdict.state, verdict.reason, verdict.data)
        elif verdict.state == ALARM and watched.alarm.actions_enabled:
            self._scale_on(watched, verdict)

    def _scale_on(self, watched: Watched, verdict: Verdict) -> None:
        """While an alarm lasts, scaling policies are asked again at each evaluation; others are not."""
        scaling = [arn for arn in watched.alarm.alarm_actions if arn.split(":")[2] == "autoscaling"]
        if scaling:
            state = State(ALARM, verdict.reason, verdict.data, self._clock.now())
            change = self._told(watched, state, state)
            for arn in scaling:
                self._act(watched, change, arn)

    def _change(self, watched: Watched, value: str, reason: str, data: str | None) -> None:
        alarm, now = watched.alarm, self._clock.now()
        old = State(
            alarm.state_value,
            alarm.state_reason,
            alarm.state_reason_data if alarm.state_reason_data != "{}" else None,
            alarm.state_updated_timestamp.replace(tzinfo=UTC).timestamp(),
        )
        new = State(value, reason, data, now)
        alarm.state_value, alarm.state_reason = value, reason
        alarm.state_reason_data = data  # type: ignore[assignment]
        alarm.state_updated_timestamp = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
        if old.value == value:
            return
        change = self._told(watched, old, new)
        told = {"version": "1.0", "oldState": _state(old), "newState": _state(new)}
        self._note(watched, "StateUpdate", f"Alarm updated from {old.value} to {value}", told)
        self._publish(change)
        if alarm.actions_enabled:
            for arn in _actions(alarm, value):
                self._act(watched, change, arn)

    def _told(self, watched: Watched, old: State, new: State) -> Change:
        alarm = watched.alarm
        updated_s = alarm.configuration_updated_timestamp.replace(tzinfo=UTC).timestamp()
        return Change(alarm.name, alarm.alarm_arn, watched.region, watched.asked, updated_s, old, new)

    def _publish(self, change: Change) -> None:
        now = self._clock.now()
        kind, resources = "CloudWatch Alarm State Change", (change.arn,)
        self._tell_bus(Event(change.region, "aws.cloudwatch", kind, change.detail(), now, now, resources))

    def _act(self, watched: Watched, change: Change, arn: str) -> None:
        async def act() -> None:
            told = {"actionState": "Succeeded", "publishedMessage": change.for_topics(), "actionArn": arn}
            try:
                await self._acts[arn.split(":")[2]](change, arn)
            except NotDelivered as refusal:
                told |= {"actionState": "Failed", "error": str(refusal)}
                log.warning("alarm %s, action %s: %s", change.name, arn, refusal)
            verb = "Successfully executed" if told["actionState"] == "Succeeded" else "Failed to execute"
            self._note(watched, "Action", f"{verb} action {arn}", told)

        self._targets.soon(act)

    async def _notify(self, change: Change, arn: str) -> None:
        message = Message(change.for_topics(), options={"Subject": change.subject()})
        await self._targets.send(Service(TO_TOPICS, change.arn), arn, message)

    async def _invoke(self, change: Change, arn: str) -> None:
        await self._targets.send(Service(TO_FUNCTIONS, change.arn), arn, Message(change.for_functions()))

    def _note(self, watched: Watched, kind: str, summary: str, data: dict[str, Any]) -> None:
        watched.history.append(HistoryItem(self._clock.now(), kind, summary, json.dumps(data)))


def _forget(watched: Watched) -> None:
    if watched.appointment is not None:
        watched.appointment.cancel()


def _actions(alarm: Alarm, value: str) -> list[str]:
    actions = {
        ALARM: alarm.alarm_actions,
        OK: alarm.ok_actions,
        INSUFFICIENT: alarm.insufficient_data_actions,
    }
    return list(actions[value] or ())


def _state(state: State) -> dict[str, Any]:
    told: dict[str, Any] = {"stateValue": state.value, "stateReason": state.reason}
    if state.data:
        told["stateReasonData"] = json.loads(state.data)
    return told
