"""nbval, strict, in a workspace of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from labkit.checks import Journal, Mark
from labkit.course import stage
from labkit.course.places import Course

REPORT = "nbval.xml"


@dataclass(frozen=True)
class Compared:
    """How a solution's outputs compare with the recorded ones, and how its run ended.

    Attributes:
        agrees: whether every cell ran and said what was recorded.
        said: nbval's account of it.
        marks: what the last look at each checkpoint said.
        left: what the ledgers say is still there.
        cells_s: what the cells took together.
    """

    agrees: bool
    said: str
    marks: Mapping[str, Mark]
    left: list[str]
    cells_s: float


def compare(course: Course, name: str) -> Compared:
    """Runs a solution, checks raising, and compares what it puts out with the recording, but for sanitize.cfg."""
    with stage.fresh(course.solutions) as place:
        shutil.copy(course.solutions / f"{name}.ipynb", place)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "labkit.light_jsonschema", "-q", "--color=no"]
        command += ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", str(course.sanitizer)]
        command += ["--junit-xml", REPORT, f"{name}.ipynb"]
        environment = {**os.environ, **stage.kernel_environment(place, "raise"), "TZ": "UTC"}
        ran = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
        left = [entry.label for _, entry in stage.left_behind(place)]
        said = ran.stdout + ran.stderr
        return Compared(not ran.returncode, said, Journal(place).marks(), left, _cells_s(place / REPORT))


def _cells_s(report: Path) -> float:
    return sum(float(case.get("time", 0)) for case in ElementTree.parse(report).iter("testcase"))
