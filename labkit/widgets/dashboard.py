"""Dashboard: latency percentiles, errors, throttles, concurrency and cost of the functions of a lab."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labkit import pricing
from labkit.errors import LabError
from labkit.measure.environments import environments
from labkit.measure.metrics import Metrics, metrics
from labkit.measure.rows import percentile
from labkit.measure.target import look_up
from labkit.measure.texts import ms
from labkit.pricing import Cost, usd
from labkit.reports import Report
from labkit.widgets.base import View, escape, page
from labkit.widgets.periods import Repeater
from labkit.widgets.words import clock

_WIDTH, _HEIGHT = 720, 330
_STYLE = """<style>
.labkit table.labkit-functions { border-collapse: collapse; margin: 6px 0; font-size: inherit; }
.labkit table.labkit-functions :is(td, th) { padding: 3px 0 3px 14px; text-align: right; white-space: nowrap;
  font-weight: normal; font-variant-numeric: tabular-nums; background: none; border: 0; }
.labkit table.labkit-functions tr + tr :is(td, th) {
  border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.labkit table.labkit-functions :is(td, th):first-child { text-align: left; padding-left: 0; }
</style>"""
_COLUMNS = ("function", "calls", "errors", "throttled", "at once", "p50", "p90", "p99", "USD")
Clients = Callable[[str], Any]


@dataclass(frozen=True)
class Row:
    """A function.

    Attributes:
        reports: what Lambda reported of its invocations: exact durations, and what is billed.
        cost: at the function's present architecture; None when it cannot be said; ``problem`` says why.
    """

    name: str
    metrics: Metrics
    reports: tuple[Report, ...] = ()
    cost: Cost | None = None
    problem: str = ""

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        counts = (self.metrics.invocations, self.metrics.errors, self.metrics.throttles)
        durations = [report.duration_ms for report in self.reports]
        return (
            self.name,
            *(f"{series.total:,.0f}" for series in counts),
            f"{self.metrics.concurrency.highest:,.0f}",
            *(ms(percentile(durations, percent)) for percent in (50, 90, 99)),
            "–" if self.cost is None else usd(self.cost.cost_usd),
        )


def dashboard(
    clients: Clients,
    functions: Sequence[str] | Callable[[], Sequence[str]],
    *,
    region: str,
    minutes: float = 15,
    every_s: float | None = None,
    now: Callable[[], float] = time.time,
) -> DashboardView:
    """Show how functions are doing.

    Args:
        clients: gives a boto3 client by service name, such as ``lab.client``.
        functions: their names, or what gives them at each refresh.
        region: whose prices.
        minutes: how far to look back.
        every_s: refresh by itself, every so many seconds for half an hour; None: only by the button.
        now: the time in the cloud, seconds since the epoch.
    """
    names = functions if callable(functions) else lambda: functions
    return DashboardView(clients, names, region, minutes, every_s, now)


class DashboardView(View):
    """A table of all functions, and the last minutes of the one that the menu names.

    Attributes:
        rows: what is shown.
        menu, refresh, repeat: the controls.
    """

    def __init__(
        self,
        clients: Clients,
        names: Callable[[], Sequence[str]],
        region: str,
        minutes: float,
        every_s: float | None,
        now: Callable[[], float],
    ) -> None:
        super().__init__()
        import ipywidgets

        self._clients, self._names, self._region = clients, names, region
        self._minutes, self._now = minutes, now
        self.rows: tuple[Row, ...] = ()
        self._at = now()
        self._problem = ""
        self._page = ipywidgets.HTML()
        self.menu = ipywidgets.Dropdown(
            options=[], description="Function", style={"description_width": "70px"}, layout={"width": "330px"}
        )
        self.refresh = ipywidgets.Button(description="Refresh", layout={"width": "110px"})
        self.refresh.on_click(lambda _: self.update())
        controls = [self.menu, self.refresh]
        if every_s is not None:
            self.repeat = Repeater(self.update, every_s)
            controls.append(self.repeat.box)
        self.menu.observe(self._chosen, "value")
        row = ipywidgets.HBox(controls, layout={"flex_flow": "row wrap"})
        self.widget = ipywidgets.VBox([self._page, row])
        self.update()

    def update(self) -> None:
        """Ask CloudWatch again."""
        self._at, self._problem = self._now(), ""
        try:
            self.rows = self._read()
        except (LabError, ClientError, BotoCoreError) as problem:
            self._problem = f"CloudWatch could not be asked, what is shown is from before: {problem}"
        names = [row.name for row in self.rows]
        kept = self.menu.value if self.menu.value in names else None
        self.menu.unobserve(self._chosen, "value")
        self.menu.options = names
        self.menu.value = kept or self._busiest()
        self.menu.observe(self._chosen, "value")
        self.menu.layout.display = None if len(names) > 1 else "none"
        self._chosen()

    def text(self) -> str:
        """A row for each function."""
        if not self.rows:
            return self._problem or _NOTHING
        table = [_COLUMNS, *(row.cells() for row in self.rows)]
        wide = [max(len(row[column]) for row in table) for column in range(len(_COLUMNS))]
        lines = [
            "  ".join(
                f"{cell:>{wide[n]}}" if n else f"{cell:<{wide[0]}}" for n, cell in enumerate(row)
            ).rstrip()
            for row in table
        ]
        return "\n".join([self._heading(), *lines, *self._notes()])

    def _read(self) -> tuple[Row, ...]:
        names = list(self._names())
        since = self._at - self._minutes * 60
        if not names:
            return ()
        counted = metrics(self._clients("cloudwatch"), names, since=since, until=self._at + 60)
        return tuple(self._row(name, counted[name], since) for name in names)

    def _row(self, name: str, counted: Metrics, since: float) -> Row:
        """A function's counts, and what its REPORT lines say."""
        try:
            function = look_up(self._clients("lambda"), name, None)[0]
        except LabError as problem:
            return Row(name, counted, problem=str(problem))
        try:
            found = environments(self._clients("logs"), function, since=since)
        except LabError:  # it has not run yet: nothing was billed
            return Row(name, counted)
        reports = tuple(run.report for run in found.invocations if run.report)
        try:
            cost = pricing.invocations(
                reports,
                architecture=function.architecture or "x86_64",
                region=self._region,
                ephemeral_mb=function.ephemeral_mb,
            )
        except LabError as unknown:
            return Row(name, counted, reports, problem=str(unknown))
        return Row(name, counted, reports, cost)

    def _busiest(self) -> str | None:
        if not self.rows:
            return None
        return max(self.rows, key=lambda row: row.metrics.invocations.total).name

    def _chosen(self, _: Any = None) -> None:
        self._page.value = self._html()
        self.show_again()

    def _heading(self) -> str:
        return f"The last {self._minutes:g} minutes, at {clock(self._at)[:8]} UTC"

    def _notes(self) -> list[str]:
        reasons = dict.fromkeys(row.problem for row in self.rows if row.problem)
        costs = [row.cost for row in self.rows if row.cost]
        total = [f"together {usd(sum(cost.cost_usd for cost in costs))} USD, without the free tier"]
        return [*(total if len(costs) > 1 else []), *reasons, *([self._problem] if self._problem else [])]

    def _html(self) -> str:
        if not self.rows:
            return page(f'<div class="quiet" role="status">{escape(self._problem or _NOTHING)}</div>')
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in _COLUMNS)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row.cells())}</tr>" for row in self.rows
        )
        table = f'<table class="labkit-functions"><tr class="quiet">{head}</tr>{body}</table>'
        notes = "".join(f"<div>{escape(note)}</div>" for note in self._notes())
        heading = f'<div class="head">{escape(self._heading())}</div>'
        return page(f"{_STYLE}{heading}{table}{notes}{self._picture()}")

    def _picture(self) -> str:
        row = next((one for one in self.rows if one.name == self.menu.value), self.rows[0])
        if not row.metrics.seen:
            return f'<div class="quiet" role="status">{escape(_QUIET.format(row.name))}</div>'
        from labkit.widgets.dashboard_picture import picture

        name = f'<div class="head">{escape(row.name)}, minute by minute</div>' if len(self.rows) > 1 else ""
        return name + picture(row, self._at - self._minutes * 60, self._at, _WIDTH, _HEIGHT)


_NOTHING = "There is no function to watch yet. Create one, then refresh."
_QUIET = "CloudWatch has no point of {} in this time; a minute's points come one or two minutes late."
