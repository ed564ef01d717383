"""Environment timeline: each execution environment a row over time, and how many invocations ran at once.

Read from CloudWatch Logs. Throttled requests leave nothing there: they come from the caller's measurements.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

from labkit.errors import LabError
from labkit.measure.environments import Environment, Environments, environments
from labkit.measure.rows import Function, Status
from labkit.measure.target import look_up
from labkit.measure.texts import ms
from labkit.widgets.base import BLUE, VERMILLION, LiveView, escape, page
from labkit.widgets.words import clock, seconds

if TYPE_CHECKING:
    from labkit.measure import Measurements

_WIDTH = 720
_SHOWN = 20  # rows of the text
_SLACK_S = 60.0  # before the first call: clocks differ
_SAME_CLOCK_S = 2.0
_ROUNDED_S = 0.002  # log times are whole milliseconds
_INIT_LINE_S = 0.1  # INIT_START is written a little before what Init Duration counts
Clients = Callable[[str], Any]


@dataclass(frozen=True)
class Seen:
    """What the picture shows.

    Attributes:
        throttled: when requests were throttled, seconds since the epoch.
        failed: the ids of the requests whose handler raised.
    """

    environments: Environments
    throttled: tuple[float, ...] = ()
    failed: frozenset[str] = frozenset()

    @cached_property
    def begins_at(self) -> float:
        """The first moment of all."""
        return min([one.begins_at for one in self.environments.environments] + list(self.throttled))

    @cached_property
    def ends_at(self) -> float:
        """The last moment of all."""
        return max([one.ends_at for one in self.environments.environments] + list(self.throttled))


def timeline(
    clients: Clients, what: str | Measurements, *, minutes: float = 15, now: Callable[[], float] = time.time
) -> TimelineView:
    """Show the execution environments of a function over time.

    Args:
        clients: gives a boto3 client by service name, such as ``lab.client``.
        what: a function's name, or measurements of it: then what was throttled or failed is shown as well.
        minutes: how far to look back, when it is a name.
        now: the time in the cloud, seconds since the epoch.
    """
    return TimelineView(clients, what, minutes, now)


class TimelineView(LiveView):
    """The timeline of a function's environments; as the ``watch`` of a run it grows while that goes on.

    Attributes:
        seen: what is shown; None when there is nothing to show, and then ``problem`` says why.
    """

    def __init__(
        self, clients: Clients, what: str | Measurements, minutes: float, now: Callable[[], float]
    ) -> None:
        super().__init__()
        from ipywidgets import HTML

        self._clients = clients
        self._name = what if isinstance(what, str) else what.function.name
        self._measured: Measurements | None = None if isinstance(what, str) else what
        self._since = now() - minutes * 60
        self.seen: Seen | None = None
        self.problem = ""
        self._read()
        self.widget = HTML(self._html())

    def update(self, measurements: Measurements | None = None) -> None:
        """Read the logs again; with measurements, show from their first call on what was throttled too."""
        self._measured = measurements or self._measured
        self._read()
        self.widget.value = self._html()
        self.show_again()

    def text(self) -> str:
        """Each environment with its init and its invocations, and how many ran at once."""
        if self.seen is None:
            return self.problem
        shown = self.seen.environments.environments[:_SHOWN]
        left = len(self.seen.environments.environments) - len(shown)
        head = f"{'environment':<13}{'init':>10}{'invocations':>13}{'busy':>12}  log stream"
        rows = [_row(number, one) for number, one in enumerate(shown, 1)]
        more = [f"and {left} more"] if left > 0 else []
        return "\n".join([_heading(self.seen), _span(self.seen), head, *rows, *more])

    def _read(self) -> None:
        self.seen, self.problem = None, ""
        try:
            found = environments(self._clients("logs"), self._function(), since=self._begin())
        except LabError as problem:
            self.problem = str(problem)
            return
        self.seen = _seen(found, self._measured)
        if not found.environments and not self.seen.throttled:
            self.seen = None
            self.problem = _nothing(found)

    def _function(self) -> Function:
        if self._measured is not None:
            return self._measured.function
        return look_up(self._clients("lambda"), self._name, None)[0]

    def _begin(self) -> float:
        if self._measured is None or not self._measured.rows:
            return self._since
        return min(row.sent_at for row in self._measured) - _SLACK_S

    def _html(self) -> str:
        if self.seen is None:
            return page(f'<div class="quiet" role="status">{escape(self.problem)}</div>', same_twin=True)
        from labkit.widgets.timeline_picture import picture

        keys = (
            f'<span style="color: {VERMILLION}">▬</span> init · '
            f'<span style="color: {BLUE}">▬</span> invocation · ─ idle'
            + (" · ▼ throttled" if self.seen.throttled else "")
            + (" · ✕ failed" if _failed(self.seen) else "")
        )
        head = f'<div><span class="head">{escape(_heading(self.seen))}</span></div><div>{keys}</div>'
        label = f"{_heading(self.seen)} {_span(self.seen)}"
        return page(head + picture(self.seen, _WIDTH, label))


def _seen(found: Environments, measured: Measurements | None) -> Seen:
    """Environments, and what only the caller saw, on the cloud's clock."""
    if measured is None:
        return Seen(found)
    sent = {row.request_id: row.sent_at for row in measured if row.request_id}
    ours = [run for run in found.invocations if run.request_id in sent]
    ahead = median(run.started_at - sent[run.request_id] for run in ours) if ours else 0.0
    shift = ahead if abs(ahead) > _SAME_CLOCK_S else 0.0
    throttled = tuple(row.sent_at + shift for row in measured if row.status is Status.THROTTLED)
    failed = frozenset(row.request_id for row in measured if row.status is Status.ERROR and row.request_id)
    begin = min((run.begins_at for run in ours), default=math.inf)
    kept = tuple(late for one in found.environments if (late := _from(one, begin)))
    return Seen(replace(found, environments=kept), throttled, failed)


def _from(one: Environment, begin: float) -> Environment | None:
    """What an environment did from a moment on: earlier runs are not what was measured."""
    inits = tuple(init for init in one.inits if init.at >= begin - _INIT_LINE_S)
    runs = tuple(run for run in one.invocations if run.begins_at >= begin - _ROUNDED_S)
    return replace(one, inits=inits, invocations=runs) if inits or runs else None


def _nothing(found: Environments) -> str:
    name = found.function.name
    if not found.lines:
        return f"{name} wrote no logs in this time. Invoke it, then look again."
    return (
        f"The log of {name} has {found.lines:,} lines, but none of Lambda's own (INIT_START, START, REPORT) "
        "that tell when its environments worked. With JSON logs, set SystemLogLevel to INFO."
    )


def _failed(seen: Seen) -> int:
    return sum(run.failed or run.request_id in seen.failed for run in seen.environments.invocations)


def _heading(seen: Seen) -> str:
    found = seen.environments
    counts = [
        _count(len(found.environments), "environment"),
        _count(len(found.invocations), "invocation"),
        f"at most {found.most_at_once:,} at once",
    ]
    if failed := _failed(seen):
        counts.append(f"{failed:,} failed")
    if seen.throttled:
        counts.append(f"{len(seen.throttled):,} throttled")
    return f"{found.function.name}: {', '.join(counts)}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _span(seen: Seen) -> str:
    return f"{seconds(seen.ends_at - seen.begins_at)} from {clock(seen.begins_at)} UTC"


def _row(number: int, one: Environment) -> str:
    known = [init.ms for init in one.inits if init.ms is not None]
    init = ms(sum(known)) if known else "ahead" if one.inits else "before"
    busy = sum(run.report.duration_ms for run in one.invocations if run.report)
    return f"{number:<13}{init:>10}{len(one.invocations):>13,}{ms(busy):>12}  {one.stream.rpartition('/')[2]}"
