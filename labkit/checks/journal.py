"""The progress file of a workspace: which checkpoints were reached, and when. Knows no cloud."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from labkit.cloud import state_dir
from labkit.errors import LabError

FILE = "progress.json"


@dataclass(frozen=True)
class Mark:
    """What is known of one checkpoint.

    Attributes:
        state: of the last look: ``done``, ``undone`` or ``skipped``.
        looked_at: when that was (ISO 8601, UTC).
        passed_at: when it was reached for the first time; None before. Stays when the cloud is gone.
        looks: how often it was looked at.
    """

    state: str
    looked_at: str
    passed_at: str | None = None
    looks: int = 0


@dataclass(frozen=True)
class Journal:
    """The progress of a workspace; read anew each time, since several notebooks write it."""

    workspace: Path

    def marks(self) -> dict[str, Mark]:
        """checkpoint -> mark.

        Raises:
            LabError: the file is there but cannot be read.
        """
        path = self.workspace / ".labkit" / FILE
        known = {field.name for field in fields(Mark)}
        try:
            kept = json.loads(path.read_text())
            return {
                id: Mark(**{name: value for name, value in mark.items() if name in known})
                for id, mark in kept.items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise LabError(
                f"Your progress in {path} cannot be read ({error}). "
                "Mend the file, or delete it: the checks can be run again."
            ) from error

    def note(self, id: str, state: str) -> None:
        """Writes down the outcome of a look."""
        now = datetime.now(UTC).isoformat(timespec="seconds")

        def noted(marks: dict[str, Mark]) -> dict[str, Mark]:
            before = marks.get(id, Mark(state, now))
            passed_at = before.passed_at or (now if state != "undone" else None)
            after = replace(before, state=state, looked_at=now, passed_at=passed_at, looks=before.looks + 1)
            return {**marks, id: after}

        self._change(noted)

    def forget(self, phase: str) -> None:
        """Forgets the checkpoints of a phase."""
        self._change(lambda marks: {id: mark for id, mark in marks.items() if not id.startswith(f"{phase}.")})

    def _change(self, change: Callable[[dict[str, Mark]], dict[str, Mark]]) -> None:
        path = state_dir(self.workspace) / FILE
        try:
            with _locked(path.with_suffix(".lock")):
                kept = {id: asdict(mark) for id, mark in change(self.marks()).items()}
                fresh = path.with_suffix(".new")
                fresh.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
                os.replace(fresh, path)
        except OSError as error:
            raise LabError(
                f"Your progress cannot be written to {path} ({error.strerror or error}). "
                "Free space or make the workspace writable, and run the check again."
            ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
