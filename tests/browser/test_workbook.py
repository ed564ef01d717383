"""The workbook in a real browser: it opens on the first notebook, which runs from top to bottom."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NOTEBOOK = "00-start-here.ipynb"
KEPT = Path(__file__).resolve().parents[2] / "build" / "browser"
RUN_TIMEOUT_S = 180.0
# The notebook's own indicator says "idle" before there is a kernel; the status bar does not.
IDLE = '#jp-main-statusbar :text("| Idle")'
SHOWN = ".jp-OutputArea-output table, .jp-OutputArea-output .jupyter-widgets, .jp-OutputArea-output svg"


def opened(browser, workbook):
    """JupyterLab's page, once the notebook is there and its kernel waits."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(workbook.address)
    page.locator(f'.lm-TabBar-tab:has-text("{NOTEBOOK}")').wait_for(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=60_000)
    return page


def menu(page, name: str, item: str) -> None:
    page.locator(f'.lm-MenuBar-itemLabel:text-is("{name}")').click()
    page.locator(f'.lm-Menu-itemLabel:text-is("{item}")').click()


def code_cells(notebook: Path) -> list[dict]:
    return [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]


def errors(cells: list[dict]) -> list[str]:
    outputs = [output for cell in cells for output in cell["outputs"]]
    return [f"{one['ename']}: {one['evalue']}" for one in outputs if one["output_type"] == "error"]


def run_all(page, notebook: Path) -> list[dict]:
    """Runs every cell and returns the code cells as JupyterLab saved them: all of them ran, or one failed."""
    menu(page, "Run", "Run All Cells")
    deadline = time.monotonic() + RUN_TIMEOUT_S
    while True:
        menu(page, "File", "Save Notebook")
        page.wait_for_timeout(1000)
        cells = code_cells(notebook)
        finished = all(cell["execution_count"] for cell in cells if cell["source"])
        if page.locator(IDLE).count() and (finished or errors(cells)):
            return cells
        assert time.monotonic() < deadline, "the notebook still runs"


def keep(page, workspace: Path) -> None:
    """What somebody needs to see who was not there, above all after a failure."""
    KEPT.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=KEPT / "00-start-here.png")
    for file in (NOTEBOOK, ".labkit/cloud.log", ".labkit/jupyter/jupyterlab.log"):
        shutil.copy(workspace / file, KEPT)


def test_the_first_notebook_runs_in_the_browser(browser, workbook):
    """Run All leaves no error, shows a table or a widget, and nothing asks the learner a question."""
    page = opened(browser, workbook)
    assert page.locator(".jp-Dialog").count() == 0
    assert page.locator(".Toastify__toast").count() == 0
    shown = page.locator(SHOWN).first
    try:
        cells = run_all(page, workbook.workspace / NOTEBOOK)
        assert not errors(cells)
        shown.evaluate("element => element.scrollIntoView({block: 'center'})")
        assert shown.is_visible()
    finally:
        keep(page, workbook.workspace)
