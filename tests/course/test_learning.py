"""Hints and progress: what helps a learner on."""

from __future__ import annotations

import pytest

import labkit
from labkit.checks import Journal
from labkit.course import hints
from labkit.course.hints import hint
from labkit.course.progress import progress
from labkit.errors import LabError


def test_hints_come_in_three_levels_from_the_notebook(course):
    first = hint("00.1")
    assert (first.level, first.levels) == (1, 3)
    assert first.text == "`labkit.deploy.function` packages, creates and waits."
    assert str(first).startswith("Hint 1 of 3 for 00.1\n")
    assert "More: labkit hint 00.1 --level 2" in str(first)
    last = hint("00.1", 3)
    assert "then `lambda_.invoke`" in last.text
    assert not last.next
    assert "**Hint 3 of 3" in last._repr_markdown_()


def test_the_package_and_the_lab_give_the_same_hint(course, workspace):
    assert (
        labkit.hint("00.2", 2)
        == hint("00.2", 2)
        == labkit.open("00-tiny", workspace=workspace).hint("00.2", 2)
    )


@pytest.mark.parametrize(
    ("exercise", "level", "says"),
    [
        ("00.9", 1, r"no hints for '00\.9'.*00\.1, 00\.2"),
        ("x", 1, "no hints for 'x'.*00.2"),
        ("00.1", 4, "1 to 3"),
    ],
)
def test_hints_that_there_are_not_are_told(course, exercise, level, says):
    with pytest.raises(LabError, match=says):
        hint(exercise, level)


def test_exercises_without_three_hints_are_found(course):
    path = course.copies / "00-tiny.ipynb"
    assert hints.problems(path, ["00.1", "00.2"]) == []
    assert hints.problems(path, ["00.3"]) == ["00.3 has 0 hints instead of 3"]


def test_progress_says_what_is_done_and_what_is_next(tmp_path):
    assert str(progress(tmp_path / "elsewhere")).startswith(f"Nothing was begun in {tmp_path / 'elsewhere'}.")
    journal = Journal(tmp_path)
    assert progress(tmp_path).next.id == "00.1"
    journal.note("00.1", "done")
    journal.note("00.2", "undone")
    journal.note("02.8", "skipped")
    way = progress(tmp_path)
    assert way.next.id == "00.2"
    signs = {step.id: step.sign for step in way.steps}
    assert (signs["00.1"], signs["00.2"], signs["02.1"], signs["02.8"]) == ("✓", "✗", "·", "–")
    said = str(way)
    assert "Phase 00: 1 of 3" in said
    assert said.endswith("Next: 00.2 You changed the function, and the change is live")


def test_progress_at_the_end(tmp_path):
    for step in progress(tmp_path).steps:
        Journal(tmp_path).note(step.id, "done")
    assert progress(tmp_path).next is None
    assert str(progress(tmp_path)).endswith("Everything is done.")


def test_the_gate_stands_behind_the_checks_of_its_phase(tmp_path):
    assert [step.id for step in progress(tmp_path).of("00")] == ["00.1", "00.2", "00.gate"]
