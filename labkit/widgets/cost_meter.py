"""Cost meter: this cell, this lab, a month at N requests. Every sum comes from ``labkit.pricing``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from labkit import pricing
from labkit.errors import LabError
from labkit.measure.texts import calls
from labkit.pricing import Cost, Workload, usd
from labkit.widgets.base import LiveView, escape, page, room
from labkit.widgets.words import in_words

if TYPE_CHECKING:
    from labkit.measure import Measurements

REQUESTS = (*(step * 10**power for power in range(3, 9) for step in (1, 2, 5)), 10**9)
# How often a call is cold is a property of traffic, not of a few measured calls. In production "typically
# under 1 % of invocations" (AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase", 2025).
COLD_SHARES = (("none", 0.0), ("1 in 1,000", 0.001), ("1 in 100", 0.01), ("1 in 10", 0.1), ("every one", 1.0))
_NO_MONTH = "A month has no price before a call has reported its duration."
_WIDTH, _HEIGHT = 720, 250
_STYLE = """<style>
.labkit .labkit-sums { display: flex; flex-wrap: wrap; gap: 8px; margin: 6px 0; }
.labkit .labkit-sums > div { flex: 1 1 150px; box-sizing: border-box; padding: 6px 10px; border-radius: 4px;
  border: 1px solid color-mix(in srgb, currentColor 22%, transparent); }
.labkit .labkit-sums b { display: block; font-weight: 500; font-size: 1.25em; }
</style>"""


def cost_meter(
    measurements: Measurements | None = None,
    *,
    lab: Cost | Callable[[], Cost] | None = None,
    workload: Workload | None = None,
    requests: int = 1_000_000,
    region: str | None = None,
) -> CostMeterView:
    """Show what the calls of a cell cost, what the lab cost so far, and what a month of them would cost.

    Args:
        measurements: the calls of this cell; their mean durations are what the month is made of. None shows
            an empty meter that a run fills when it is given as its ``watch``.
        lab: the lab's cost so far: ``lab.cost()``, or ``lab.cost`` to have it looked up when a run begins and
            ends.
        workload: what the month is made of, instead of the measurements.
        requests: the number of requests a month that the slider begins at.
        region: whose prices; by default the one that was measured in, else us-east-1.
    """
    if region is None:
        region = "us-east-1" if measurements is None else measurements.function.region
    return CostMeterView(measurements, lab, workload, requests, region)


@dataclass(frozen=True)
class Sum:
    """What is counted, and what it comes to."""

    name: str
    amount: str


@dataclass(frozen=True)
class Month:
    """What the controls are set to."""

    workload: Workload
    region: str

    def cost(self, *, free_tier: bool) -> Cost:
        """The bill of the month.

        Raises:
            FactUnknown: a price is not known for this Region.
        """
        return pricing.month(self.workload, region=self.region, free_tier=free_tier)

    def at(self, requests: int) -> Month:
        """The same with another number of requests."""
        return replace(self, workload=replace(self.workload, requests=requests))


class CostMeterView(LiveView):
    """A table of three sums, a slider for requests a month, and the curve that it moves along.

    Attributes:
        month: what the slider and the menu are set to; None until there are durations to make it of.
        requests, cold: the controls.
    """

    def __init__(
        self,
        measurements: Measurements | None,
        lab: Cost | Callable[[], Cost] | None,
        workload: Workload | None,
        requests: int,
        region: str,
    ) -> None:
        super().__init__()
        import ipywidgets

        self._measurements = measurements
        self._lab = lab
        self._given = workload
        self._region = region
        self._spent = ""
        nearest = min(REQUESTS, key=lambda one: abs(one - requests))
        wide = {"description_width": "140px"}
        self.requests = ipywidgets.SelectionSlider(
            options=[(in_words(number), number) for number in REQUESTS],
            value=nearest,
            description="Requests a month",
            continuous_update=False,
            style=wide,
            layout={"width": "560px"},
        )
        self.cold = ipywidgets.Dropdown(
            options=COLD_SHARES,
            value=0.01,
            description="Cold starts",
            style=wide,
            layout={"width": "300px"},
        )
        self._page = ipywidgets.HTML()
        self._look_up()
        self._recompute()
        self._page.value = self._html()
        self.requests.observe(self._changed, "value")
        self.cold.observe(self._changed, "value")
        self.widget = ipywidgets.VBox([self._page, self.requests, self.cold])

    def update(self, measurements: Measurements, lab: Cost | None = None) -> None:
        """Show these calls instead; the controls stay where they are."""
        self._measurements = measurements
        self._region = measurements.function.region
        self._spent = self._spent if lab is None else _exact(lambda: lab)
        self._recompute()
        self._draw()

    def finish(self, measurements: Measurements, /) -> None:
        """A run is over: the last sums, the lab's too, and the twin."""
        self._look_up()
        super().finish(measurements)

    def text(self) -> str:
        """The three sums, and what the month is made of."""
        lines = [f"{one.name:<34}{one.amount}" for one in self._sums()]
        return "\n".join([f"Cost on AWS in {self._region}", *lines, self._made_of()])

    def _changed(self, _: Any) -> None:
        self._recompute()
        self._draw()

    def _look_up(self) -> None:
        """What the lab has cost by now."""
        if (lab := self._lab) is not None:
            self._spent = _exact(lab if callable(lab) else lambda: lab)

    def _recompute(self) -> None:
        """The month, from what is measured and where the controls are."""
        load = self._given or _typical(self._measurements)
        self.cold.disabled = load is None or not load.init_ms
        if load is None:
            self.month = None
            return
        share = 0.0 if self.cold.disabled else self.cold.value
        self.month = Month(replace(load, requests=self.requests.value, cold_share=share), self._region)

    def _draw(self) -> None:
        self._page.value = self._html()
        self.show_again()

    def _sums(self) -> list[Sum]:
        sums = []
        if self._measurements is not None:
            count = len(self._measurements)
            sums.append(Sum(f"this cell, {count:,} {calls(count)}", _exact(self._measurements.cost)))
        if self._spent:
            sums.append(Sum("this lab so far", self._spent))
        if self.month is None:
            return sums
        requests = in_words(int(self.month.workload.requests))
        sums.append(Sum(f"a month of {requests} requests", _cents(self.month, free_tier=False)))
        sums.append(Sum("the same with the free tier", _cents(self.month, free_tier=True)))
        return sums

    def _made_of(self) -> str:
        if self.month is None:
            return _NO_MONTH
        w = self.month.workload
        parts = [f"{float(w.duration_ms):,.1f} ms in the handler", f"{w.memory_mb:,} MB", w.architecture]
        if w.init_ms:
            share = next(name for name, value in COLD_SHARES if value == w.cold_share)
            parts.append(
                f"cold starts: {share}" + (f", {float(w.init_ms):,.1f} ms init" if w.cold_share else "")
            )
        return f"A request: {', '.join(parts)}."

    def _html(self) -> str:
        cards = "".join(f"<div>{escape(one.name)} <b>{escape(one.amount)}</b></div>" for one in self._sums())
        head = f'<div class="head">Cost on AWS in {escape(self._region)}</div>'
        made_of = f'<div class="quiet">{escape(self._made_of())}</div>'
        body = f'{_STYLE}{head}<div class="labkit-sums">{cards}</div>{made_of}{self._picture()}'
        return page(body, same_twin=True)

    def _picture(self) -> str:
        if self.month is None:
            return room(_WIDTH, _HEIGHT)
        from labkit.widgets.cost_picture import picture

        try:
            return picture(self.month, _WIDTH, _HEIGHT)
        except LabError as unknown:
            return f'<div class="quiet">{escape(unknown)}</div>'


def _typical(measurements: Measurements | None) -> Workload | None:
    """A request as the measured ones were on average: cost grows with the mean, not with the median."""
    if measurements is None or not (durations := measurements.values("duration_ms")):
        return None
    reported = next(row for row in reversed(measurements.rows) if row.memory_mb is not None)
    return Workload(
        requests=0,
        duration_ms=fmean(durations),
        memory_mb=reported.memory_mb or 128,
        architecture=measurements.function.architecture or "x86_64",
        init_ms=fmean(measurements.values("init_ms") or [0]),
        ephemeral_mb=measurements.function.ephemeral_mb,
    )


def _exact(cost: Callable[[], Cost]) -> str:
    try:
        return f"{usd(cost().cost_usd)} USD"
    except LabError as unknown:
        return f"not known: {unknown}"


def _cents(month: Month, *, free_tier: bool) -> str:
    """A month's sum in cents, as a bill has it."""
    try:
        return f"{month.cost(free_tier=free_tier).cost_usd:,.2f} USD"
    except LabError as unknown:
        return f"not known: {unknown}"
