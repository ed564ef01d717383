"""Where a learner is: which checkpoints are reached, and what is next. Read from the progress file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from labkit import checks
from labkit.checks import Journal, Mark
from labkit.cloud import STATE_DIR, workspace_dir

SIGNS = {"done": "✓", "skipped": "–", "undone": "✗", "open": "·"}


@dataclass(frozen=True)
class Step:
    """One checkpoint, and what is known of it.

    Attributes:
        id: such as ``02.3`` or ``02.gate``.
        mark: None if nobody has looked yet.
    """

    id: str
    title: str
    phase: str
    mark: Mark | None

    @property
    def reached(self) -> bool:
        """Whether it was reached at some time; ending the cloud does not undo it."""
        return self.mark is not None and self.mark.passed_at is not None

    @property
    def sign(self) -> str:
        """One character for a list."""
        if self.mark is None:
            return SIGNS["open"]
        if self.reached:
            return SIGNS["skipped" if self.mark.state == "skipped" else "done"]
        return SIGNS["undone"]


@dataclass(frozen=True)
class Progress:
    """A learner's way through the phases."""

    workspace: Path
    steps: tuple[Step, ...]

    @property
    def next(self) -> Step | None:
        """The first checkpoint that is not reached; None at the end."""
        return next((step for step in self.steps if not step.reached), None)

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases, in order."""
        return tuple(dict.fromkeys(step.phase for step in self.steps))

    def of(self, phase: str) -> tuple[Step, ...]:
        """The steps of a phase."""
        return tuple(step for step in self.steps if step.phase == phase)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        if not (self.workspace / STATE_DIR).is_dir():
            yield f"Nothing was begun in {self.workspace}. If you work elsewhere, name it with --workspace."
        for phase in self.phases:
            steps = self.of(phase)
            yield f"Phase {phase}: {sum(step.reached for step in steps)} of {len(steps)}"
            for step in steps:
                yield f"  {step.sign} {step.id:<8} {step.title}{_when(step)}"
        after = self.next
        yield f"Next: {after.id} {after.title}" if after else "Everything is done."


def progress(workspace: str | Path | None = None) -> Progress:
    """The progress of a workspace.

    Raises:
        LabError: its file cannot be read.
    """
    place = workspace_dir(workspace)
    marks = Journal(place).marks()
    steps = [Step(one.id, one.title, one.phase, marks.get(one.id)) for one in checks.checks()]
    steps += [Step(one.id, one.title, one.phase, marks.get(one.id)) for one in checks.gates()]
    steps.sort(key=lambda step: step.phase)  # stable: a phase's gate stays behind its checks
    return Progress(place, tuple(steps))


def _when(step: Step) -> str:
    """``(25 Nov 10:12)``, in the learner's own time."""
    if step.mark is None or step.mark.passed_at is None:
        return ""
    return f"  ({datetime.fromisoformat(step.mark.passed_at).astimezone():%d %b %H:%M})"
