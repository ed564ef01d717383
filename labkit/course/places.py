"""Where the course is on disk, and how its notebooks are named."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from labkit.errors import CourseError

ROOT_VARIABLE = "LABKIT_COURSE"
NOTEBOOK = re.compile(r"^(?P<phase>\d\d)-[a-z0-9-]+\.ipynb$")


@dataclass(frozen=True)
class Course:
    """A clone of the workbook."""

    root: Path

    @property
    def solutions(self) -> Path:
        """The solved notebooks with their recorded outputs: the source of truth."""
        return self.root / "solutions"

    @property
    def copies(self) -> Path:
        """The learner's copies, generated from the solutions."""
        return self.root / "notebooks"

    @property
    def sanitizer(self) -> Path:
        """What nbval treats as the same in two recordings."""
        return self.root / "tests" / "notebooks" / "sanitize.cfg"


def course(root: str | Path | None = None) -> Course:
    """The course that belongs to this installation.

    Args:
        root: default $LABKIT_COURSE, else the nearest folder upwards that has solutions and notebooks, else
            the clone that labkit was installed from.

    Raises:
        CourseError: there is none.
    """
    named = root or os.environ.get(ROOT_VARIABLE)
    if named:
        candidates = [Path(named).expanduser().resolve()]
    else:
        here = Path.cwd()
        candidates = [here, *here.parents, Path(__file__).resolve().parents[2]]
    for folder in candidates:
        if any((folder / part).is_dir() for part in ("solutions", "notebooks")) and (
            named or (folder / "labkit").is_dir()
        ):
            return Course(folder)
    raise CourseError(
        f"The course's notebooks are not in {candidates[0]}. Run this inside a clone of the workbook, or set "
        f"{ROOT_VARIABLE} to one."
    )


def notebooks(folder: Path) -> list[Path]:
    """The phases' notebooks in a folder, in order."""
    return sorted(path for path in folder.glob("*.ipynb") if NOTEBOOK.match(path.name))


def chosen(folder: Path, names: tuple[str, ...]) -> list[Path]:
    """The notebooks that somebody named: ``02``, ``02-create``, ``02-create.ipynb`` or a path. All for none.

    Raises:
        CourseError: a name fits no notebook.
    """
    there = notebooks(folder)
    if not names:
        if not there:
            raise CourseError(f"There are no notebooks in {folder}.")
        return there
    found = []
    for name in names:
        wanted = Path(name).name.removesuffix(".ipynb")
        fitting = [path for path in there if wanted in (path.stem, path.stem[:2])]
        if not fitting:
            known = ", ".join(path.stem for path in there) or "none"
            raise CourseError(f"There is no notebook {name!r} in {folder}. There are: {known}.")
        found += fitting
    return list(dict.fromkeys(found))


def phase(notebook: str | Path) -> str:
    """``02`` for ``02-create.ipynb``."""
    return Path(notebook).name[:2]
