"""nbgrader takes the notebooks as assignments: a full round with the first one.

Skipped where nbgrader is not installed: it adds itself to JupyterLab, and learners shall not have it.
`pip install -c constraints.txt -e ".[grading]"` brings it, as .ci/run does after all other tests.
"""

from __future__ import annotations

import csv
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit import cloud
from labkit.checks import checks
from labkit.course import notebook as files
from labkit.course.places import Course, notebooks
from tests.test_repository import installed, pins

nbgraderformat = pytest.importorskip("nbgrader.nbgraderformat.v3", reason="nbgrader is not installed")

ROOT = Path(__file__).resolve().parents[2]
COURSE = Course(ROOT)
NAME = "00-start-here"
POINTS = len(checks("00")) + 1  # and the gate
SCRIPTS = Path(sys.executable).parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An nbgrader course: the solved notebook, and the files beside it as learners have them."""
    source = tmp_path / "source" / NAME
    shutil.copytree(COURSE.copies / "functions", source / "functions")
    shutil.copy(COURSE.solutions / f"{NAME}.ipynb", source)
    yield tmp_path
    for state in tmp_path.rglob(cloud.STATE_DIR):
        cloud.stop(state.parent)


def nbgrader(folder: Path, *arguments: str) -> str:
    """What a command of nbgrader says; checks raise."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"LABKIT_CHECKS": "raise", "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    command = [str(SCRIPTS / "nbgrader"), *arguments]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("path", [*notebooks(COURSE.solutions), *notebooks(COURSE.copies)], ids=str)
def test_metadata_are_as_nbgrader_wants_them(path):
    nbgraderformat.MetadataValidatorV3().validate_nb(files.read(path))


def test_a_solution_is_worth_all_points_and_a_learner_copy_none(folder):
    """Generate, submit, autograde, export: as docs/instructor.md says it."""
    nbgrader(folder, "generate_assignment", NAME, "--create")
    released = folder / "release" / NAME
    assert "SOLUTION" not in "".join(path.read_text() for path in released.rglob("*.*"))
    for learner, notebook in (("solved", COURSE.solutions), ("unsolved", COURSE.copies)):
        shutil.copytree(released, folder / "submitted" / learner / NAME)
        shutil.copy(notebook / f"{NAME}.ipynb", folder / "submitted" / learner / NAME)
    nbgrader(folder, "autograde", NAME)
    nbgrader(folder, "export")
    with open(folder / "grades.csv") as grades:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(grades)}
    assert scores == {"solved": POINTS, "unsolved": 0}


def test_validate_passes_a_solution(folder):
    assert "Success!" in nbgrader(folder, "validate", str(folder / "source" / NAME / f"{NAME}.ipynb"))


def test_everything_that_nbgrader_brings_in_is_pinned():
    brought = installed("nbgrader", ("",), {"nbgrader": importlib.metadata.version("nbgrader")})
    assert {name: pins().get(name) for name in brought} == brought
    wants = {name: importlib.metadata.metadata(name).get("Requires-Python", "") for name in brought}
    assert not {name: want for name, want in wants.items() if re.search(r">=? *3\.11\.[1-9]", want)}
