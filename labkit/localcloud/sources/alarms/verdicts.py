"""What data points make of an alarm: its state, and the sentence that says why. Pure.

Source: Amazon CloudWatch User Guide, "Alarm evaluation" and "Configuring how alarms treat missing data" (the
tables for 3 out of 3 and 2 out of 3), and messages of alarms as AWS's samples show them.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
# CloudWatch looks further back than it evaluates: 5 points for 3 periods in the guide's tables, and no fewer.
FURTHER_BACK, LEAST = 2, 5


@dataclass(frozen=True)
class Threshold:
    """What an alarm asks.

    Attributes:
        operator: AWS's name of the comparison.
        periods, to_alarm: N and M of "M out of N".
        missing: how missing data points count.
        statistic: None for metric math.
    """

    operator: str
    value: float
    periods: int
    to_alarm: int
    missing: str
    period_s: int
    statistic: str | None

    @property
    def looks_back(self) -> int:
        """How many periods are asked for."""
        return max(self.periods + FURTHER_BACK, LEAST)

    def breached_by(self, value: float) -> bool:
        return _COMPARE[self.operator][0](value, self.value)


@dataclass(frozen=True)
class Point:
    """A data point; ``value`` is None where it is missing. ``start_s`` is the beginning of its period."""

    start_s: float
    value: float | None


@dataclass(frozen=True)
class Verdict:
    """``state`` is None where the alarm keeps the one it has."""

    state: str | None
    reason: str
    data: str


_COMPARE: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


def judge(asked: Threshold, points: Sequence[Point], now_s: float) -> Verdict:
    """Evaluates an alarm.

    Args:
        points: as many as ``asked.looks_back``, newest first.
    """
    known = [(age, point.value) for age, point in enumerate(points, 1) if point.value is not None]
    if len(known) >= asked.periods:
        known = known[: asked.periods]
        state: str | None = _decided(asked, known, 0)
    else:
        state = _with_missing(asked, known)
    used = [points[age - 1] for age, _ in known]
    return Verdict(state, _reason(asked, state, used, points), _data(asked, used, points, now_s))


def _decided(asked: Threshold, known: Sequence[tuple[int, float]], filled: int) -> str:
    breaching = filled + sum(asked.breached_by(value) for _, value in known)
    return ALARM if breaching >= asked.to_alarm else OK


def _with_missing(asked: Threshold, known: Sequence[tuple[int, float]]) -> str | None:
    """Some points have to be filled in; as few as possible."""
    if asked.missing == "breaching":
        return _decided(asked, known, asked.periods - len(known))
    if asked.missing == "notBreaching" or _decided(asked, known, 0) == ALARM:
        return _decided(asked, known, 0)
    if any(not asked.breached_by(value) for _, value in known):
        return OK
    if asked.missing == "ignore":
        return None
    # All that there is breaches. It is an alarm once the oldest of it is old enough not to be premature.
    return ALARM if known and known[-1][0] >= asked.to_alarm else INSUFFICIENT


def _reason(asked: Threshold, state: str | None, used: Sequence[Point], points: Sequence[Point]) -> str:
    if state == INSUFFICIENT or state is None:
        unknown = sum(point.value is None for point in points)
        were = "datapoint was" if unknown == 1 else "datapoints were"
        return f"Insufficient Data: {unknown} {were} unknown."
    if not used:
        treated = "Breaching" if asked.missing == "breaching" else "NonBreaching"
        count = asked.periods
        return (
            f"Threshold Crossed: no datapoints were received for {_count(count, 'period')} and "
            f"{_count(count, 'missing datapoint')} {'was' if count == 1 else 'were'} treated as [{treated}]."
        )
    breaching = state == ALARM
    fitting = [point for point in used if asked.breached_by(point.value or 0.0) == breaching]
    shown = ", ".join(f"{point.value!r} ({_day(point.start_s)})" for point in fitting)
    was = ("was" if len(fitting) == 1 else "were") + ("" if breaching else " not")
    change = "OK -> ALARM" if breaching else "ALARM -> OK"
    least = asked.to_alarm if breaching else asked.periods - asked.to_alarm + 1
    return (
        f"Threshold Crossed: {len(fitting)} out of the last {_count(asked.periods, 'datapoint')} [{shown}] "
        f"{was} {_COMPARE[asked.operator][1]} the threshold ({asked.value!r}) "
        f"(minimum {_count(least, 'datapoint')} for {change} transition)."
    )


def _data(asked: Threshold, used: Sequence[Point], points: Sequence[Point], now_s: float) -> str:
    """StateReasonData."""
    data: dict[str, Any] = {"version": "1.0", "queryDate": stamp(now_s)}
    if used:
        data["startDate"] = stamp(used[-1].start_s)
    if asked.statistic is not None:
        data["statistic"] = asked.statistic
    data["period"] = asked.period_s
    data["recentDatapoints"] = [point.value for point in reversed(used)]
    data["threshold"] = asked.value
    data["evaluatedDatapoints"] = [_shown(point) for point in (used or points)]
    return json.dumps(data, separators=(",", ":"))


def _shown(point: Point) -> Mapping[str, Any]:
    told: dict[str, Any] = {"timestamp": stamp(point.start_s)}
    return told if point.value is None else {**told, "value": point.value}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _day(moment_s: float) -> str:
    return f"{datetime.fromtimestamp(moment_s, UTC):%d/%m/%y %H:%M:%S}"


def stamp(moment_s: float) -> str:
    """A moment as alarms write it, to the millisecond."""
    moment = datetime.fromtimestamp(moment_s, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"
