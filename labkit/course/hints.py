"""Hints in three levels, read from the notebooks: what a learner unfolds there, a terminal can ask for.

A hint is a ``<details>`` block of a markdown cell that says ``exercise`` in its labkit metadata; the first
points, the last is nearly the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from labkit.course import notebook as files
from labkit.course.places import course, notebooks, phase
from labkit.errors import CourseError, LabError

LEVELS = 3
DETAILS = re.compile(r"<details[^>]*>(?P<inner>.*?)</details>", re.S | re.I)
SUMMARY = re.compile(r"<summary[^>]*>(?P<title>.*?)</summary>", re.S | re.I)


@dataclass(frozen=True)
class Hint:
    """One hint.

    Attributes:
        exercise: such as ``02.3``.
        level: 1 points, the last is nearly the answer.
        levels: how many there are.
        text: Markdown.
    """

    exercise: str
    level: int
    levels: int
    text: str

    def __str__(self) -> str:
        return (
            f"Hint {self.level} of {self.levels} for {self.exercise}\n\n{self.text}\n\n{self.next}".rstrip()
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        heading = f"**Hint {self.level} of {self.levels} for {self.exercise}**"
        return f"{heading}\n\n{self.text}" + (f"\n\n*{self.next}*" if self.next else "")

    @property
    def next(self) -> str:
        """How to get more; empty at the last one."""
        if self.level >= self.levels:
            return ""
        return f"More: labkit hint {self.exercise} --level {self.level + 1}"


def hint(exercise: str, level: int = 1) -> Hint:
    """A hint for an exercise.

    Args:
        exercise: such as ``02.3``.
        level: 1 to 3.

    Raises:
        LabError: there is no such exercise, or no such level.
    """
    found = hints(exercise)
    if not 1 <= level <= len(found):
        raise LabError(f"Exercise {exercise} has hints 1 to {len(found)}; there is no {level}.")
    return Hint(exercise, level, len(found), found[level - 1])


def hints(exercise: str, folder: Path | None = None) -> list[str]:
    """All hints for an exercise, from the weakest to the strongest.

    Args:
        folder: where the notebooks are; default: those of the course.

    Raises:
        LabError: there is no such exercise.
    """
    known: list[str] = []
    there_are = notebooks(folder or course().copies)
    of_phase = [path for path in there_are if phase(path) == exercise[:2]]
    for path in of_phase or there_are:
        for name, found in in_notebook(path).items():
            if name == exercise:
                return found
            known.append(name)
    there = f" There are hints for {', '.join(known)}." if known else ""
    raise LabError(f"There are no hints for {exercise!r}.{there}")


def in_notebook(path: Path) -> dict[str, list[str]]:
    """exercise -> hints of a notebook."""
    found: dict[str, list[str]] = {}
    for cell in files.read(path).cells:
        exercise = files.own_metadata(cell).get("exercise")
        if cell.cell_type == "markdown" and exercise:
            folded = [_unfolded(match["inner"]) for match in DETAILS.finditer(cell.source)]
            if folded:
                found.setdefault(exercise, []).extend(folded)
    return found


def problems(path: Path, exercises: list[str]) -> list[str]:
    """Exercises of a notebook that have not three hints."""
    try:
        found = in_notebook(path)
    except CourseError as error:
        return [str(error)]
    return [
        f"{one} has {len(found.get(one, []))} hints instead of {LEVELS}"
        for one in exercises
        if len(found.get(one, [])) != LEVELS
    ]


def _unfolded(inner: str) -> str:
    return SUMMARY.sub("", inner, count=1).strip()
