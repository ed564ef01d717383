"""What data points make of an alarm: the tables of the CloudWatch User Guide, operators, AWS's sentences."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labkit.localcloud.sources.alarms.verdicts import Point, Threshold, judge

ALARM, OK, NONE, KEEP = "ALARM", "OK", "INSUFFICIENT_DATA", None
NEWEST_S = 1_570_035_540  # 2019-10-02T16:59:00Z


def asked(**other: Any) -> Threshold:
    told = {
        "operator": "GreaterThanThreshold",
        "value": 50.0,
        "periods": 3,
        "to_alarm": 3,
        "missing": "missing",
        "period_s": 60,
        "statistic": "Average",
    }
    return Threshold(**{**told, **other})


def points(text: str) -> list[Point]:
    """Oldest first, as the guide writes them: X breaches, 0 does not, - is missing."""
    values = {"X": 99.5, "0": 0.0, "-": None}
    newest_first = reversed(text.split())
    return [Point(NEWEST_S - age * 60, values[mark]) for age, mark in enumerate(newest_first)]


@pytest.mark.parametrize(
    ("to_alarm", "data", "missing", "ignore", "breaching", "not_breaching"),
    [
        # "3 out of 3"
        (3, "0 - X - X", OK, OK, OK, OK),
        (3, "0 - - - -", OK, OK, OK, OK),
        (3, "- - - - -", NONE, KEEP, ALARM, OK),
        (3, "0 X X - X", ALARM, ALARM, ALARM, ALARM),
        (3, "- - X - -", ALARM, KEEP, ALARM, OK),
        # "2 out of 3"
        (2, "0 - X - X", ALARM, ALARM, ALARM, ALARM),
        (2, "0 0 X 0 X", ALARM, ALARM, ALARM, ALARM),
        (2, "0 - X - -", OK, OK, ALARM, OK),
        (2, "- - - - 0", OK, OK, ALARM, OK),
        (2, "- - - X -", ALARM, KEEP, ALARM, OK),
        # Not premature: all that there is breaches, but it is too young.
        (3, "- - - - X", NONE, KEEP, ALARM, OK),
        (3, "- - - X X", NONE, KEEP, ALARM, OK),
        (3, "- - X X X", ALARM, ALARM, ALARM, ALARM),
    ],
)
def test_missing_data_points_are_treated_as_the_guide_says(
    to_alarm: int, data: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    """One line for each line of the guide's tables."""
    expected = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    found = {
        treated: judge(asked(to_alarm=to_alarm, missing=treated), points(data), NEWEST_S + 60).state
        for treated in expected
    }
    assert found == expected


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        ("GreaterThanThreshold", OK, OK, ALARM),
        ("GreaterThanOrEqualToThreshold", OK, ALARM, ALARM),
        ("LessThanThreshold", ALARM, OK, OK),
        ("LessThanOrEqualToThreshold", ALARM, ALARM, OK),
    ],
)
def test_comparison_operators(operator: str, below: str, equal: str, above: str) -> None:
    """Each with a value below, at and above the threshold."""
    one = asked(operator=operator, periods=1, to_alarm=1)
    found = [judge(one, [Point(NEWEST_S, value)], NEWEST_S + 60) for value in (49.0, 50.0, 51.0)]
    states = [verdict.state for verdict in found]
    assert states == [below, equal, above]


@pytest.mark.parametrize(
    ("threshold", "data", "reason"),
    [
        (
            asked(periods=1, to_alarm=1),
            "X",
            "Threshold Crossed: 1 out of the last 1 datapoint [99.5 (02/10/19 16:59:00)] was greater than "
            "the threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition).",
        ),
        (
            asked(to_alarm=2),
            "X 0 X",
            "Threshold Crossed: 2 out of the last 3 datapoints [99.5 (02/10/19 16:59:00), "
            "99.5 (02/10/19 16:57:00)] were greater than the threshold (50.0) (minimum 2 datapoints for "
            "OK -> ALARM transition).",
        ),
        (
            asked(to_alarm=2),
            "0 0 X",
            "Threshold Crossed: 2 out of the last 3 datapoints [0.0 (02/10/19 16:58:00), "
            "0.0 (02/10/19 16:57:00)] were not greater than the threshold (50.0) (minimum 2 datapoints for "
            "ALARM -> OK transition).",
        ),
        (asked(), "- - - - -", "Insufficient Data: 5 datapoints were unknown."),
        (
            asked(periods=1, to_alarm=1, missing="notBreaching"),
            "- - - - -",
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated "
            "as [NonBreaching].",
        ),
    ],
)
def test_the_reason_is_told_in_awss_words(threshold: Threshold, data: str, reason: str) -> None:
    """As StateReason has it."""
    assert judge(threshold, points(data), NEWEST_S + 60).reason == reason


def test_the_reason_data_has_the_data_points() -> None:
    """As StateReasonData has it."""
    told = json.loads(judge(asked(periods=1, to_alarm=1), points("X"), NEWEST_S + 60.985).data)
    assert told == {
        "version": "1.0",
        "queryDate": "2019-10-02T17:00:00.985+0000",
        "startDate": "2019-10-02T16:59:00.000+0000",
        "statistic": "Average",
        "period": 60,
        "recentDatapoints": [99.5],
        "threshold": 50.0,
        "evaluatedDatapoints": [{"timestamp": "2019-10-02T16:59:00.000+0000", "value": 99.5}],
    }
