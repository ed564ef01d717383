"""Schedule expressions: AWS's own examples, every wildcard, what is refused, and clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from labkit.localcloud.sources.timetables import (
    BadExpression,
    Timetable,
    iso,
    once_or_recurring,
    rate_or_cron,
)

# 2026-02-27 is a Friday; 2028 is a leap year.
NEW_YORK = "America/New_York"
NOW = datetime(2026, 2, 27, 12, 30, 20, tzinfo=UTC).timestamp()


def times(timetable: Timetable, count: int, after_s: float = NOW) -> list[str]:
    found = []
    moment: float | None = after_s
    for _ in range(count):
        moment = timetable.after(moment)
        if moment is None:
            break
        found.append(iso(moment).removesuffix(":00Z"))
    return found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # The examples of the EventBridge User Guide.
        ("0 10 * * ? *", ["2026-02-28T10:00", "2026-03-01T10:00"]),
        ("15 12 * * ? *", ["2026-02-28T12:15", "2026-03-01T12:15"]),
        ("0 18 ? * MON-FRI *", ["2026-02-27T18:00", "2026-03-02T18:00"]),
        ("0 8 1 * ? *", ["2026-03-01T08:00", "2026-04-01T08:00"]),
        ("0/15 * * * ? *", ["2026-02-27T12:45", "2026-02-27T13:00"]),
        ("0/10 * ? * MON-FRI *", ["2026-02-27T12:40", "2026-02-27T12:50"]),
        ("0/5 8-17 ? * MON-FRI *", ["2026-02-27T12:35", "2026-02-27T12:40"]),
        ("0/30 20-2 ? * MON-FRI *", ["2026-02-27T20:00", "2026-02-27T20:30"]),
        ("0 9 ? * 2#1 *", ["2026-03-02T09:00", "2026-04-06T09:00"]),
        # Every wildcard.
        ("0 0 L * ? *", ["2026-02-28T00:00", "2026-03-31T00:00", "2026-04-30T00:00"]),
        ("0 0 L-2 * ? *", ["2026-03-29T00:00", "2026-04-28T00:00"]),
        ("0 0 LW * ? *", ["2026-03-31T00:00", "2026-04-30T00:00", "2026-05-29T00:00"]),
        ("0 0 3W * ? *", ["2026-03-03T00:00", "2026-04-03T00:00", "2026-05-04T00:00"]),
        ("0 0 1W 8 ? *", ["2026-08-03T00:00", "2027-08-02T00:00"]),
        ("0 0 31W * ? *", ["2026-03-31T00:00", "2026-05-29T00:00"]),
        ("0 0 ? * 6L *", ["2026-03-27T00:00", "2026-04-24T00:00"]),
        ("0 0 ? * friL *", ["2026-03-27T00:00", "2026-04-24T00:00"]),
        ("0 0 ? * L *", ["2026-02-28T00:00", "2026-03-07T00:00"]),
        ("0 0 ? 2 SUN#5 *", ["2032-02-29T00:00", "2060-02-29T00:00"]),
        ("0 0 ? * FRI-MON *", ["2026-02-28T00:00", "2026-03-01T00:00", "2026-03-02T00:00"]),
        ("0 0 29 FEB ? *", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 0 1,15 JAN,jul ? 2027-2028", ["2027-01-01T00:00", "2027-01-15T00:00", "2027-07-01T00:00"]),
        ("30 12 27 2 ? 2026/2", ["2028-02-27T12:30", "2030-02-27T12:30"]),
        ("10-20/5,59 12 * * ? *", ["2026-02-27T12:59", "2026-02-28T12:10", "2026-02-28T12:15"]),
        # Never again.
        ("0 0 1 1 ? 2026", []),
        ("0 0 31 2 ? *", []),
    ],
)
def test_a_cron_expression_means_these_times(fields: str, expected: list[str]) -> None:
    """In UTC, after Friday 2026-02-27 12:30:20."""
    timetable = rate_or_cron(f"cron({fields})", NOW)
    assert times(timetable, max(len(expected), 1)) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "", "cron()", "cron(0 10 * * ?)", "cron(0 10 * * ? * *)", "cron(* * * * * *)", "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)", "cron(0 24 * * ? *)", "cron(0 10 32 * ? *)", "cron(0 10 0 * ? *)",
        "cron(0 10 * 13 ? *)", "cron(0 10 ? * 8 *)", "cron(0 10 ? * 0 *)", "cron(0 10 * * ? 1969)",
        "cron(0 10 * * ? 2200)", "cron(0/0 10 * * ? *)", "cron(*/x 10 * * ? *)", "cron(0 10 ? * MON/2 *)",
        "cron(0 10 ? * 3#6 *)", "cron(0 10 ? * 3#1,6#3 *)", "cron(0 10 L,15 * ? *)", "cron(0 10 W * ? *)",
        "cron(0 10 ? FEBRUARY * *)", "cron(0 10 * * ? 2028-2027)", "cron(0 -5 * * ? *)",
        "cron(0,, 10 * * ? *)",
        "CRON(0 10 * * ? *)", "cron(0 10 * * ? *) ", "cron 0 10 * * ? *",
        "rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "rate(10 seconds)", "rate(-1 days)",
        "rate(1.5 hours)", "rate(5 MINUTES)", "rate( 5 minutes )", "rate(5)", "at(2030-01-01T00:00:00)",
    ],
)  # fmt: skip
def test_what_is_no_expression_of_a_rule_is_refused(expression: str) -> None:
    """AWS: Parameter ScheduleExpression is not valid."""
    with pytest.raises(BadExpression):
        rate_or_cron(expression, NOW)


def test_a_rate_counts_from_its_beginning() -> None:
    """A rule first runs one period after it was made; a day is 24 hours."""
    assert times(rate_or_cron("rate(5 minutes)", NOW), 2) == ["2026-02-27T12:35:20Z", "2026-02-27T12:40:20Z"]
    assert times(rate_or_cron("rate(1 day)", NOW), 1) == ["2026-02-28T12:30:20Z"]
    begun = rate_or_cron("rate(1 hour)", NOW)
    assert times(begun, 1, NOW + 3600) == ["2026-02-27T14:30:20Z"]


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # New York: 2026-03-08 02:00 becomes 03:00; 2026-11-01 02:00 becomes 01:00.
        ("cron(30 2 * * ? *)", NEW_YORK, "2026-03-07T00:00", ["2026-03-07T07:30", "2026-03-09T06:30"]),
        ("cron(30 1 * * ? *)", NEW_YORK, "2026-11-01T00:00", ["2026-11-01T05:30", "2026-11-02T06:30"]),
        ("cron(30 1 * * ? *)", NEW_YORK, "2026-11-01T05:40", ["2026-11-02T06:30"]),
        ("cron(0 9 * * ? *)", "Europe/Berlin", "2026-03-28T00:00", ["2026-03-28T08:00", "2026-03-29T07:00"]),
        ("cron(0 11 * * ? *)", "Asia/Tokyo", "2026-03-28T00:00", ["2026-03-28T02:00", "2026-03-29T02:00"]),
        ("rate(1 days)", NEW_YORK, "2026-03-08T00:00", ["2026-03-08T12:30:20Z", "2026-03-09T12:30:20Z"]),
        ("at(2026-07-01T09:00:00)", "Europe/Berlin", "2026-03-01T00:00", ["2026-07-01T07:00"]),
        ("at(2026-07-01T09:00:00)", "UTC", "2026-08-01T00:00", []),
    ],
)  # fmt: skip
def test_a_zone_decides_when_and_its_clocks_may_change(
    expression: str, zone: str, after: str, expected: list[str]
) -> None:
    """Skipped times do not happen, times shown twice happen once, a rate's day has 24 hours."""
    timetable = once_or_recurring(expression, NOW, zone)
    begin = datetime.fromisoformat(after).replace(tzinfo=UTC).timestamp()
    assert times(timetable, max(len(expected), 1), begin)[: len(expected) or None] == expected


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("at(2026-07-01)", "UTC"), ("at(2026-13-01T00:00:00)", "UTC"), ("at(2026-07-01T09:00:00Z)", "UTC"),
        ("rate(5 minutes)", "Mars/Olympus"), ("cron(0 10 * * ? *)", "../etc"),
        ("cron(0 10 * * ? *)", "Europe"),
    ],
)  # fmt: skip
def test_what_is_no_expression_of_a_schedule_is_refused(expression: str, zone: str) -> None:
    """Also where only the zone is wrong."""
    with pytest.raises(BadExpression):
        once_or_recurring(expression, NOW, zone)
