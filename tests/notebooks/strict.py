"""nbval, strict, in a workspace of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from labkit.course import stage
from labkit.course.places import Course


def compare(course: Course, name: str) -> subprocess.CompletedProcess[str]:
    """Runs a solution and compares what it puts out with what was recorded, but for sanitize.cfg."""
    with stage.fresh(course.solutions) as place:
        shutil.copy(course.solutions / f"{name}.ipynb", place)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--color=no", "--nbval"]
        command += ["--nbval-current-env", "--nbval-sanitize-with", str(course.sanitizer), f"{name}.ipynb"]
        environment = {**os.environ, **stage.kernel_environment(place, "raise"), "TZ": "UTC"}
        return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
