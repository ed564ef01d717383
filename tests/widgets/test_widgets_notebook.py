"""In a notebook: run by papermill, compared by nbval, exported to HTML."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from cells import notebook
from nbconvert import HTMLExporter

from labkit.course.report import notebook_page

SANITISE = r"""
[time]
regex: \ *\d[\d,]*(\.\d+)?\ ms
replace: N ms
[money]
regex: \d[\d,]*(\.\d+)?\ USD
replace: N USD
[times]
regex: \d[\d,]*(\.\d+)?\ times
replace: N times
[memory]
regex: \d[\d,]*\ MB\ used
replace: N MB used
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook, run once by papermill."""
    folder = tmp_path_factory.mktemp("notebook")
    nbformat.write(notebook(), folder / "in.ipynb")
    papermill.execute_notebook(
        folder / "in.ipynb", folder / "widgets.ipynb", kernel_name="python3", progress_bar=False
    )
    return folder / "widgets.ipynb"


@pytest.mark.slow
def test_each_cell_keeps_a_widget_and_its_twin(executed: Path) -> None:
    """Two outputs a cell, the twin as plain text; the widgets' state is kept for exports."""
    run = nbformat.read(executed, 4)
    for cell in run.cells[1:]:
        widget, twin = cell.outputs
        assert "application/vnd.jupyter.widget-view+json" in widget.data
        assert set(twin.data) == {"text/plain"}
    assert "widgets" in run.metadata


@pytest.mark.slow
def test_recorded_outputs_compare_equal_with_other_times(executed: Path, tmp_path: Path) -> None:
    """nbval, strict: only numbers that are measured differ, and these are sanitised."""
    (tmp_path / "sanitise.cfg").write_text(SANITISE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    command += [
        "--nbval",
        "--nbval-current-env",
        "--nbval-sanitize-with",
        tmp_path / "sanitise.cfg",
        executed,
    ]
    ran = subprocess.run(command, cwd=executed.parent, capture_output=True, text=True, timeout=110)
    assert ran.returncode == 0, ran.stdout


TWINS = {
    "latency": "60 calls: 6 cold, 54 warm",
    "cost_meter": "a month of 1 million requests",
    "checkpoints": "✗ 02.2 It runs",
    "cli_commands": "aws lambda list-f",
    "break_even": "meets Lambda at 8,719,365 a month",
    "tuning": "Best for only cost: 256 MB, x86_64",
    "timeline": "5 environments, 40 invocations",
    "trace": "✕ fault: ValueError: no such",
    "event_path": "from “event sent” to “row in the table”",
    "dashboard": "There is no function payments in us-east-1",
}
PICTURES = {
    "latency": "Latency of 60 calls",
    "cost_meter": "Cost of a month against requests",
    "break_even": "Cost of a month against requests on Lambda and on servers",
    "tuning": "Duration and cost of orders against memory",
    "timeline": "orders: 5 environments, 40 invocations",
    "trace": "Waterfall. Trace 1-",
    "event_path": "orders: 400 ms from “event sent”",
    "dashboard": "The last 15 minutes of orders",
}


@pytest.mark.slow
def test_an_export_tells_everything_without_any_script(executed: Path) -> None:
    """Where no widget is rendered, the twins are in sight and say it all."""
    page, _ = HTMLExporter().from_filename(str(executed))
    without_state = page.partition("application/vnd.jupyter.widget-state+json")[0]
    for name, text in TWINS.items():
        assert text in without_state, name


@pytest.mark.slow
def test_a_page_of_a_report_has_the_pictures(executed: Path) -> None:
    """As they stood at the end, with their texts, and nothing is fetched from anywhere."""
    page = notebook_page(nbformat.read(executed, 4), "widgets")
    for name, label in PICTURES.items():
        assert f'aria-label="{label}' in page, name
    pictures = re.findall(r'<svg [^>]*role="img"', page)
    assert len(pictures) == len(PICTURES) + 1  # latency is there twice
    assert ">Refresh" not in page and ">Look again" not in page  # buttons that would do nothing
