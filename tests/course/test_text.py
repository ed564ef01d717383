"""Notebooks as text: there and back again."""

from __future__ import annotations

import pytest

from labkit.course import notebook as files
from labkit.course.text import to_notebook, to_text
from labkit.errors import CourseError


def test_text_to_notebook_and_back_is_the_same_notebook(text):
    notebook = to_notebook(text)
    again = to_notebook(to_text(notebook))
    assert files.text(again) == files.text(notebook)
    assert to_text(again) == to_text(notebook)


def test_cells_have_what_their_lines_say(text):
    cells = {cell.id: cell for cell in to_notebook(text).cells}
    assert cells["parameters"].metadata == {"tags": ["parameters"]}
    assert cells["title"].cell_type == "markdown"
    assert cells["task-00-1"].metadata == {"labkit": {"exercise": "00.1"}}
    assert len(cells["solve-00-2"].metadata.labkit.stub) == 2
    assert "%stub" not in cells["solve-00-2"].source


@pytest.mark.parametrize(
    ("id", "grading"),
    [
        ("solve-00-1", {"grade": False, "solution": True, "locked": False}),
        ("check-00-1", {"grade": True, "solution": False, "locked": True, "points": 1}),
        ("gate", {"grade": True, "solution": False, "locked": True, "points": 1}),
        ("cost", None),
    ],
)
def test_grading_follows_from_markers_and_checks(text, id, grading):
    cell = next(cell for cell in to_notebook(text).cells if cell.id == id)
    expected = grading and {"schema_version": 3, "grade_id": id, "task": False, **grading}
    assert cell.metadata.get("nbgrader") == expected


def test_outputs_stay_with_cells_that_did_not_change(text):
    before = to_notebook(text)
    for cell in files.code_cells(before):
        cell.execution_count = 1
    after = to_notebook(text.replace("range(3)", "range(4)"), before)
    counts = {cell.id: cell.execution_count for cell in files.code_cells(after)}
    assert counts["solve-00-1"] is None
    assert counts["source"] == 1


def test_percent_signs_of_magics_begin_no_cell():
    [cell] = to_notebook("%% code write\n%%writefile a.py\nx = 1\n%%  markdown\n").cells
    assert cell.source == "%%writefile a.py\nx = 1\n%%  markdown"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "There is no cell"),
        ("x = 1\n%% code a\n", "Line 1 stands before the first cell"),
        ("%% code a\n%% code a\n", "there twice: a"),
        ("%% code a colour=red\n", "neither tags=… nor exercise=…"),
        ("%% code a tags\n", "neither tags=… nor exercise=…"),
    ],
)
def test_text_that_is_no_notebook_is_told(text, says):
    with pytest.raises(CourseError, match=says):
        to_notebook(text)
