"""Trace: the waterfall of a request in AWS X-Ray, with its subsegments and what failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from labkit.errors import LabError
from labkit.measure import traces
from labkit.measure.traces import Span, Summary, Trace
from labkit.widgets.base import View, escape, page
from labkit.widgets.words import clock, seconds

_WIDTH = 720
_MOST_ROWS = 50
_NAME_WIDTH = 44
_LATER_S = 60.0  # clocks differ: look a little beyond now
Clients = Callable[[str], Any]


def trace(
    clients: Clients,
    what: str | None = None,
    *,
    minutes: float = 15,
    now: Callable[[], float] = time.time,
) -> TraceView:
    """Show traces of AWS X-Ray.

    Args:
        clients: gives a boto3 client by service name, such as ``lab.client``.
        what: a trace id (``1-…``), or the name of a function or service: its latest traces; None: the latest
            of all.
        minutes: how far to look back for them.
        now: the time in the cloud, seconds since the epoch.
    """
    return TraceView(clients, what, minutes, now)


class TraceView(View):
    """A menu of the latest traces, and the waterfall of the one that is chosen.

    Attributes:
        trace: what is shown; None when there is nothing to show, and then ``problem`` says why.
        menu, again: the controls.
    """

    def __init__(self, clients: Clients, what: str | None, minutes: float, now: Callable[[], float]) -> None:
        super().__init__()
        import ipywidgets

        self._clients, self._what, self._minutes, self._now = clients, what, minutes, now
        self.trace: Trace | None = None
        self.problem = ""
        self._page = ipywidgets.HTML()
        self.menu = ipywidgets.Dropdown(
            options=[], description="Trace", style={"description_width": "60px"}, layout={"width": "560px"}
        )
        self.again = ipywidgets.Button(description="Look again", layout={"width": "130px"})
        self.menu.observe(self._chosen, "value")
        self.again.on_click(lambda _: self.update())
        self.widget = ipywidgets.VBox(
            [self._page, ipywidgets.HBox([self.menu, self.again], layout={"flex_flow": "row wrap"})]
        )
        self.update()

    def update(self) -> None:
        """Ask X-Ray again, and show the newest trace."""
        try:
            found = self._look()
        except LabError as problem:
            found, self.problem = [], str(problem)
        self.menu.unobserve(self._chosen, "value")
        self.menu.options = [(_line(one), one.id) for one in found]
        self.menu.value = found[0].id if found else None
        self.menu.observe(self._chosen, "value")
        self.menu.layout.display = None if len(found) > 1 else "none"
        self._read()

    def text(self) -> str:
        """Each part of the request, indented by what it is part of: when it began, how long it took."""
        if self.trace is None:
            return self.problem
        wide = max(len(_name(span)) for span in self.trace.spans[:_MOST_ROWS])
        head = f"{f'from {clock(self.trace.begins_at)} UTC':<{wide}}{'begins':>11}{'lasts':>11}"
        rows = [_row(span, self.trace.begins_at, wide) for span in self.trace.spans[:_MOST_ROWS]]
        left = len(self.trace.spans) - _MOST_ROWS
        more = [f"and {left} more"] if left > 0 else []
        return "\n".join([_heading(self.trace), head, *rows, *more])

    def _look(self) -> list[Summary]:
        self.problem = ""
        if self._what and self._what.startswith("1-"):
            found = traces.trace(self._clients("xray"), self._what)
            span = found.spans[0]
            took_s = found.ends_at - found.begins_at
            return [Summary(found.id, span.name, span.started_at, took_s, span.state)]
        until = self._now() + _LATER_S
        since = until - _LATER_S - self._minutes * 60
        latest = traces.recent(self._clients("xray"), since=since, until=until, name=self._what)
        if not latest:
            self.problem = self._nothing()
        return latest

    def _nothing(self) -> str:
        of = f" of {self._what}" if self._what else ""
        return (
            f"There is no trace{of} of the last {self._minutes:g} minutes. A function is traced when its "
            'TracingConfig is {"Mode": "Active"} and its role may write traces (AWSXRayDaemonWriteAccess). '
            "X-Ray samples, so not every request leaves a trace, and shows one some seconds later."
        )

    def _chosen(self, _: Any) -> None:
        self._read()

    def _read(self) -> None:
        self.trace = None
        if self.menu.value is not None:
            try:
                self.trace = traces.trace(self._clients("xray"), self.menu.value)
            except LabError as problem:
                self.problem = str(problem)
        self._page.value = self._html()
        self.show_again()

    def _html(self) -> str:
        if self.trace is None:
            return page(f'<div class="quiet" role="status">{escape(self.problem)}</div>')
        from labkit.widgets.trace_picture import picture

        spans = self.trace.spans[:_MOST_ROWS]
        head = f'<div class="head">{escape(_heading(self.trace))}</div>'
        problems = "".join(
            f"<div>✕ {escape(span.name)}: {escape(span.problem)}</div>"
            for span in self.trace.problems
            if span.problem
        )
        return page(head + picture(self.trace, spans, _WIDTH, _label(self.trace)) + problems)


def _heading(found: Trace) -> str:
    problems = len(found.problems)
    failed = f", {problems} with a problem" if problems else ""
    took = seconds(found.ends_at - found.begins_at)
    parts = f"{len(found.spans)} part{'' if len(found.spans) == 1 else 's'}"
    return f"Trace {found.id}: {took}, {parts}{failed}"


def _label(found: Trace) -> str:
    longest = max(found.spans[1:] or found.spans, key=lambda span: (span.ended_at or 0) - span.started_at)
    return f"Waterfall. {_heading(found)}. The longest part is {longest.name}, {_lasts(longest)}."


def _line(one: Summary) -> str:
    mark = "" if one.state == "ok" else f" ✕ {one.state}"
    return f"{clock(one.started_at)} UTC, {one.name}, {seconds(one.duration_s)}{mark}"


def _name(span: Span) -> str:
    kind = f" {span.kind}" if span.kind else ""
    text = f"{'  ' * min(span.depth, 10)}{span.name}{kind}"
    return text if len(text) <= _NAME_WIDTH + 16 else f"{text[: _NAME_WIDTH + 15]}…"


def _lasts(span: Span) -> str:
    return "in progress" if span.ended_at is None else seconds(span.ended_at - span.started_at)


def _row(span: Span, origin: float, wide: int) -> str:
    mark = "" if span.state == "ok" else f"  ✕ {span.state}" + (f": {span.problem}" if span.problem else "")
    return f"{_name(span):<{wide}}{seconds(span.started_at - origin):>11}{_lasts(span):>11}{mark}"
