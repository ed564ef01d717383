"""In a notebook: run by papermill, compared by nbval, exported to HTML."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from nbconvert import HTMLExporter

HERE = Path(__file__).parent
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
# The seed comes from the clock: each run has other times, as a measured one has.
CELLS = [
    f"import sys, time\nsys.path.insert(0, {str(HERE)!r})\n"
    "from made_up import Result, run\nfrom labkit import widgets\nm = run(30, cold=3, seed=time.time_ns())",
    "widgets.latency(m)",
    "live = widgets.latency()\nlive.start()\nlive.update(m[:10])\nlive.finish(m)",
    "widgets.cost_meter(m, lab=m.cost())",
    "widgets.checkpoints([Result('02.1', 'It exists', False, 'nothing', 'a function', 'Create it')])",
    "from labkit.awscli import Command\n"
    "widgets.cli_commands([Command((('aws', 'lambda', 'list-functions'),))])",
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook, run once by papermill."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "in.ipynb")
    papermill.execute_notebook(
        folder / "in.ipynb", folder / "widgets.ipynb", kernel_name="python3", progress_bar=False
    )
    return folder / "widgets.ipynb"


@pytest.mark.slow
def test_each_cell_keeps_a_widget_and_its_twin(executed: Path) -> None:
    """Two outputs a cell, the twin as plain text; the widgets' state is kept for exports."""
    notebook = nbformat.read(executed, 4)
    for cell in notebook.cells[1:]:
        widget, twin = cell.outputs
        assert "application/vnd.jupyter.widget-view+json" in widget.data
        assert set(twin.data) == {"text/plain"}
    assert "widgets" in notebook.metadata


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


@pytest.mark.slow
def test_an_export_tells_everything_without_any_script(executed: Path) -> None:
    """Where no widget is rendered, the twins are in sight and say it all."""
    page, _ = HTMLExporter().from_filename(str(executed))
    without_state = page.partition("application/vnd.jupyter.widget-state+json")[0]
    for text in (
        "30 calls: 3 cold, 27 warm",
        "a month of 1 million requests",
        "✗ 02.1 It exists",
        "aws lambda list-f",
    ):
        assert text in without_state
