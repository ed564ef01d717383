"""The picture of the break-even: USD a month against requests, one line each, marks where they cross."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from labkit.errors import LabError
from labkit.widgets.base import BLUE, GREEN, VERMILLION
from labkit.widgets.svg import INK, draw
from labkit.widgets.words import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from labkit.widgets.comparison import Comparison, Rival

_FEWEST, _MOST = 10**4, 10**10
_LOWEST_USD = 0.1
_POINTS = 97
_STAIRS = 8  # drawn with their edges; beyond that the steps are finer than the line
_LOOKS = {"Fargate": (VERMILLION, (6, 3), "D"), "EC2": (GREEN, (2, 2), "s")}


def picture(c: Comparison, width: int, height: int) -> str:
    """SVG of the lines with the chosen load on them.

    Raises:
        FactUnknown: not even the price of the least load is known for the Region.
    """
    c.on_lambda(_FEWEST)
    rivals = [rival for rival in c.rivals if rival.server]
    return draw(lambda figure: _paint(figure, c, rivals), width=width, height=height, label=_label(c, rivals))


def _label(c: Comparison, rivals: list[Rival]) -> str:
    crossings = [
        f"{rival.server.name if rival.server else rival.name} "
        + ("never costs less" if found.requests is None else f"costs no more from {found.requests:,} on")
        for rival in rivals
        if (found := rival.crossing)
    ]
    what = f"Cost of a month against requests on Lambda and on servers in {c.region}"
    return f"{what}: {'; '.join(crossings) or 'no server has a known price'}."


def _paint(figure: Figure, c: Comparison, rivals: list[Rival]) -> None:
    axes = figure.add_axes((0.125, 0.15, 0.855, 0.82))
    axes.set_xscale("log")
    axes.set_yscale("log")
    numbers = [round(_FEWEST * (_MOST / _FEWEST) ** (place / (_POINTS - 1))) for place in range(_POINTS)]
    axes.axvline(c.requests, color=INK, linewidth=1, alpha=0.6)
    top = _line(axes, numbers, c.on_lambda, BLUE, (None, None), "Lambda")
    for rival in rivals:
        top = max(top, _rival(axes, c, rival, numbers))
    _crossings(axes, rivals)
    _furnish(axes, top)


def _rival(axes: Axes, c: Comparison, rival: Rival, numbers: list[int]) -> float:
    server = rival.server
    if server is None:
        return 0.0
    colour, dashes, _ = _LOOKS[rival.name]
    try:
        carries = c.on_servers(server, 1).requests_per_server
    except LabError:  # not even one request fits on it
        return 0.0
    edges = (
        [n * carries + past for n in range(c.at_least or 1, _STAIRS) for past in (0, 1)] if carries else []
    )
    places = sorted({*numbers, *(edge for edge in edges if _FEWEST <= edge <= _MOST)})
    return _line(
        axes, places, lambda n: c.on_servers(server, n).cost.cost_usd, colour, dashes, server.name, width=1.8
    )


def _line(
    axes: Axes,
    numbers: list[int],
    cost: Callable[[int], object],
    colour: str,
    dashes: tuple[float | None, float | None],
    name: str,
    *,
    width: float = 2.2,
) -> float:
    """Draws a line as far as its prices are known; returns its highest point."""
    costs = []
    for number in numbers:
        try:
            costs.append(float(cost(number)))  # type: ignore[arg-type]
        except LabError:  # a tier without a known price: the line ends there
            costs.append(math.nan)
    shown = [value if value >= _LOWEST_USD / 2 else math.nan for value in costs]
    axes.plot(numbers, shown, color=colour, linewidth=width, dashes=dashes, label=name)
    return max((value for value in shown if not math.isnan(value)), default=0.0)


def _crossings(axes: Axes, rivals: list[Rival]) -> None:
    """A mark at each crossing. The first one's number stands to its left, the next one's to its right."""
    found = [
        (rival.crossing.requests, rival) for rival in rivals if rival.crossing and rival.crossing.requests
    ]
    for place, (x, rival) in enumerate(sorted(found, key=lambda one: one[0])):
        if not _FEWEST <= x <= _MOST or rival.crossing is None:
            continue
        colour, _, mark = _LOOKS[rival.name]
        y = float(rival.crossing.server_cost.cost_usd)
        axes.plot([x], [y], marker=mark, markersize=8, color=colour, markeredgewidth=0)
        offset, side = ((-4, 9), "right") if place == 0 else ((2, -18), "left")
        axes.annotate(short(x), (x, y), xytext=offset, textcoords="offset points", ha=side, fontsize=12)


def _furnish(axes: Axes, top: float) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator

    axes.set_xlim(_FEWEST, _MOST)
    axes.set_ylim(_LOWEST_USD, max(top, 100) * 3)
    axes.minorticks_off()
    axes.xaxis.set_major_locator(FixedLocator([10**power for power in range(4, 11)]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.yaxis.set_major_locator(LogLocator(numticks=7))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.set_xlabel("requests a month")
    axes.set_ylabel("USD a month")
    axes.grid()
    axes.set_axisbelow(True)
    axes.legend(loc="upper left", frameon=False, fontsize=12)
