"""The picture of a month's cost: USD against requests, with and without the free tier, and where we are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.widgets.base import BLUE, GREEN
from labkit.widgets.svg import INK, draw
from labkit.widgets.words import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from labkit.widgets.cost_meter import Month

_LOWEST_USD, _POINTS = 0.01, 37


def picture(month: Month, width: int, height: int) -> str:
    """SVG of the curve with the chosen number of requests on it.

    Raises:
        FactUnknown: a price is not known for the Region.
    """
    usd = float(month.cost(free_tier=False))
    free = float(month.cost(free_tier=True))
    requests = int(month.workload.requests)
    label = (
        f"Cost of a month against requests. At {requests:,} requests: {usd:,.2f} USD, "
        f"with the free tier {free:,.2f} USD."
    )
    return draw(lambda figure: _paint(figure, month, requests), width=width, height=height, label=label)


def _paint(figure: Figure, month: Month, requests: int) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator

    axes = figure.add_axes((0.105, 0.19, 0.87, 0.77))
    numbers = [round(10 ** (3 + 6 * place / (_POINTS - 1))) for place in range(_POINTS)]
    axes.set_xscale("log")
    axes.set_yscale("log")
    for free_tier, colour, dashes, name in (
        (False, BLUE, (None, None), "without the free tier"),
        (True, GREEN, (6, 3), "with the free tier"),
    ):
        costs = [float(month.at(number).cost(free_tier=free_tier)) for number in numbers]
        shown = [(x, y) for x, y in zip(numbers, costs, strict=True) if y >= _LOWEST_USD]
        axes.plot(
            [x for x, _ in shown], [y for _, y in shown], color=colour, linewidth=2, dashes=dashes, label=name
        )
        here = float(month.at(requests).cost(free_tier=free_tier))
        if here >= _LOWEST_USD:
            mark = "s" if free_tier else "o"
            axes.plot([requests], [here], marker=mark, markersize=8, color=colour, markeredgewidth=0)
    axes.axvline(requests, color=INK, linewidth=1, alpha=0.6)
    axes.set_ylim(bottom=_LOWEST_USD)
    axes.set_xlim(1e3, 1e9)
    axes.minorticks_off()
    axes.xaxis.set_major_locator(LogLocator(numticks=8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:,.2f}" if value < 1 else f"{value:,.0f}")
    )
    axes.set_xlabel("requests a month")
    axes.set_ylabel("USD a month")
    axes.grid()
    axes.set_axisbelow(True)
    axes.legend(loc="upper left", frameon=False, fontsize=12)
