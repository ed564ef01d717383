"""AWS's schedule expressions: ``rate(...)``, ``cron(...)`` and ``at(...)`` as times since the epoch. Pure.

Sources: Amazon EventBridge User Guide, "Creating a rule that runs on a schedule"; EventBridge Scheduler User
Guide, "Schedule types" (time zones and daylight saving time).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from labkit.localcloud.sources.timetables import cron

_UNITS_S = {"minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"rate\(([1-9]\d{0,9}) (minute|hour|day)(s?)\)")
_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_CRON = re.compile(r"cron\((.+)\)")


class BadExpression(ValueError):
    """No schedule expression, or a time zone that does not exist."""


class Timetable(Protocol):
    """When something is due, in seconds since the epoch."""

    def after(self, moment_s: float) -> float | None:
        """The first time later than ``moment_s``; None when there is no more."""


@dataclass(frozen=True)
class Rate:
    """Every ``period_s``, first at ``first_s``. A day is 24 hours also when the clocks change."""

    period_s: int
    first_s: float

    def after(self, moment_s: float) -> float | None:
        if moment_s < self.first_s:
            return self.first_s
        return self.first_s + (math.floor((moment_s - self.first_s) / self.period_s) + 1) * self.period_s


@dataclass(frozen=True)
class Once:
    """At one moment."""

    at_s: float

    def after(self, moment_s: float) -> float | None:
        return self.at_s if moment_s < self.at_s else None


@dataclass(frozen=True)
class Calendar:
    """Times of a cron expression on the clocks of a zone.

    A time that the clocks skip in spring does not happen; one that they show twice in autumn happens once.
    """

    times: cron.Cron
    zone: ZoneInfo

    def after(self, moment_s: float) -> float | None:
        local = datetime.fromtimestamp(moment_s, self.zone).replace(tzinfo=None)
        while (found := self.times.after(local)) is not None:
            there = found.replace(tzinfo=self.zone)
            moment = there.timestamp()
            exists = datetime.fromtimestamp(moment, self.zone).replace(tzinfo=None) == found
            if exists and moment > moment_s:
                return moment
            local = found
        return None


def rate_or_cron(expression: str, now_s: float, zone: str = "UTC") -> Timetable:
    """A recurring timetable; a rate counts from ``now_s``, its first time one period later.

    Raises:
        BadExpression: see above.
    """
    if found := _RATE.fullmatch(expression):
        value, plural = int(found[1]), bool(found[3])
        if plural == (value == 1):
            raise BadExpression(f"{expression}: the unit is singular for 1 and plural for more")
        period_s = value * _UNITS_S[found[2]]
        return Rate(period_s, now_s + period_s)
    if found := _CRON.fullmatch(expression):
        try:
            return Calendar(cron.parse(found[1]), _zone(zone))
        except cron.BadCron as problem:
            raise BadExpression(f"{expression}: {problem}") from None
    raise BadExpression(f"{expression} is neither rate(value unit) nor cron(six fields)")


def once_or_recurring(expression: str, first_s: float, zone: str) -> Timetable:
    """A timetable of EventBridge Scheduler; a rate begins at ``first_s``.

    Raises:
        BadExpression: see above.
    """
    if found := _AT.fullmatch(expression):
        try:
            local = datetime.fromisoformat(found[1])
        except ValueError as problem:
            raise BadExpression(f"{expression}: {problem}") from None
        return Once(local.replace(tzinfo=_zone(zone)).timestamp())
    if found := _RATE.fullmatch(expression):
        _zone(zone)
        return Rate(int(found[1]) * _UNITS_S[found[2]], first_s)  # the unit may be either form here
    return rate_or_cron(expression, first_s, zone)


def iso(moment_s: float) -> str:
    """A moment as AWS's events write it: UTC, to the second."""
    return f"{datetime.fromtimestamp(moment_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, no such name, a folder of zones
        raise BadExpression(f"{name} is not a time zone") from None
