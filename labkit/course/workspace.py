"""The learner's workspace: the course's notebooks are copied into it, and what a learner wrote is never lost.

What came from where is noted in ``.labkit/course.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from labkit.cloud import STATE_DIR, state_dir
from labkit.course.disk import course_files, write
from labkit.course.places import Course, chosen, course
from labkit.errors import CourseError

MANIFEST = "course.json"
REPLACED = "replaced"
NEW_VERSION = "new version"


@dataclass(frozen=True)
class Action:
    """One thing that `prepare` or `reset` did.

    Attributes:
        kind: ``copied``, ``updated``, ``beside`` (theirs stays, the new one stands beside it) or ``kept``.
        path: of the file in the workspace.
    """

    kind: str
    path: Path
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass
class _Manifest:
    """What the course's files looked like when they were copied, and which new versions were offered.

    Attributes:
        taken: name -> (work, bytes): digests of the version that the learner's file began as.
        offered: name -> digest of the version that was put beside a changed file.
    """

    path: Path
    taken: dict[str, list[str]] = field(default_factory=dict)
    offered: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> _Manifest:
        try:
            kept = json.loads(path.read_text())
            return cls(path, dict(kept["taken"]), dict(kept["offered"]))
        except FileNotFoundError:
            return cls(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CourseError(
                f"{path} cannot be read ({error}). Delete it: your notebooks stay as they are, and new "
                "versions are put beside them."
            ) from error

    def write(self) -> None:
        kept = {"taken": self.taken, "offered": self.offered}
        write(self.path, json.dumps(kept, indent=1, sort_keys=True) + "\n")


def prepare(workspace: str | Path, course_root: str | Path | None = None) -> list[Action]:
    """Brings the course's notebooks and handler files into a workspace.

    A file that is not there is copied. One that the learner has not changed is replaced by a newer version.
    One that both have changed stays, and the new version is put beside it.

    Returns:
        What was done; nothing if everything was as it should be.

    Raises:
        CourseError: the course's notebooks are not there, or the workspace cannot be written to.
    """
    place, source = Path(workspace).expanduser().resolve(), course(course_root)
    if not source.copies.is_dir():
        raise CourseError(f"The learner copies are not in {source.copies}. `labkit build` writes them.")
    manifest = _Manifest.read(state_dir(place) / MANIFEST)
    try:
        done = [
            action for path in course_files(source.copies) for action in _bring(place, source, path, manifest)
        ]
        manifest.write()
    except OSError as error:
        raise CourseError(
            f"The workspace {place} cannot be written to ({error.strerror or error}). Choose a folder of "
            "your own: change into it, or set LABKIT_WORKSPACE."
        ) from error
    return done


def reset(workspace: str | Path, name: str, course_root: str | Path | None = None) -> list[Action]:
    """Gives a fresh copy of a notebook; the old one stays under another name.

    Args:
        name: ``02``, ``02-create`` or a file name.

    Raises:
        CourseError: there is no such notebook.
    """
    place, source = Path(workspace).expanduser().resolve(), course(course_root)
    manifest = _Manifest.read(state_dir(place) / MANIFEST)
    done = []
    for path in chosen(source.copies, (name,)):
        mine = place / path.name
        if mine.exists():
            kept = _free(mine, f"kept {datetime.now():%Y-%m-%d %H.%M}")
            mine.rename(kept)
            done.append(Action("kept", kept, f"Your copy is kept as {kept.name}"))
        done.append(_copied(path, mine, manifest, path.name))
    manifest.write()
    return done


def _bring(place: Path, source: Course, path: Path, manifest: _Manifest) -> Iterator[Action]:
    """One file of the course."""
    name = path.relative_to(source.copies).as_posix()
    mine = place / name
    if not mine.exists():
        yield _copied(path, mine, manifest, name)
        return
    taken = manifest.taken.get(name)
    if taken is not None and taken[1] == sha256(path.read_bytes()).hexdigest():
        return  # the course has nothing new
    theirs, ours = _digests(mine), _digests(path)
    if theirs[0] == ours[0]:  # the same work, whether or not it was run: nothing to do
        manifest.taken[name] = ours
    elif manifest.offered.get(name) == ours[0]:
        return  # it was put beside theirs already
    elif taken is not None and theirs[0] == taken[0]:
        yield from _updated(path, mine, manifest, name, run=theirs != taken)
    else:
        beside = _free(mine, NEW_VERSION)
        write(beside, path.read_bytes())
        manifest.offered[name] = ours[0]
        yield Action(
            "beside",
            beside,
            f"{name} has a new version, but you have changed yours: it stays, the new one is {beside.name}",
        )


def _copied(path: Path, mine: Path, manifest: _Manifest, name: str) -> Action:
    write(mine, path.read_bytes())
    manifest.taken[name] = _digests(path)
    manifest.offered.pop(name, None)
    return Action("copied", mine, f"{name} is copied")


def _updated(path: Path, mine: Path, manifest: _Manifest, name: str, *, run: bool) -> Iterator[Action]:
    """Replaces a file in which the learner wrote nothing; the outputs of a run notebook are kept aside."""
    message = f"{name} is updated: you had not changed it"
    if run:
        kept = manifest.path.parent / REPLACED / f"{datetime.now():%Y%m%d-%H%M%S}-{mine.name}"
        kept.parent.mkdir(exist_ok=True)
        mine.rename(kept)
        message += f"; what it had put out is in {STATE_DIR}/{REPLACED}/{kept.name}"
    write(mine, path.read_bytes())
    manifest.taken[name] = _digests(path)
    yield Action("updated", mine, message)


def _digests(path: Path) -> list[str]:
    """(work, bytes): what somebody typed, and the file as it is. Running a notebook changes the second."""
    from labkit.course import notebook as files  # takes a second to load, and is needed only after a change

    content = path.read_bytes()
    whole = sha256(content).hexdigest()
    if path.suffix != ".ipynb":
        return [whole, whole]
    try:
        typed = json.dumps(files.work(files.read(path)))
    except CourseError:
        return [whole, whole]  # a notebook that cannot be read is the learner's, whatever it is
    return [sha256(typed.encode()).hexdigest(), whole]


def _free(path: Path, words: str) -> Path:
    """A name beside ``path`` that nothing has: ``02-create (new version).ipynb``, then ``… 2``."""
    number = 1
    while True:
        count = f" {number}" if number > 1 else ""
        found = path.with_name(f"{path.stem} ({words}{count}){path.suffix}")
        if not found.exists():
            return found
        number += 1
