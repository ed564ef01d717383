"""A course of one tiny notebook, in a folder of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from labkit.course import build
from labkit.course import notebook as files
from labkit.course.places import Course
from labkit.course.text import to_notebook

HERE = Path(__file__).parent
SANITIZER = HERE.parent / "notebooks" / "sanitize.cfg"
NAME = "00-tiny"
HANDLER = """def handler(event, context):
    ### BEGIN SOLUTION
    return event["name"]
    ### END SOLUTION
"""


@pytest.fixture
def text() -> str:
    """The notebook as its author writes it."""
    return (HERE / f"{NAME}.txt").read_text()


@pytest.fixture
def course(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Course:
    """The course, with its learner copies."""
    made = Course(tmp_path / "course")
    made.copies.mkdir(parents=True)
    (made.solutions / "functions" / "hello").mkdir(parents=True)
    (made.solutions / "functions" / "hello" / "app.py").write_text(HANDLER)
    solve(made, text)
    made.sanitizer.parent.mkdir(parents=True)
    shutil.copy(SANITIZER, made.sanitizer)
    build.build(made)
    monkeypatch.setenv("LABKIT_COURSE", str(made.root))
    return made


@pytest.fixture
def kernels_without_fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels start without the tests' fake AWS settings, as a learner's do."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def solve(course: Course, text: str, name: str = NAME) -> Path:
    """Writes a solution of the course from its text."""
    path = course.solutions / f"{name}.ipynb"
    path.write_text(files.text(to_notebook(text)))
    return path
