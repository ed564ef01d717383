"""Learner copies: what is taken out, what stays, and what a solution has to be."""

from __future__ import annotations

import json

import pytest

from labkit.course import build
from labkit.course import notebook as files
from labkit.course.build import without_solutions
from labkit.course.text import to_notebook
from labkit.errors import CourseError
from tests.course.conftest import NAME, solve

USUAL = "# Your turn: replace this line by what the task above asks for."


@pytest.mark.parametrize(
    ("source", "stubs", "copy"),
    [
        ("a = 1", (), "a = 1"),
        ("a\n### BEGIN SOLUTION\nb\n### END SOLUTION\nc", (), f"a\n{USUAL}\n...\nc"),
        ("### BEGIN SOLUTION\nb\n### END SOLUTION", ("# Do b.\nb = None",), "# Do b.\nb = None"),
        ("def f():\n    ### BEGIN SOLUTION\n    x\n    ### END SOLUTION", ("pass",), "def f():\n    pass"),
        (
            "### BEGIN SOLUTION\nb\n### END SOLUTION\n### BEGIN SOLUTION\nd\n### END SOLUTION",
            ("one", "two"),
            "one\ntwo",
        ),
        ("  // ### BEGIN SOLUTION\n  b;\n  // ### END SOLUTION", (), f"  {USUAL.replace('#', '//')}"),
    ],
)
def test_solutions_are_replaced_by_stubs(source, stubs, copy):
    assert without_solutions(source, "cell", stubs) == copy


@pytest.mark.parametrize(
    ("source", "stubs", "says"),
    [
        ("### BEGIN SOLUTION\nb", (), "begins and does not end"),
        ("b\n### END SOLUTION", (), "ends that did not begin"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION", (), "begins inside another one"),
        ("### BEGIN SOLUTION\n### END SOLUTION", ("a", "b"), "2 stubs for 1 solutions"),
    ],
)
def test_markers_that_do_not_match_are_told(source, stubs, says):
    with pytest.raises(CourseError, match=f"cell: .*{says}"):
        without_solutions(source, "cell", stubs)


def test_a_learner_copy_has_the_same_cells_ids_and_tags(course):
    solved = files.read(course.solutions / f"{NAME}.ipynb")
    copy = files.read(course.copies / f"{NAME}.ipynb")
    assert [cell.id for cell in copy.cells] == [cell.id for cell in solved.cells]
    assert copy.cells[1].metadata.tags == ["parameters"]
    for ours, theirs in zip(solved.cells, copy.cells, strict=True):
        assert ours.metadata.get("nbgrader") == theirs.metadata.get("nbgrader")
        assert "stub" not in theirs.metadata.get("labkit", {})
        assert (ours.source == theirs.source) == ("BEGIN SOLUTION" not in ours.source)


def test_no_solution_and_no_output_reaches_a_learner(course):
    solved = files.read(course.solutions / f"{NAME}.ipynb")
    for cell in files.code_cells(solved):
        cell.outputs = [files.node({"output_type": "stream", "name": "stdout", "text": "secret"})]
        cell.execution_count = 3
    copy = files.text(build.learner_copy(solved))
    assert "SOLUTION" not in copy
    assert "secret" not in copy
    assert '"execution_count": 3' not in copy
    handler = (course.copies / "functions" / "hello" / "app.py").read_text()
    assert handler == f"def handler(event, context):\n    {USUAL}\n    ...\n"


def test_building_again_changes_nothing_and_gives_the_same_bytes(course):
    before = (course.copies / f"{NAME}.ipynb").read_bytes()
    assert build.build(course) == []
    assert build.compare(course) == []
    assert build.planned(course)[files.Path(f"{NAME}.ipynb")] == before
    assert before.endswith(b"}\n")


def test_differences_are_named_and_built_away(course):
    (course.copies / f"{NAME}.ipynb").write_text("{}")
    (course.copies / "functions" / "hello" / "app.py").unlink()
    (course.copies / "functions" / "old.py").write_text("")
    found = {one.path.name: one.what for one in build.compare(course)}
    assert found == {f"{NAME}.ipynb": "different", "app.py": "missing", "old.py": "left over"}
    assert len(build.build(course)) == 3
    assert build.compare(course) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 2}, "schema_version has to be 3"),
        ({"grade": "yes"}, "grade: true or false"),
        ({"grade_id": "a b"}, "grade_id has to be"),
        ({"grade_id": "solve-00-1"}, "grade_id 'solve-00-1' is there twice"),
        ({"points": None}, "points belong to cells with grade: true"),
        ({"points": -1}, "points have to be a number"),
        ({"locked": False}, "a graded cell has to be locked"),
        ({"solution": True}, "solution: true and ### BEGIN SOLUTION belong together"),
    ],
)
def test_nbgrader_metadata_are_validated(text, change, says):
    notebook = to_notebook(text)
    cell = next(cell for cell in notebook.cells if cell.id == "check-00-1")
    merged = {**cell.metadata.nbgrader, **change}
    cell.metadata.nbgrader = files.node({key: value for key, value in merged.items() if value is not None})
    assert [problem for problem in build.validate(notebook, NAME) if says in problem]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("tags=parameters", "tags=other", "exactly one cell has to have the tag 'parameters'"),
        ('lab.check("00.2")', "pass", "check 00.2 is never asked for"),
        ('lab.check("00.2")', 'lab.check("00.9")', r"lab.check\('00.9'\): there is no such check"),
    ],
)
def test_a_solution_that_is_none_is_not_built(course, text, before, after, says):
    assert before in text
    solve(course, text.replace(before, after))
    with pytest.raises(CourseError, match=says):
        build.build(course)


def test_a_solution_without_metadata_is_told(text):
    notebook = to_notebook(text)
    del next(cell for cell in notebook.cells if cell.id == "solve-00-1").metadata["nbgrader"]
    assert "no nbgrader metadata" in "".join(build.validate(notebook, NAME))


def test_a_file_that_is_no_notebook_is_told(course):
    (course.solutions / f"{NAME}.ipynb").write_text("not json")
    with pytest.raises(CourseError, match="cannot be read as a notebook"):
        build.build(course)


def test_stored_notebooks_escape_nothing_and_sort_their_keys(text):
    stored = files.text(to_notebook(text.replace("tiny", "✓ täny")))
    assert "✓ täny" in stored
    keys = list(json.loads(stored))
    assert keys == sorted(keys)
