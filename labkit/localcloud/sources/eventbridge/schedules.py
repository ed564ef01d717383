"""Rules with a schedule: each that is enabled has one appointment with the lesson clock."""

from __future__ import annotations

import asyncio

from moto.events.models import Rule

from labkit.localcloud.clock import Appointment, LessonClock
from labkit.localcloud.sources.eventbridge.bus import EventBridge
from labkit.localcloud.sources.eventbridge.events import Event
from labkit.localcloud.sources.timetables import Timetable, rate_or_cron


class ScheduledRules:
    """Follows the rules that moto keeps. Any thread may call; appointments belong to the event loop."""

    def __init__(self, bridge: EventBridge, clock: LessonClock, loop: asyncio.AbstractEventLoop) -> None:
        self._bridge, self._clock, self._loop = bridge, clock, loop
        self._appointments: dict[str, Appointment] = {}

    def follow(self, rule: Rule) -> None:
        """A rule was put, enabled or disabled; a rate counts from now."""
        wanted = rule.scheduled_expression if rule.state != "DISABLED" else None
        timetable = rate_or_cron(wanted, self._clock.now()) if wanted else None
        self._loop.call_soon_threadsafe(self._arrange, rule, timetable, self._clock.now())

    def forget(self, rule: Rule) -> None:
        """A rule was deleted."""
        self._loop.call_soon_threadsafe(self._arrange, rule, None, 0.0)

    def _arrange(self, rule: Rule, timetable: Timetable | None, after_s: float) -> None:
        """Makes the next appointment, and drops the one there was."""
        if (present := self._appointments.pop(rule.arn, None)) is not None:
            present.cancel()
        due_s = timetable.after(after_s) if timetable is not None else None
        if timetable is None or due_s is None:
            return

        async def run() -> None:
            self._arrange(rule, timetable, max(due_s, self._clock.now()))
            self._fire(rule, due_s)

        self._appointments[rule.arn] = self._clock.call_at(due_s, run)

    def _fire(self, rule: Rule, due_s: float) -> None:
        event = Event(
            rule.region_name, "aws.events", "Scheduled Event", {}, due_s, self._clock.now(), (rule.arn,)
        )
        self._bridge.trigger(rule, event)
