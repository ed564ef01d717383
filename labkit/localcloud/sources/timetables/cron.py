"""AWS's cron expressions: six fields, one of the two for days a question mark. Pure; knows no time zone.

Source: Amazon EventBridge User Guide, "Cron expressions reference": values and wildcards of each field.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
SATURDAY = 7

Days = Callable[[int, int], Iterable[int]]
"""Gives the days of a (year, month), in order."""


class BadCron(ValueError):
    """No cron expression of AWS."""


class _Field(NamedTuple):
    first: int
    last: int
    names: tuple[str, ...] = ()
    steps: bool = True
    wraps: bool = True


_MINUTE, _HOUR = _Field(0, 59), _Field(0, 23)
_DAY, _MONTH = _Field(1, 31), _Field(1, 12, MONTHS)
_WEEKDAY, _YEAR = _Field(1, 7, WEEKDAYS, steps=False), _Field(1970, 2199, wraps=False)


@dataclass(frozen=True)
class Cron:
    """When something happens, on a clock without a zone."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]

    def after(self, moment: datetime) -> datetime | None:
        """The first time later than ``moment`` (without a zone); None when there is no more."""
        begin = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for year in self.years:
            for month in self.months:
                if (year, month) >= (begin.year, begin.month):
                    for day in self.days(year, month):
                        if (found := self._on(date(year, month, day), begin)) is not None:
                            return found
        return None

    def _on(self, day: date, begin: datetime) -> datetime | None:
        if day < begin.date():
            return None
        times = (
            datetime(day.year, day.month, day.day, hour, minute)
            for hour in self.hours
            for minute in self.minutes
        )
        return next((time for time in times if time >= begin), None)


def parse(fields: str) -> Cron:
    """Reads what stands between the parentheses of ``cron(...)``.

    Raises:
        BadCron: not six fields, a value out of its range, or not exactly one question mark.
    """
    parts = fields.upper().split()
    if len(parts) != 6:
        raise BadCron(f"a cron expression has six fields, not {len(parts)}")
    minute, hour, day, month, weekday, year = parts
    if (day == "?") == (weekday == "?"):
        raise BadCron("one of day-of-month and day-of-week has to be a question mark, the other one not")
    return Cron(
        _values(minute, _MINUTE),
        _values(hour, _HOUR),
        _days_of_month(day) if weekday == "?" else _days_of_week(weekday),
        _values(month, _MONTH),
        _values(year, _YEAR),
    )


def _values(text: str, field: _Field) -> tuple[int, ...]:
    """The values of a list of single values, ranges and steps."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        if slash and not (field.steps and step.isascii() and step.isdecimal() and int(step) > 0):
            raise BadCron(f"{part} has no step that counts here")
        found.update(_span(span, field, to_the_end=bool(slash))[:: int(step) if slash else 1])
    return tuple(sorted(found))


def _span(text: str, field: _Field, to_the_end: bool) -> list[int]:
    if text == "*":
        return list(range(field.first, field.last + 1))
    begin, dash, end = text.partition("-")
    first = _number(begin, field)
    last = _number(end, field) if dash else field.last if to_the_end else first
    if first <= last:
        return list(range(first, last + 1))
    if not field.wraps:
        raise BadCron(f"{text} ends before it begins")
    return [*range(first, field.last + 1), *range(field.first, last + 1)]


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.first
    if not (text.isascii() and text.isdecimal() and field.first <= int(text) <= field.last):
        raise BadCron(f"{text or 'nothing'} is not one of {field.first} to {field.last}")
    return int(text)


def _days_of_month(text: str) -> Days:
    if text == "LW":
        return lambda year, month: [_nearest_weekday(year, month, _length(year, month))]
    if found := re.fullmatch(r"L(?:-(\d+))?", text):
        before = _number(found[1], _Field(1, 30)) if found[1] else 0
        return lambda year, month: [day for day in [_length(year, month) - before] if day > 0]
    if text.endswith("W"):
        near = _number(text[:-1], _DAY)
        return lambda year, month: (
            [_nearest_weekday(year, month, near)] if near <= _length(year, month) else []
        )
    wanted = _values(text, _DAY)
    return lambda year, month: [day for day in wanted if day <= _length(year, month)]


def _days_of_week(text: str) -> Days:
    if text == "L":
        return lambda year, month: _weekdays(year, month, {SATURDAY})  # the last day of a week
    if text.endswith("L"):
        last = _number(text[:-1], _WEEKDAY)
        return lambda year, month: _weekdays(year, month, {last})[-1:]
    weekday, hash_, place = text.partition("#")
    if hash_:
        named, nth = _number(weekday, _WEEKDAY), _number(place, _Field(1, 5))
        return lambda year, month: _weekdays(year, month, {named})[nth - 1 : nth]
    wanted = set(_values(text, _WEEKDAY))
    return lambda year, month: _weekdays(year, month, wanted)


def _weekdays(year: int, month: int, wanted: set[int]) -> list[int]:
    """The days that are one of these weekdays; 1 is Sunday."""
    days = range(1, _length(year, month) + 1)
    return [day for day in days if date(year, month, day).isoweekday() % 7 + 1 in wanted]


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day from Monday to Friday that is nearest, within the month."""
    weekday = date(year, month, day).isoweekday()
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 7:
        return day + 1 if day < _length(year, month) else day - 2
    return day


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]
