"""The workbook itself: solutions say what was recorded, learner copies say what is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labkit import checks
from labkit.course import build, hints
from labkit.course import notebook as files
from labkit.course.places import Course, notebooks, phase
from labkit.course.run import Order, run
from tests.notebooks.strict import compare

ROOT = Path(__file__).resolve().parents[2]
COURSE = Course(ROOT)
SOLUTIONS = notebooks(COURSE.solutions)
NAMES = [path.stem for path in SOLUTIONS]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not SOLUTIONS, reason="solutions/ has no notebooks yet"),
]


@pytest.mark.parametrize("path", SOLUTIONS, ids=NAMES)
def test_a_solution_alone_says_what_was_recorded(path, as_learners_have_it, record_property):
    """By nbval in a fresh cloud, checks raising, with the parameters that learners have."""
    compared = compare(COURSE, path.stem)
    record_property("cells_s", compared.cells_s)
    assert compared.agrees, compared.said[-8000:]
    assert not compared.left
    asked = files.checks_in(files.read(path))
    assert len(asked) == len(checks.checks(phase(path))) > 0
    assert {compared.marks[id].state for id in asked} <= {"done", "skipped"}


@pytest.mark.parametrize("path", SOLUTIONS, ids=NAMES)
def test_a_learner_copy_reports_every_exercise_undone_and_nothing_else_fails(
    path, as_learners_have_it, record_property
):
    [outcome] = run(COURSE, Order((path.stem,), learner=True))
    record_property("cells_s", outcome.cells_s)
    assert not outcome.problems, "\n".join(outcome.problems)
    assert outcome.count("undone") + outcome.count("skipped") == len(outcome.asked)
    assert outcome.count("undone") > 0


def test_learner_copies_are_what_the_solutions_give():
    assert not build.compare(COURSE), "run `labkit build`"


@pytest.mark.parametrize("path", SOLUTIONS, ids=NAMES)
def test_outputs_were_recorded(path):
    """nbval compares nothing in a cell without an execution count."""
    cells = list(files.code_cells(files.read(path)))
    assert not [cell.id for cell in cells if cell.source and cell.execution_count is None]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run `labkit record`"
    assert any(cell.outputs for cell in cells)
    asking = [cell for cell in cells if files.CHECK_CALL.search(cell.source)]
    assert all("✓" in files.text_of(cell) or "–" in files.text_of(cell) for cell in asking)


@pytest.mark.parametrize("path", SOLUTIONS, ids=NAMES)
def test_no_error_and_no_failed_check_was_recorded(path):
    for cell in files.code_cells(files.read(path)):
        assert not [output for output in cell.outputs if output.output_type == "error"]
        assert not re.search(r"^✗", files.text_of(cell), re.M)


@pytest.mark.parametrize("path", SOLUTIONS, ids=NAMES)
def test_every_exercise_has_three_hints_the_last_nearly_the_answer(path):
    exercises = [one.id for one in checks.checks(phase(path))]
    assert not hints.problems(path, exercises)
    for exercise in exercises:
        weak, middle, strong = hints.in_notebook(path)[exercise]
        assert len({weak, middle, strong}) == 3
        assert "```" in strong or "`" in strong


@pytest.mark.parametrize("path", SOLUTIONS, ids=NAMES)
def test_a_notebook_keeps_the_house_rules(path):
    """At most about 45 cells, of which nine code cells in ten have eight lines or fewer."""
    notebook = files.read(path)
    lengths = [len(cell.source.splitlines()) for cell in files.code_cells(notebook)]
    assert len(notebook.cells) <= 50
    assert sum(length <= 8 for length in lengths) >= 0.9 * len(lengths)


@pytest.mark.parametrize("path", SOLUTIONS, ids=NAMES)
def test_what_is_stored_is_stored_the_same_way(path):
    assert path.read_text() == files.text(files.read(path))
