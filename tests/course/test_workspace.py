"""The workspace: new versions arrive, and nothing that a learner wrote is ever lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit.course import build
from labkit.course import notebook as files
from labkit.course.workspace import prepare, reset
from labkit.errors import CloudError, CourseError
from tests.course.conftest import NAME, solve

NOTEBOOK = f"{NAME}.ipynb"


def kinds(actions) -> list[tuple[str, str]]:
    return [(action.kind, action.path.name) for action in actions]


def newer(course, text: str, word: str = "Greetings") -> None:
    """The next version of the course."""
    solve(course, text.replace("A tiny notebook", word))
    build.build(course)


def edit(path: Path, words: str = "my own words") -> None:
    notebook = files.read(path)
    notebook.cells[2].source = words
    path.write_text(files.text(notebook))


def execute(path: Path) -> None:
    """As JupyterLab leaves it: outputs, and another layout of the file."""
    notebook = files.read(path)
    cell = notebook.cells[1]
    cell.execution_count, cell.outputs = (
        1,
        [files.node({"output_type": "stream", "name": "stdout", "text": "hi"})],
    )
    path.write_text(json.dumps(notebook))


def test_everything_is_copied_once(course, workspace):
    assert kinds(prepare(workspace)) == [("copied", NOTEBOOK), ("copied", "app.py")]
    assert (workspace / NOTEBOOK).read_bytes() == (course.copies / NOTEBOOK).read_bytes()
    assert (workspace / "functions" / "hello" / "app.py").exists()
    assert prepare(workspace) == []


def test_a_new_version_replaces_what_was_not_touched(course, workspace, text):
    prepare(workspace)
    newer(course, text)
    [action] = prepare(workspace)
    assert (action.kind, str(action)) == ("updated", f"{NOTEBOOK} is updated: you had not changed it")
    assert "Greetings" in (workspace / NOTEBOOK).read_text()
    assert prepare(workspace) == []


def test_a_notebook_that_was_only_run_is_replaced_and_its_outputs_are_kept_aside(course, workspace, text):
    prepare(workspace)
    execute(workspace / NOTEBOOK)
    ran = (workspace / NOTEBOOK).read_bytes()
    assert prepare(workspace) == []
    newer(course, text)
    [action] = prepare(workspace)
    assert action.kind == "updated"
    [kept] = (workspace / ".labkit" / "replaced").iterdir()
    assert kept.read_bytes() == ran
    assert kept.name in str(action)


def test_what_both_have_changed_stays_and_the_new_version_stands_beside_it(course, workspace, text):
    prepare(workspace)
    edit(workspace / NOTEBOOK)
    mine = (workspace / NOTEBOOK).read_bytes()
    assert prepare(workspace) == []
    newer(course, text)
    [action] = prepare(workspace)
    assert (action.kind, action.path.name) == ("beside", f"{NAME} (new version).ipynb")
    assert "yours" in str(action)
    assert (workspace / NOTEBOOK).read_bytes() == mine
    assert action.path.read_bytes() == (course.copies / NOTEBOOK).read_bytes()
    assert prepare(workspace) == [], "it is offered once"
    newer(course, text, "Third version")
    assert kinds(prepare(workspace)) == [("beside", f"{NAME} (new version 2).ipynb")]
    assert (workspace / NOTEBOOK).read_bytes() == mine


def test_a_changed_handler_stays_too(course, workspace):
    prepare(workspace)
    mine = workspace / "functions" / "hello" / "app.py"
    mine.write_text("my handler")
    (course.solutions / "functions" / "hello" / "app.py").write_text("new handler")
    build.build(course)
    assert kinds(prepare(workspace)) == [("beside", "app (new version).py")]
    assert mine.read_text() == "my handler"


def test_a_learner_who_took_the_new_version_by_hand_is_in_step_again(course, workspace, text):
    prepare(workspace)
    edit(workspace / NOTEBOOK)
    newer(course, text)
    [action] = prepare(workspace)
    action.path.replace(workspace / NOTEBOOK)
    assert prepare(workspace) == []
    newer(course, text, "Third version")
    assert kinds(prepare(workspace)) == [("updated", NOTEBOOK)]


def test_a_deleted_notebook_comes_back(course, workspace):
    prepare(workspace)
    (workspace / NOTEBOOK).unlink()
    assert kinds(prepare(workspace)) == [("copied", NOTEBOOK)]


@pytest.mark.parametrize("content", [b"not json", b"", b"\xff\xfe"])
def test_a_broken_notebook_is_the_learners(course, workspace, text, content):
    prepare(workspace)
    (workspace / NOTEBOOK).write_bytes(content)
    newer(course, text)
    assert kinds(prepare(workspace)) == [("beside", f"{NAME} (new version).ipynb")]
    assert (workspace / NOTEBOOK).read_bytes() == content


def test_files_that_were_there_before_the_course_are_never_overwritten(course, workspace):
    (workspace / NOTEBOOK).write_text("{}")
    assert kinds(prepare(workspace))[0] == ("beside", f"{NAME} (new version).ipynb")
    assert (workspace / NOTEBOOK).read_text() == "{}"


def test_a_lost_manifest_loses_no_work(course, workspace, text):
    prepare(workspace)
    edit(workspace / NOTEBOOK)
    (workspace / ".labkit" / "course.json").unlink()
    assert kinds(prepare(workspace)) == [("beside", f"{NAME} (new version).ipynb")]
    assert "my own words" in (workspace / NOTEBOOK).read_text()


def test_a_manifest_that_cannot_be_read_says_what_to_do(course, workspace):
    prepare(workspace)
    (workspace / ".labkit" / "course.json").write_text("{")
    with pytest.raises(CourseError, match="Delete it: your notebooks stay as they are"):
        prepare(workspace)


def test_a_workspace_that_cannot_be_written_to_is_told(course, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CloudError, match="cannot be written to"):
        prepare(tmp_path / "file")


def test_a_course_without_copies_is_told(course, workspace):
    for path in sorted(course.copies.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    course.copies.rmdir()
    with pytest.raises(CourseError, match="`labkit build` writes them"):
        prepare(workspace)


def test_reset_gives_a_clean_copy_and_keeps_the_old_one(course, workspace):
    prepare(workspace)
    edit(workspace / NOTEBOOK)
    mine = (workspace / NOTEBOOK).read_bytes()
    kept, copied = reset(workspace, "00")
    assert (kept.kind, copied.kind) == ("kept", "copied")
    assert kept.path.read_bytes() == mine
    assert kept.path.name.startswith(f"{NAME} (kept 2")
    assert (workspace / NOTEBOOK).read_bytes() == (course.copies / NOTEBOOK).read_bytes()
    assert len(reset(workspace, NAME)) == 2
    assert len(list(workspace.glob("*kept*"))) == 2


def test_reset_of_what_there_is_not_is_told(course, workspace):
    with pytest.raises(CourseError, match=f"There is no notebook '07'.*There are: {NAME}"):
        reset(workspace, "07")
