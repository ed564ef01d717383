"""The picture of the dashboard: four small panels over the same minutes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from labkit.measure.metrics import PERIOD_S
from labkit.widgets.base import BLUE, GREEN, VERMILLION
from labkit.widgets.svg import INK, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from labkit.measure.metrics import Series
    from labkit.widgets.dashboard import Row

_PLACES = {
    "durations": (0.075, 0.60, 0.41, 0.32),
    "calls": (0.575, 0.60, 0.41, 0.32),
    "concurrency": (0.075, 0.12, 0.41, 0.32),
    "problems": (0.575, 0.12, 0.41, 0.32),
}


def picture(row: Row, since: float, until: float, width: int, height: int) -> str:
    """SVG of a function that has at least one point."""
    counts = row.metrics
    label = (
        f"The last {(until - since) / 60:g} minutes of {row.name}, minute by minute: "
        f"{counts.invocations.total:,.0f} calls, {counts.errors.total:,.0f} errors, "
        f"{counts.throttles.total:,.0f} throttled, at most {counts.concurrency.highest:,.0f} at once."
    )
    return draw(lambda figure: _paint(figure, row, since, until), width=width, height=height, label=label)


def _paint(figure: Figure, row: Row, since: float, until: float) -> None:
    panels = {name: figure.add_axes(place) for name, place in _PLACES.items()}
    until = math.ceil(until / PERIOD_S) * PERIOD_S  # the minute that is not over yet has points too
    counts = row.metrics
    for series, colour, mark, name in (
        (counts.p99, VERMILLION, "D", "p99"),
        (counts.p90, GREEN, "s", "p90"),
        (counts.p50, BLUE, "o", "p50"),
    ):
        _line(panels["durations"], series, until, colour, mark, name)
    _bars(panels["calls"], counts.invocations, until, BLUE, None)
    _bars(panels["concurrency"], counts.concurrency, until, GREEN, None)
    _bars(panels["problems"], counts.errors, until, VERMILLION, None, name="errors", shift=-10)
    _bars(panels["problems"], counts.throttles, until, INK, "//////", name="throttled", shift=10)
    titles = ("ms in the handler", "calls a minute", "most at once", "problems a minute")
    for axes, title in zip(panels.values(), titles, strict=True):
        _furnish(axes, title, since, until)
    _legend(panels["durations"])
    _legend(panels["problems"])
    for name, axes in panels.items():
        if name in ("concurrency", "problems"):
            axes.set_xlabel("minutes before now")
        else:
            axes.set_xticks([])


def _legend(axes: Axes) -> None:
    """Beside the title, outside of the panel: it hides no point."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.02, 0.94),
            ncols=3,
            columnspacing=1.0,
            handlelength=1.2,
            borderpad=0.1,
            frameon=False,
            fontsize=10,
        )


def _line(axes: Axes, series: Series, until: float, colour: str, mark: str, name: str) -> None:
    if series.at:
        x = [(at + 30 - until) / 60 for at in series.at]
        look = {
            "marker": mark,
            "markersize": 7 if name == "p99" else 4.5,
            "linewidth": 1.4,
            "color": colour,
            "markeredgewidth": 0,
        }
        axes.plot(x, series.values, label=name, **look)  # type: ignore[arg-type]


def _bars(
    axes: Axes,
    series: Series,
    until: float,
    colour: str,
    hatch: str | None,
    *,
    name: str = "",
    shift: float = 0,
) -> None:
    points = [(at, value) for at, value in zip(series.at, series.values, strict=True) if value]
    if points:
        x = [(at + 30 + shift - until) / 60 for at, _ in points]
        face = "none" if hatch else colour
        wide = 0.3 if shift else 0.8
        heights = [value for _, value in points]
        axes.bar(x, heights, wide, facecolor=face, edgecolor=colour, hatch=hatch, linewidth=1, label=name)


def _furnish(axes: Axes, title: str, since: float, until: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim((since - until) / 60, 0)
    axes.set_ylim(0, max(axes.get_ylim()[1] * 1.05, 1) if axes.has_data() else 1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True, min_n_ticks=1))
    # No set_title: to place one, matplotlib lays out all labels twice.
    axes.text(0, 1.05, title, transform=axes.transAxes, fontsize=12)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
