"""Event path: from the event to the handler to the effect, with the waits in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from labkit.errors import LabError
from labkit.measure.environments import Environments, Invocation, environments
from labkit.measure.target import look_up
from labkit.widgets.base import BLUE, VERMILLION, View, escape, page
from labkit.widgets.words import clock, seconds

_WIDTH = 720
_SLACK_S = 0.05  # log times are whole ms, and the sender's clock is another one
_LOOK_EVERY_S = 0.25
_LOOK_BACK_S = 900.0  # when neither a time nor an id is given: the latest invocation
_MILLISECONDS = 1e11  # a number of seconds beyond that would be in the year 5138
Clients = Callable[[str], Any]
#: A time as it is found in records: a datetime, its ISO text, or seconds or milliseconds since the epoch.
When: TypeAlias = "datetime | str | float"
Then: TypeAlias = Literal["wait", "init", "handler"]


@dataclass(frozen=True)
class Moment:
    """Something that happened.

    Attributes:
        at: seconds since the epoch.
        then: what goes on from then to the next moment.
    """

    name: str
    at: float
    then: Then = "wait"
    failed: bool = False


def event_path(
    clients: Clients,
    function: str,
    *,
    sent_at: When | None = None,
    request_id: str | None = None,
    moments: Mapping[str, When] | None = None,
    timeout_s: float = 15.0,
    now: Callable[[], float] = time.time,
) -> EventPathView:
    """Show the way of one event through a function; all attempts, if it was retried.

    Args:
        clients: gives a boto3 client by service name, such as ``lab.client``.
        function: the name of the function that the event triggers.
        sent_at: when it was sent, by the cloud's clock (``lab.clock.now()``). Without a request id, the first
            invocation after it is taken.
        request_id: of the invocation, if it is known. Without both, the latest invocation is taken.
        moments: what else happened when, by name: ``{"in the queue": t1, "row in the table": t2}``.
        timeout_s: how long to wait for the invocation to end and its log lines to be seen.
        now: the time in the cloud, seconds since the epoch.
    """
    return EventPathView(clients, function, sent_at, request_id, moments or {}, timeout_s, now)


class EventPathView(View):
    """The moments from top to bottom with the waits between them, and bars to scale beside them.

    Attributes:
        moments: what is shown, in order.
        problem: what is missing, and why.
        again: the button that looks again, for attempts that come later.
    """

    def __init__(
        self,
        clients: Clients,
        function: str,
        sent_at: When | None,
        request_id: str | None,
        named: Mapping[str, When],
        timeout_s: float,
        now: Callable[[], float],
    ) -> None:
        super().__init__()
        import ipywidgets

        self._clients, self._function, self._request_id = clients, function, request_id
        self._named = [Moment(name, at_of(when)) for name, when in named.items()]
        self._sent_at = None if sent_at is None else at_of(sent_at)
        if self._sent_at is not None:
            self._named.append(Moment("event sent", self._sent_at))
        self._since = now() - _LOOK_BACK_S if self._sent_at is None else self._sent_at
        self.moments: tuple[Moment, ...] = ()
        self.problem = ""
        self._page = ipywidgets.HTML()
        self.again = ipywidgets.Button(description="Look again", layout={"width": "130px"})
        self.again.on_click(lambda _: self.update())
        self.widget = ipywidgets.VBox([self._page, self.again])
        self.update(timeout_s)

    def update(self, timeout_s: float = 0.0) -> None:
        """Read the logs again; until the invocation has ended, at most so long."""
        until = time.monotonic() + timeout_s
        while not self._look() and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)
        self._page.value = self._html()
        self.show_again()

    def text(self) -> str:
        """A line for each moment, and one for each wait between them."""
        lines = [self._heading()]
        for moment, later in zip(self.moments, (*self.moments[1:], None), strict=False):
            lines.append(f"{clock(moment.at)}  {'✕' if moment.failed else '●'} {moment.name}")
            if later is not None:
                lines.append(f"{'│':>15} {took(moment, later)}")
        return "\n".join([*lines, *([self.problem] if self.problem else [])])

    def _look(self) -> bool:
        """Read what is known by now; whether the invocation has ended."""
        self.problem, runs = "", []
        try:
            function = look_up(self._clients("lambda"), self._function, None)[0]
            found = environments(self._clients("logs"), function, since=self._since - 1)
            since = None if self._sent_at is None else self._sent_at - _SLACK_S
            runs = attempts(found, self._request_id, since)
        except LabError as problem:
            self.problem = str(problem)
        if not runs and not self.problem:
            self.problem = (
                f"No invocation of {self._function} that belongs to it is in the logs yet. CloudWatch Logs "
                "shows lines some seconds late; a trigger may wait, or not be allowed to invoke."
            )
        steps = [step for number, run in enumerate(runs, 1) for step in _steps(run, number, len(runs))]
        self.moments = tuple(sorted([*self._named, *steps], key=lambda one: one.at))
        return bool(runs) and runs[-1].ended_at is not None

    def _heading(self) -> str:
        if len(self.moments) < 2:
            return f"{self._function}: the way of an event"
        first, last = self.moments[0], self.moments[-1]
        return f"{self._function}: {seconds(last.at - first.at)} from “{first.name}” to “{last.name}”"

    def _html(self) -> str:
        head = f'<div class="head">{escape(self._heading())}</div>'
        problem = f'<div role="status">{escape(self.problem)}</div>' if self.problem else ""
        if not self.moments:
            return page(head + problem)
        from labkit.widgets.event_path_picture import picture

        key = (
            f'<div><span style="color: {VERMILLION}">▬</span> init · '
            f'<span style="color: {BLUE}">▬</span> handler · ┄ wait</div>'
        )
        waits = [f"{took(one, later)} after “{one.name}”" for one, later in pairwise(self.moments)]
        label = f"{self._heading()}: {', '.join(waits)}."
        return page(head + key + picture(self.moments, _WIDTH, label) + problem)


def took(moment: Moment, later: Moment) -> str:
    """How long it was from a moment to the next one, and what went on."""
    words = {"wait": "wait", "init": "init", "handler": "in the handler"}
    return f"{seconds(later.at - moment.at)} {words[moment.then]}"


def at_of(when: When) -> float:
    """Seconds since the epoch.

    Raises:
        LabError: it is no time.
    """
    try:
        if isinstance(when, datetime):
            return when.timestamp()
        number = float(when)
    except ValueError:
        try:
            return datetime.fromisoformat(str(when)).timestamp()
        except ValueError as error:
            raise LabError(
                f"{when!r} is no time: give a datetime, its ISO text, or seconds since the epoch."
            ) from error
    except TypeError as error:
        raise LabError(f"{when!r} is no time: give a datetime, or seconds since the epoch.") from error
    return number / 1000 if number > _MILLISECONDS else number


def attempts(found: Environments, request_id: str | None, since: float | None) -> list[Invocation]:
    """The invocations with that id; else with that of the first that started since then; else of the last."""
    runs = found.invocations
    if request_id is None and since is not None:
        request_id = next((run.request_id for run in runs if run.started_at >= since), None)
    elif request_id is None and runs:
        request_id = runs[-1].request_id
    return [run for run in runs if run.request_id == request_id]


def _steps(run: Invocation, number: int, of: int) -> list[Moment]:
    """What an attempt adds to the path. An attempt that was followed by another one failed."""
    name = f", attempt {number}" if of > 1 else ""
    steps = []
    if run.begins_at < run.started_at:
        steps.append(Moment(f"new environment{name}", run.begins_at, "init"))
    if run.ended_at is None:
        return [*steps, Moment(f"handler called{name}", run.started_at)]
    failed = run.failed or number < of
    return [
        *steps,
        Moment(f"handler called{name}", run.started_at, "handler"),
        Moment(f"handler {'failed' if failed else 'ended'}{name}", run.ended_at, failed=failed),
    ]
