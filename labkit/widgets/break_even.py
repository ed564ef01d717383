"""Break-even: what a load costs a month on Lambda, on Fargate and on EC2, and where the lines cross."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from labkit import facts
from labkit.errors import LabError
from labkit.pricing import BreakEven, Workload
from labkit.widgets.base import View, escape, page
from labkit.widgets.comparison import Comparison, Rival
from labkit.widgets.words import in_words, seconds

REQUESTS = (*(step * 10**power for power in range(4, 10) for step in (1, 2, 5)), 10**10)
DURATIONS_MS = (*(step * 10**power for power in range(5) for step in (1, 2, 5)), 100_000, 300_000, 900_000)
MEMORIES_MB = (128, 256, 512, 768, 1024, 1536, 1769, 2048, 3072, 4096, 6144, 8192, 10240)
CPU_SHARES = (("all the time", 1.0), ("half of the time", 0.5), ("a tenth of the time", 0.1))
_WIDTH, _HEIGHT = 720, 330
_STYLE = """<style>
.labkit table.labkit-bills { border-collapse: collapse; margin: 6px 0; font-size: inherit; }
.labkit table.labkit-bills td { padding: 2px 14px 2px 0; text-align: left; vertical-align: top; }
.labkit table.labkit-bills td:nth-child(1) { white-space: nowrap; }
.labkit table.labkit-bills td:nth-child(2) { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
</style>"""
_NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Bill:
    """A row of the table: what runs, its sum for the chosen load, and where it meets Lambda."""

    what: str
    amount: str
    crossing: str = ""


def break_even(
    workload: Workload | None = None,
    *,
    region: str = "us-east-1",
    free_tier: bool = False,
    task: tuple[float, float] | None = None,
    instance: str | None = None,
    utilisation: float = 0.7,
    at_least: int = 1,
) -> BreakEvenView:
    """Compare Lambda with Fargate and EC2, with sliders for the load.

    Args:
        workload: what the sliders begin at; by default a million requests of 100 ms at 512 MB.
        region: whose prices.
        free_tier: whether Lambda's free tier is still free for this load.
        task: vCPU and GB of a Fargate task, such as ``(0.25, 0.5)``; by default the smallest with the
            function's memory.
        instance: an EC2 type, such as ``"t4g.small"``; by default the cheapest with a known price that has
            room for the function's memory.
        utilisation: how busy servers may be on average, above 0 to 1.
        at_least: servers to keep in any case; 2 for two Availability Zones.
    """
    load = workload or Workload(requests=1_000_000, duration_ms=100, memory_mb=512)
    return BreakEvenView(
        Comparison(load, region, free_tier, 1.0, utilisation, at_least, task, instance),
    )


class BreakEvenView(View):
    """Sliders, the bills of the load that they are set to, and the lines over all loads.

    Attributes:
        comparison: what the controls are set to.
        requests, duration, memory, architecture, region, cpu, free_tier: the controls.
    """

    def __init__(self, comparison: Comparison) -> None:
        super().__init__()
        import ipywidgets

        self.comparison = comparison
        self._page = ipywidgets.HTML(self._html())
        load = comparison.workload
        self.requests = _slider(
            "Requests a month", ((in_words(n), n) for n in _with(REQUESTS, int(load.requests))), load.requests
        )
        self.duration = _slider(
            "Duration",
            ((seconds(ms / 1000), ms) for ms in _with(DURATIONS_MS, load.duration_ms)),
            load.duration_ms,
        )
        self.memory = _slider(
            "Memory", ((f"{mb:,} MB", mb) for mb in _with(MEMORIES_MB, load.memory_mb)), load.memory_mb
        )
        self.cpu = _menu("Handler computes", CPU_SHARES, comparison.cpu_share)
        self.architecture = _menu("Architecture", ("x86_64", "arm64"), load.architecture)
        regions = facts.regions()
        self.region = _menu(
            "Region",
            regions if comparison.region in regions else (comparison.region, *regions),
            comparison.region,
        )
        self.free_tier = ipywidgets.Checkbox(
            comparison.free_tier,
            description="with Lambda's free tier",
            indent=False,
            layout={"width": "220px", "margin": "2px 0 2px 30px"},
        )
        controls = [self.requests, self.duration, self.memory, self.cpu, self.architecture, self.region]
        for control in (*controls, self.free_tier):
            control.observe(self._changed, "value")
        rows = ((self.architecture, self.region), (self.cpu, self.free_tier))
        pairs = [ipywidgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows]
        self.widget = ipywidgets.VBox([self._page, self.requests, self.duration, self.memory, *pairs])

    def text(self) -> str:
        """The bills at the chosen load, where the lines cross, and what is taken for granted."""
        wide = max(len(bill.what) for bill in self._bills())
        bills = [f"{b.what:<{wide}}{b.amount:>16}   {b.crossing}".rstrip() for b in self._bills()]
        return "\n".join([self._heading(), *bills, *self._unknown(), *self._terms()])

    def _changed(self, _: Any) -> None:
        load = replace(
            self.comparison.workload,
            requests=self.requests.value,
            duration_ms=self.duration.value,
            memory_mb=self.memory.value,
            architecture=self.architecture.value,
        )
        self.comparison = replace(
            self.comparison,
            workload=load,
            region=self.region.value,
            free_tier=self.free_tier.value,
            cpu_share=self.cpu.value,
        )
        self._page.value = self._html()
        self.show_again()

    def _heading(self) -> str:
        requests = in_words(self.comparison.requests)
        return f"A month of {requests} requests on AWS in {self.comparison.region}"

    def _bills(self) -> list[Bill]:
        c = self.comparison
        tier = "with the free tier" if c.free_tier else "without the free tier"
        return [
            Bill(f"Lambda, {tier}", _amount(lambda: c.on_lambda(c.requests))),
            *(self._bill(rival) for rival in c.rivals),
        ]

    def _bill(self, rival: Rival) -> Bill:
        server = rival.server
        if server is None:
            return Bill(rival.name, _NOT_KNOWN)
        try:
            fleet = self.comparison.on_servers(server, self.comparison.requests)
        except LabError:
            return Bill(server.name, _NOT_KNOWN)
        amount = _amount(lambda: fleet.cost.cost_usd)
        return Bill(f"{fleet.count:,} x {server.name}", amount, _crossing(rival.crossing))

    def _unknown(self) -> list[str]:
        """Why something is not known, each reason once."""
        c = self.comparison
        reasons = [rival.unknown for rival in c.rivals]
        try:
            c.on_lambda(c.requests)
        except LabError as unknown:
            reasons.append(str(unknown))
        return [reason for reason in dict.fromkeys(reasons) if reason]

    def _terms(self) -> list[str]:
        """What is taken for granted: without it the sums would be read for more than they are."""
        c = self.comparison
        load, share = c.workload, next(name for name, value in CPU_SHARES if value == c.cpu_share)
        request = (
            f"A request: {seconds(float(load.duration_ms) / 1000)} at {load.memory_mb:,} MB on "
            f"{load.architecture}, computing {share}: {c.cpu_ms:,.1f} ms of a vCPU."
        )
        servers = [
            f"{rival.name}: {c.utilisation:.0%} busy on average; {'; '.join(rival.server.notes)}."
            for rival in c.rivals
            if rival.server
        ]
        return [request, *servers]

    def _html(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(b.what)}</td><td>{escape(b.amount)}</td><td>{escape(b.crossing)}</td></tr>"
            for b in self._bills()
        )
        unknown = "".join(f"<div>{escape(line)}</div>" for line in self._unknown())
        terms = "".join(f'<div class="quiet">{escape(line)}</div>' for line in self._terms())
        head = f'<div class="head">{escape(self._heading())}</div>'
        table = f'<table class="labkit-bills">{rows}</table>'
        return page(f"{_STYLE}{head}{table}{unknown}{self._picture()}{terms}", same_twin=True)

    def _picture(self) -> str:
        from labkit.widgets.break_even_picture import picture

        try:
            return picture(self.comparison, _WIDTH, _HEIGHT)
        except LabError:  # said above already
            return ""


def _amount(cost: Callable[[], Decimal]) -> str:
    """A month's sum in cents, as a bill has it."""
    try:
        return f"{cost():,.2f} USD"
    except LabError:
        return _NOT_KNOWN


def _crossing(found: BreakEven | None) -> str:
    if found is None:
        return ""
    if found.requests is None:
        return f"dearer than Lambda up to {found.servers:,} of them"
    rate = f"{found.requests_per_s:,.2f} a second"
    return f"meets Lambda at {found.requests:,} a month ({rate})"


def _slider(name: str, options: Iterable[tuple[str, Any]], value: Any) -> Any:
    import ipywidgets

    return ipywidgets.SelectionSlider(
        options=list(options),
        value=value,
        description=name,
        continuous_update=False,
        style={"description_width": "140px"},
        layout={"width": "560px"},
    )


def _menu(name: str, options: Any, value: Any) -> Any:
    import ipywidgets

    return ipywidgets.Dropdown(
        options=options,
        value=value,
        description=name,
        style={"description_width": "140px"},
        layout={"width": "310px"},
    )


def _with(steps: tuple[int, ...], value: Any) -> list[Any]:
    """The steps of a slider, and the value that it begins at in its place."""
    place = bisect_left(steps, value)
    return [*steps] if value in steps else [*steps[:place], value, *steps[place:]]
