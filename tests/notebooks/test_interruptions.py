"""A notebook is run twice, after a restart, after the cloud was stopped, without its function: no work is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nbclient import NotebookClient

from labkit import cloud
from labkit.course import notebook as files
from labkit.course import stage
from labkit.course.progress import progress
from tests.notebooks.test_solutions import COURSE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NAME = "00-start-here"
DELETE = "lambda_.delete_function(FunctionName=lab.name('hello'))"
LAST = ("gate", "teardown")


@pytest.fixture
def place(as_learners_have_it) -> Iterator[Path]:
    with stage.fresh(COURSE.solutions) as made:
        yield made


def run(place: Path, *times: str) -> list[str]:
    """What the checks say when the notebook is run in one kernel, as often as there is something to do before."""
    notebook = files.read(COURSE.solutions / f"{NAME}.ipynb")
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.id not in LAST]
    notebook.cells = []
    for before in times:
        first = files.node({**cells[0], "source": before, "metadata": {}, "outputs": []})
        notebook.cells += [first, *(files.node({**cell, "outputs": []}) for cell in cells)]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    with (place / "kernel.log").open("a") as log:
        client = NotebookClient(notebook, kernel_name="python3", timeout=120)
        client.execute(cwd=str(place), env=stage.kernel_environment(place, "raise"), stderr=log)
    return [files.text_of(cell) for cell in notebook.cells if files.CHECK_CALL.search(cell.source)]


def reached(place: Path) -> list[tuple[str, str | None]]:
    steps = progress(place).steps
    return [(step.id, step.mark.passed_at) for step in steps if step.reached and step.mark]


def test_nothing_is_lost_and_every_cell_may_be_run_again(place):
    """Closed in the middle, the cloud stopped, opened tomorrow, run twice, the function deleted in a terminal."""
    run(place, "pass")
    before = reached(place)
    assert [id for id, _ in before] == ["00.1", "00.2"]
    cloud.stop(place)
    assert reached(place) == before
    assert all("✓" in said for said in run(place, "pass", DELETE))
    assert reached(place) == before
