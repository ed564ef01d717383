"""Runs notebooks from top to bottom, as CI and instructors do, and says how each went."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from labkit import cloud, session
from labkit.checks import Journal, Mark
from labkit.course import notebook as files
from labkit.course import stage
from labkit.course.kernel import Failure, execute
from labkit.course.places import Course, chosen
from labkit.errors import CourseError, LabError
from labkit.session.costs import Meter, cost_so_far
from labkit.session.record import RECORD, DesignRecord


@dataclass(frozen=True)
class Order:
    """What to run, and how.

    Attributes:
        names: of notebooks; none for all.
        learner: the learner copies, in which every exercise has to be reported undone.
        parameters: for the notebooks that have them.
        workspace: an existing one; None for a fresh one, with a cloud of its own, for each notebook.
        in_sequence: one fresh workspace and one cloud for all notebooks.
        twice: each cell runs two times in a row, as people do who change something and try again.
        confirmed: with target ``aws``: somebody has agreed to changes in the account.
    """

    names: tuple[str, ...] = ()
    learner: bool = False
    target: stage.Target = "local"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    workspace: Path | None = None
    in_sequence: bool = False
    twice: bool = False
    confirmed: bool = False


@dataclass(frozen=True)
class Outcome:
    """How one notebook went.

    Attributes:
        name: such as ``02-create``.
        cells_s: the part of the duration that its cells took.
        asked: the checkpoints that the notebook asks for.
        marks: what the last look at each of them said.
        invocations: as far as the logs tell.
        cost_usd: what they would cost on AWS; None if no price is known.
        problems: everything that is wrong; none if it went well.
    """

    name: str
    learner: bool
    notebook: NotebookNode = field(repr=False)
    duration_s: float
    cells_s: float
    asked: tuple[str, ...]
    marks: Mapping[str, Mark] = field(repr=False)
    invocations: int
    cost_usd: Decimal | None
    failure: Failure | None
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it went as it should."""
        return not self.problems

    def count(self, *states: str) -> int:
        """How many of the checkpoints asked for are in one of these states."""
        return sum(self.marks[id].state in states for id in self.asked if id in self.marks)


def run(
    course: Course, order: Order, on_cell: Callable[[str, int, int], None] = lambda name, number, count: None
) -> Iterator[Outcome]:
    """Runs the notebooks one after the other; gives each outcome as soon as it is there.

    What a notebook leaves in the cloud is deleted and reported. Stopped in the middle, nothing stays behind.

    Args:
        on_cell: is told the notebook, the number of the cell that begins, and how many there are.

    Raises:
        CourseError: there is no such notebook or parameter.
    """
    source = course.copies if order.learner else course.solutions
    paths = chosen(source, order.names)
    notebooks = {path: files.read(path) for path in paths}
    if order.twice:
        notebooks = {path: files.twice(content) for path, content in notebooks.items()}
    parameters = _parameters(notebooks, order)
    with _shared(order, source) as shared:
        for path, content in notebooks.items():
            with nullcontext(shared) if shared else stage.fresh(source) as place:
                yield _run_one(path, content, place, order, parameters[path], on_cell)


def separate(course: Course, order: Order) -> list[Order]:
    """An order for each notebook, with the parameters that it has.

    Raises:
        CourseError: there is no such notebook or parameter.
    """
    paths = chosen(course.copies if order.learner else course.solutions, order.names)
    given = _parameters({path: files.read(path) for path in paths}, order)
    return [replace(order, names=(path.stem,), parameters=given[path]) for path in paths]


@contextmanager
def _shared(order: Order, source: Path) -> Iterator[Path | None]:
    """The workspace that all notebooks share, if they do. A cloud that ran before goes on running."""
    if order.workspace is not None:
        place = cloud.workspace_dir(order.workspace)
        ran = cloud.find(place) is not None
        cloud.state_dir(place)
        stage.bring(source, place)
        try:
            yield place
        finally:
            if not ran:
                cloud.stop(place)
    elif order.in_sequence:
        with stage.fresh(source) as place:
            yield place
    else:
        yield None


def _run_one(
    path: Path,
    content: NotebookNode,
    place: Path,
    order: Order,
    parameters: Mapping[str, Any],
    on_cell: Callable[[str, int, int], None],
) -> Outcome:
    before = {id: mark.looks for id, mark in Journal(place).marks().items()}
    environment = stage.kernel_environment(place, "print" if order.learner else "raise")
    if order.confirmed:
        environment["LABKIT_CONFIRM"] = "yes"
    began, since = time.monotonic(), datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        done = execute(content, place, environment, parameters, partial(on_cell, path.stem))
        duration_s = time.monotonic() - began
        invocations, cost_usd = _bill(path.stem, place, order, parameters, since)
    finally:
        left = [f"{lab}: {entry.label}" for lab, entry in stage.left_behind(place)]
        survivors = stage.tear_down(place, order.target)
    looked = {id: mark for id, mark in Journal(place).marks().items() if mark.looks > before.get(id, 0)}
    asked = tuple(files.checks_in(content))
    problems = list(_problems(asked, looked, order, done.failure))
    if done.failure is not None and (fault := stage.last_fault(place)):
        problems.append(f"the local cloud's log has:\n{fault}")
    if done.failure is None and left:
        problems.append(f"left behind: {', '.join(left)}")
    problems += [f"could not be deleted: {one}" for one in survivors]
    return Outcome(
        path.stem,
        order.learner,
        done.notebook,
        duration_s,
        files.cells_s(done.notebook),
        asked,
        looked,
        invocations,
        cost_usd,
        done.failure,
        tuple(problems),
    )


def _problems(
    asked: tuple[str, ...], looked: Mapping[str, Mark], order: Order, failure: Failure | None
) -> Iterator[str]:
    if failure is not None:
        yield str(failure)
        return
    for id in asked:
        state = looked[id].state if id in looked else None
        if state is None:
            yield f"{id} was not looked at"
        elif order.learner and state == "done":
            yield f"{id} is reported as done, though nobody has done it"
        elif not order.learner and state == "undone":
            yield f"{id} is not reached"


def _bill(
    name: str, place: Path, order: Order, parameters: Mapping[str, Any], since: str
) -> tuple[int, Decimal | None]:
    """(invocations, cost) of the functions that the notebook has made since then, deleted ones included."""
    region = str(parameters.get("region") or cloud.DEFAULT_REGION)
    if order.target == "local" and cloud.find(place) is None:
        return 0, None
    try:
        lab = session.open(name, target=order.target, region=region, workspace=place)
        record = DesignRecord(cloud.state_dir(place) / RECORD)
        cost = cost_so_far(Meter(lab.ledger, lab.client, region, record, since))
    except LabError:
        return 0, None
    requests = sum((line.quantity for line in cost.lines if line.unit == "requests"), Decimal(0))
    return int(requests), cost.cost_usd


def _parameters(notebooks: Mapping[Path, NotebookNode], order: Order) -> dict[Path, dict[str, Any]]:
    """notebook -> the parameters that it has, of those that were given.

    Raises:
        CourseError: no notebook has one of them.
    """
    wanted = dict(order.parameters)
    if order.target != "local":
        wanted["target"] = order.target
    known = {path: files.parameters_in(content) for path, content in notebooks.items()}
    for name in wanted:
        if not any(name in names for names in known.values()):
            there = ", ".join(sorted(set().union(*known.values()))) or "none"
            raise CourseError(f"No notebook has a parameter {name!r}. The parameters are: {there}.")
    return {path: {n: v for n, v in wanted.items() if n in names} for path, names in known.items()}
