"""Which checks and gates there are. Phase modules register theirs; they are loaded when first asked for."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from labkit.checks.look import Look, NotYet, Skip
from labkit.checks.result import Result
from labkit.errors import LabError

PHASE_MODULES = (
    "labkit.checks.start",
    "labkit.checks.design",
    "labkit.checks.create",
    "labkit.checks.triggers",
    "labkit.checks.optimize",
    "labkit.checks.monitor",
    "labkit.checks.capstone",
)
GATE = "gate"


@dataclass(frozen=True)
class Check:
    """One checkpoint. Called with a `Look` it gives a `Result`.

    Attributes:
        phase: two digits.
        find: looks, returns the evidence, or raises `NotYet` or `Skip`.
    """

    id: str
    title: str
    phase: str
    find: Callable[[Look], str]

    def __call__(self, look: Look) -> Result:
        try:
            return Result(self.id, self.title, True, self.find(look))
        except NotYet as missing:
            return self.undone(missing.seen, missing.expected, missing.next_step)
        except Skip as reason:
            return Result(self.id, self.title, True, f"skipped: {reason}", skipped=True)

    def undone(self, seen: str, expected: str, next_step: str) -> Result:
        """The result of a look that found the goal not reached."""
        return Result(self.id, self.title, False, seen, expected, next_step)


@dataclass(frozen=True)
class Gate:
    """What a phase asks for before the next one: boxes, each ticked by one or more checks."""

    phase: str
    title: str
    boxes: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def id(self) -> str:
        """Such as ``02.gate``."""
        return f"{self.phase}.{GATE}"

    @property
    def checks(self) -> tuple[str, ...]:
        """The ids of all checks behind the boxes, in order."""
        return tuple(dict.fromkeys(one for _, ids in self.boxes for one in ids))


_CHECKS: dict[str, Check] = {}
_GATES: dict[str, Gate] = {}


def check(id: str, *, title: str, phase: str | None = None) -> Callable[[Callable[[Look], str]], Check]:
    """Registers a check.

    The decorated function looks at the cloud and returns what it saw; it raises `NotYet` when the goal is
    not reached.

    Args:
        id: phase, dot, number: ``02.3``.
        title: what is true once it is reached.
        phase: by default what stands before the dot.
    """

    def register(find: Callable[[Look], str]) -> Check:
        made = Check(id, title, phase or id.partition(".")[0], find)
        _CHECKS[id] = made
        return made

    return register


def define_gate(phase: str, title: str, **boxes: str | tuple[str, ...]) -> Gate:
    """Registers the gate of a phase: each box's name (underscores become spaces) and its checks."""
    ticked = tuple(
        (name.replace("_", " ").capitalize(), (ids,) if isinstance(ids, str) else ids)
        for name, ids in boxes.items()
    )
    _GATES[phase] = Gate(phase, title, ticked)
    return _GATES[phase]


def checks(phase: str | None = None) -> tuple[Check, ...]:
    """All checks, or those of a phase, in the order of the notebooks."""
    _load()
    found = (one for one in _CHECKS.values() if phase in (None, one.phase))
    return tuple(sorted(found, key=lambda one: (one.phase, int(one.id.partition(".")[2]))))


def gates() -> tuple[Gate, ...]:
    """All gates, in the order of the phases."""
    _load()
    return tuple(sorted(_GATES.values(), key=lambda one: one.phase))


def find_check(id: str) -> Check:
    """The check with this id.

    Raises:
        LabError: there is none; names those that come near.
    """
    _load()
    if id not in _CHECKS:
        near = difflib.get_close_matches(id, _CHECKS, 3) or sorted(_CHECKS)
        raise LabError(f"There is no checkpoint {id!r}. There are, for instance: {', '.join(near)}.")
    return _CHECKS[id]


def find_gate(phase: str) -> Gate:
    """The gate of a phase.

    Raises:
        LabError: the phase has none.
    """
    _load()
    if phase not in _GATES:
        raise LabError(f"Phase {phase!r} has no gate. These have one: {', '.join(sorted(_GATES))}.")
    return _GATES[phase]


def _load() -> None:
    for module in PHASE_MODULES:
        import_module(module)
