"""The picture of latencies: a point a call on the left, a histogram on the right, one logarithmic scale."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from labkit.measure.rows import Status
from labkit.measure.texts import ms, percentiles_for
from labkit.widgets.base import BLUE, VERMILLION
from labkit.widgets.svg import FAINT, INK, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from labkit.measure import Measurement, Measurements

_BINS = 24
_MARKED = 400  # beyond that many points a kind is drawn as one path of dots
_STEMS = 60
_LABEL_ROOM = 0.055  # of the height: labels closer than that would overlap


def picture(m: Measurements, width: int, height: int, label: str) -> str:
    """SVG of at least one measurement."""
    return draw(lambda figure: _paint(figure, m), width=width, height=height, label=label)


def _paint(figure: Figure, m: Measurements) -> None:
    strip = figure.add_axes((0.085, 0.16, 0.615, 0.81))
    spread = figure.add_axes((0.725, 0.16, 0.265, 0.81))
    low, high = _limits(m.values("latency_ms"))
    for axes in (strip, spread):
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        axes.minorticks_off()
        axes.set_yticks(_ticks(low, high))
        axes.grid(axis="y")
        axes.set_axisbelow(True)
    _strip(strip, m)
    _spread(spread, m, low, high)
    _percentiles(strip, spread, m, low, high)


def _strip(axes: Axes, m: Measurements) -> None:
    from matplotlib.ticker import MaxNLocator

    last = max(row.number for row in m)
    axes.set_xlim(0.5 - last * 0.01, last + 0.5 + last * 0.01)
    axes.set_yticklabels([_round(tick) for tick in axes.get_yticks()])
    axes.set_xlabel("call")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    _stems(axes, m)
    fine = [row for row in m if row.status is Status.OK]
    _points(axes, [row for row in fine if row.cold is not True], "o", BLUE, 5)
    _points(axes, [row for row in fine if row.cold is True], "D", VERMILLION, 6)
    _points(axes, list(m.problems), "x", INK, 6)


def _stems(axes: Axes, m: Measurements) -> None:
    """The part of a cold call that was init, as a line down to where it would have been without."""
    cold = [row for row in m.cold if row.init_ms is not None and row.latency_ms > row.init_ms][-_STEMS:]
    bottoms = [row.latency_ms - (row.init_ms or 0) for row in cold]
    numbers, tops = [row.number for row in cold], [row.latency_ms for row in cold]
    axes.vlines(numbers, bottoms, tops, color=VERMILLION, linewidth=1.2, alpha=0.6)


def _points(axes: Axes, rows: list[Measurement], marker: str, colour: str, size: float) -> None:
    if not rows:
        return
    if len(rows) <= _MARKED:
        edge = 1.6 if marker == "x" else 0.0
        x, y = [row.number for row in rows], [row.latency_ms for row in rows]
        axes.plot(
            x,
            y,
            linestyle="none",
            marker=marker,
            markersize=size,
            color=colour,
            markeredgewidth=edge,
            alpha=0.85,
        )
        return
    # A marker of its own for each of thousands of points would make a page slow: dots as one path are light.
    dots_x = [value for row in rows for value in (row.number, row.number, math.nan)]
    dots_y = [value for row in rows for value in (row.latency_ms, row.latency_ms, math.nan)]
    axes.plot(dots_x, dots_y, color=colour, linewidth=3, solid_capstyle="round", alpha=0.7)


def _spread(axes: Axes, m: Measurements, low: float, high: float) -> None:
    from matplotlib.ticker import MaxNLocator

    warm, cold = m.warm.values("latency_ms"), m.cold.values("latency_ms")
    other = [row.latency_ms for row in m if row.cold is None]
    # Warm bars are full, cold ones hatched, others empty: colour is not all that tells them apart.
    kinds = ((warm, BLUE, BLUE, None), (cold, "none", VERMILLION, "//////"), (other, "none", FAINT, None))
    for values, face, edge, hatch in kinds:
        bars = _bars(values, low, high)
        if bars:
            bottoms, heights, counts = zip(*bars, strict=True)
            axes.barh(
                bottoms,
                counts,
                heights,
                align="edge",
                facecolor=face,
                edgecolor=edge,
                hatch=hatch,
                linewidth=1,
            )
    axes.set_xlim(right=axes.get_xlim()[1] * 1.9)  # room for the names of the percentiles
    axes.set_yticklabels([])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("number of calls")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))


def _bars(values: list[float], low: float, high: float) -> list[tuple[float, float, int]]:
    """Bottom, height and count of the bins that hold something; bins are equally high on the log scale."""
    ratio = (high / low) ** (1 / _BINS)
    bins = Counter(int(math.log(max(value, low) / low) / math.log(ratio)) for value in values)
    return [(low * ratio**n, low * ratio**n * (ratio**0.86 - 1), count) for n, count in sorted(bins.items())]


def _percentiles(strip: Axes, spread: Axes, m: Measurements, low: float, high: float) -> None:
    """Lines at the median and, where there are calls enough for them, at p90 and p99."""
    taken: list[float] = []
    for group, colour in ((m.warm, BLUE), (m.cold, VERMILLION)):
        if len(group) < 2:
            continue
        for name, percent in sorted(percentiles_for(len(group)).items(), key=lambda one: one[1] != 50):
            value = group.percentile(percent) or low
            place = math.log(value / low) / math.log(high / low)
            if percent == 50:
                strip.axhline(value, color=colour, linewidth=1, dashes=(5, 3))
            if any(abs(place - other) < _LABEL_ROOM for other in taken):
                continue
            taken.append(place)
            spread.axhline(value, color=colour, linewidth=1, dashes=(5, 3))
            spread.annotate(
                f"{name} {ms(value)}",
                (1, place),
                xycoords="axes fraction",
                ha="right",
                va="bottom",
                fontsize=10,
            )


def _limits(values: list[float]) -> tuple[float, float]:
    """A range that begins and ends a little beyond the data, and spans a decade at least."""
    low, high = max(min(values), 0.01), max(values)
    middle, half = math.sqrt(low * high), max(math.sqrt(high / low) * 1.3, math.sqrt(10))
    return middle / half, middle * half


def _ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 300 else (1, 3) if high / low < 10_000 else (1,)
    return [step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]


def _round(tick_ms: float) -> str:
    """``0.5 ms``, ``20 ms``, ``2 s``."""
    return f"{tick_ms:g} ms" if tick_ms < 1000 else f"{tick_ms / 1000:g} s"
