"""The picture of a tuning: duration and cost against memory, side by side, and the choice marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from labkit.measure.rows import Status
from labkit.measure.texts import ms
from labkit.pricing import usd
from labkit.widgets.base import BLUE, VERMILLION
from labkit.widgets.svg import INK, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from labkit.measure import Step, Tuning

_LOOKS = {"x86_64": ("o", (None, None)), "arm64": ("s", (5, 3))}
_MILLION = 1_000_000


def picture(tuning: Tuning, chosen: Step, width: int, height: int, label: str) -> str:
    """SVG of at least one measured step."""
    return draw(lambda figure: _paint(figure, tuning, chosen), width=width, height=height, label=label)


def _paint(figure: Figure, tuning: Tuning, chosen: Step) -> None:
    time = figure.add_axes((0.085, 0.17, 0.39, 0.74))
    cost = figure.add_axes((0.59, 0.17, 0.39, 0.74))
    _runs(time, tuning)
    _curves(time, tuning, _duration, BLUE)
    _mark(time, chosen, _duration(chosen), BLUE, ms(chosen.duration_ms))
    _furnish(time, tuning, "ms in the handler")
    if tuning.priced:
        _curves(cost, tuning, _cost, VERMILLION)
        _mark(cost, chosen, _cost(chosen), VERMILLION, f"{usd(round(_cost(chosen), 2))} USD")
    else:
        middle = {"transform": cost.transAxes, "ha": "center", "va": "center"}
        cost.text(0.5, 0.5, "no price is known\nfor this Region", **middle)  # type: ignore[arg-type]
    _furnish(cost, tuning, "USD per million invocations")


def _duration(step: Step) -> float:
    return step.duration_ms or 0.0


def _cost(step: Step) -> float:
    return (step.cost_usd or 0.0) * _MILLION


def _runs(axes: Axes, tuning: Tuning) -> None:
    """Every warm run as a small dot: how sure a mean is."""
    points = [
        (step.memory_mb, row.duration_ms or 0.0)
        for step in tuning.measured
        for row in step.measurements or ()
        if row.number > 1 and row.cold is False and row.status is Status.OK
    ]
    x, y = [one for one, _ in points], [other for _, other in points]
    axes.plot(x, y, linestyle="none", marker=".", markersize=5, color=INK, alpha=0.35, markeredgewidth=0)


def _curves(axes: Axes, tuning: Tuning, value: Callable[[Step], float], colour: str) -> None:
    architectures = dict.fromkeys(step.architecture for step in tuning.measured)
    for architecture in architectures:
        steps = [step for step in tuning.measured if step.architecture == architecture]
        mark, dashes = _LOOKS.get(architecture, ("o", (None, None)))
        x, y = [step.memory_mb for step in steps], [value(step) for step in steps]
        axes.plot(
            x, y, color=colour, marker=mark, markersize=6, linewidth=1.6, dashes=dashes, label=architecture
        )
    if len(architectures) > 1:
        axes.legend(loc="upper center", frameon=False, fontsize=11)


def _mark(axes: Axes, chosen: Step, value: float, colour: str, text: str) -> None:
    """A ring around the chosen point, its line, and its value above the frame."""
    axes.axvline(chosen.memory_mb, color=INK, linewidth=1, alpha=0.6)
    ring = {"markersize": 13, "markerfacecolor": "none", "markeredgecolor": colour, "markeredgewidth": 2}
    axes.plot([chosen.memory_mb], [value], marker="o", **ring)  # type: ignore[arg-type]
    above = axes.get_xaxis_transform()
    axes.text(chosen.memory_mb, 1.02, text, transform=above, ha="center", va="bottom", fontsize=12)


def _furnish(axes: Axes, tuning: Tuning, name: str) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

    sizes = sorted({step.memory_mb for step in tuning.steps})
    axes.set_xscale("log")
    axes.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)
    axes.minorticks_off()
    axes.xaxis.set_major_locator(FixedLocator(_apart(sizes)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}"))
    axes.set_ylim(0, axes.get_ylim()[1] * 1.06)
    axes.set_xlabel("MB of memory")
    axes.set_ylabel(name)
    axes.grid()
    axes.set_axisbelow(True)


def _apart(sizes: list[int]) -> list[int]:
    """The sizes whose labels have room beside each other."""
    shown = sizes[:1]
    for size in sizes[1:]:
        if size / shown[-1] >= (sizes[-1] / sizes[0]) ** (1 / 8):
            shown.append(size)
    return shown
