"""A workspace for one run of notebooks: course files in it, a cloud on demand, nothing left afterwards."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TypeAlias

from labkit import cloud, session
from labkit.course.disk import course_files, write
from labkit.errors import LabError, TeardownError
from labkit.ledger import Entry, read

Target: TypeAlias = Literal["local", "aws"]
# The same in every recording, so that names in recorded outputs do not change from one to the next.
WORKSPACE_ID = "k3f9x"
FAULT = re.compile(r"\b(ERROR|CRITICAL)\b")
FAULT_LINES = 40


@contextmanager
def fresh(source: Path, workspace_id: str = WORKSPACE_ID) -> Iterator[Path]:
    """A new workspace with a copy of the course's files; its cloud is stopped and it is deleted in the end.

    Args:
        source: ``solutions/`` or ``notebooks/``.
        workspace_id: part of the names of all resources.
    """
    place = Path(tempfile.mkdtemp(prefix="labkit-run-")).resolve()
    try:
        write(cloud.state_dir(place) / "workspace-id", f"{workspace_id}\n")
        bring(source, place)
        yield place
    finally:
        with suppress(LabError):
            cloud.stop(place)
        shutil.rmtree(place, ignore_errors=True)


def bring(source: Path, place: Path) -> None:
    """Copies what notebooks use: everything but the notebooks themselves, nothing that is there already."""
    for path in course_files(source):
        mine = place / path.relative_to(source)
        if path.suffix != ".ipynb" and not mine.exists():
            write(mine, path.read_bytes())


def left_behind(place: Path) -> list[tuple[str, Entry]]:
    """(lab, entry) of everything that may still exist, in the running cloud or in an account."""
    running = cloud.find(place)
    folder = place / cloud.STATE_DIR / "ledger"
    return [
        (path.stem, entry)
        for path in sorted(folder.glob("*.jsonl"))
        for entry in read(path)
        if entry.live and (not entry.home.startswith("local:") or (running and entry.home == running.home))
    ]


def last_fault(place: Path) -> str:
    """What the local cloud logged of the last failure of its own; empty if it had none.

    The failure of a notebook may be the cloud's, and its log goes with the workspace.
    """
    try:
        lines = (place / cloud.STATE_DIR / "cloud.log").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    faults = [number for number, line in enumerate(lines) if FAULT.search(line)]
    return "\n".join(lines[faults[-1] :][:FAULT_LINES]) if faults else ""


def tear_down(place: Path, target: Target, labs: Collection[str] | None = None) -> list[str]:
    """Deletes what runs have left in a target; returns what could not be deleted.

    Args:
        labs: only what these made; None for all.
    """
    survivors: list[str] = []
    left = [
        (lab, entry)
        for lab, entry in left_behind(place)
        if entry.home.startswith(f"{target}:") and (labs is None or lab in labs)
    ]
    for lab in dict.fromkeys(lab for lab, _ in left):
        region = next(entry.region for name, entry in left if name == lab)
        try:
            session.open(lab, target=target, region=region, workspace=place, confirm=True).teardown()
        except TeardownError as error:
            survivors += [f"{lab}: {one}" for one in error.survivors]
        except LabError as error:
            survivors.append(f"{lab}: {error}")
    return survivors


def kernel_environment(place: Path, checks: str) -> dict[str, str]:
    """What a kernel is told: its workspace, what failed checks do, and to read no settings of its user.

    Args:
        checks: ``raise`` or ``print``.
    """
    return {
        "LABKIT_WORKSPACE": str(place),
        "LABKIT_CHECKS": checks,
        "IPYTHONDIR": str(place / cloud.STATE_DIR / "ipython"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "COLUMNS": "100",
        "LINES": "40",
    }
