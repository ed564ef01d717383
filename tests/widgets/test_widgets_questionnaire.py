"""Questionnaire: the judgement is that of `labkit.design`, whatever is chosen."""

from __future__ import annotations

from typing import Any

import pytest

from labkit import design
from labkit.design import Case
from labkit.facts import quota
from labkit.widgets import questionnaire
from labkit.widgets.questionnaire import QUESTIONS


def test_it_begins_with_a_workload_that_fits() -> None:
    """And its answers can be kept as they are."""
    form = questionnaire()
    assert form.verdict.fits
    assert Case(**form.answers) == Case()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("longest_s", 3600, "too long"),
        ("memory_mb", 65536, "too big"),
        ("busy_share", 1.0, "always busy"),
        ("within_ms", 10, "too late"),
        ("waits_s", 3 * 86400, "waits"),
    ],
)
def test_each_answer_has_its_effect(field: str, value: Any, code: str, cell: list[Any]) -> None:
    """In the picture, in the twin that stands below it, and in the answers."""
    form = questionnaire()
    form.show()
    form.questions[field].value = value
    assert form.verdict.codes == (code,)
    assert form.answers[field] == value
    assert f"✗ {code}: " in cell[1].shown["text/plain"]
    assert f"✗ {code}: " in form._page.value
    assert len(cell) == 2


def test_an_answer_can_be_taken_back() -> None:
    """Also that of the first question that has no number."""
    form = questionnaire(Case(within_ms=10))
    form.questions["within_ms"].value = dict(QUESTIONS[3][2])["(one may be late)"]
    assert form.answers["within_ms"] is None
    assert form.verdict.fits


def test_a_number_that_no_answer_has_is_shown_as_it_is() -> None:
    """A case of one's own can be looked at."""
    form = questionnaire(Case(longest_s=42))
    assert form.questions["longest_s"].value == 42
    assert "at most: 42" in form.text()


@pytest.mark.parametrize(
    ("case", "fits"),
    [
        (Case(longest_s=quota("timeout_max_s").value), True),
        (Case(longest_s=quota("timeout_max_s").value + 1), False),
        (Case(memory_mb=quota("memory_max_mb").value), True),
        (Case(memory_mb=quota("memory_max_mb").value + 1), False),
        (Case(within_ms=design.slowest_start_ms()), True),
        (Case(within_ms=design.slowest_start_ms() - 1), False),
        (Case(busy_share=design.busy_limit()), True),
        (Case(busy_share=design.busy_limit() + 0.01), False),
    ],
)
def test_what_is_just_possible_fits(case: Case, fits: bool) -> None:
    """The limits themselves belong to what Lambda does."""
    assert design.judge(case).fits == fits


def test_the_busy_limit_is_where_the_bills_of_a_gigabyte_meet() -> None:
    """A Fargate task of 1 GB and half a vCPU, by the hour, against a GB of Lambda, by the second."""
    task_usd = 0.5 * 0.04048 + 0.004445
    assert design.busy_limit() == pytest.approx(task_usd / (0.0000166667 * 3600))


def test_every_reason_names_what_does_it_better() -> None:
    """Also when there are several."""
    everything = Case(longest_s=9000, memory_mb=20_000, busy_share=1, within_ms=1, waits_s=9000)
    found = design.judge(everything).findings
    assert tuple(one.code for one in found) == design.ANSWERS[1:]
    assert all(one.reason and one.instead for one in found)
    assert "32,768 MB" in found[1].instead
