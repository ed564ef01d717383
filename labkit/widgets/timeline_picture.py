"""The picture of the timeline: a row for each environment, throttled requests above, the curve below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from labkit.widgets.base import BLUE, VERMILLION
from labkit.widgets.svg import FAINT, INK, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from labkit.measure.environments import Environment
    from labkit.widgets.timeline import Seen

_MOST_ROWS = 60  # more would be too fine to see
_NARROWEST = 1 / 450  # of the width: shorter spans are drawn that wide, else they would vanish
_MOST_LABELS = 10  # each costs matplotlib a millisecond
_MARKED = 300
_COLUMNS = 650  # pixels of the width
_ABOVE, _BETWEEN, _CURVE, _BELOW = 20, 22, 70, 44  # pixels
_LEFT, _RIGHT = 52, 12


def picture(seen: Seen, width: int, label: str) -> str:
    """SVG of at least one environment or throttled request; as high as it has rows."""
    rows = seen.environments.environments[:_MOST_ROWS]
    row = max(8, min(20, 320 // max(len(rows), 1)))
    height = _above(seen) + max(len(rows), 1) * row + _BETWEEN + _CURVE + _BELOW
    return draw(lambda figure: _paint(figure, seen, row), width=width, height=height, label=label)


def _above(seen: Seen) -> int:
    return _ABOVE + 6 if seen.throttled else 6


def _paint(figure: Figure, seen: Seen, row: int) -> None:
    wide, high = (float(side) * 72 for side in figure.get_size_inches())
    rows = seen.environments.environments[:_MOST_ROWS]
    left, width = _LEFT / wide, (wide - _LEFT - _RIGHT) / wide
    curve = figure.add_axes((left, _BELOW / high, width, _CURVE / high))
    tall = max(len(rows), 1) * row
    lanes = figure.add_axes((left, (_BELOW + _CURVE + _BETWEEN) / high, width, tall / high))
    span = max(seen.ends_at - seen.begins_at, 0.001)
    for axes in (lanes, curve):
        axes.set_xlim(-span * 0.005, span * 1.005)
    _lanes(lanes, seen, rows, row, span)
    _throttled(lanes, seen, tall)
    _concurrency(curve, seen, span)


def _lanes(axes: Axes, seen: Seen, rows: tuple[Environment, ...], row: int, span: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_ylim(len(rows) + 0.5 if rows else 1.5, 0.5)
    step = max(1, math.ceil(len(rows) / _MOST_LABELS))
    axes.set_yticks(range(1, len(rows) + 1, step))
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.set_ylabel("environment" if row * len(rows) > 90 else "env.")
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    origin, least = seen.begins_at, span * _NARROWEST
    idle, inits, runs, failed = [], [], [], []
    for number, one in enumerate(rows, 1):
        idle.append((one.begins_at - origin, one.ends_at - origin, number))
        for init in one.inits:
            begin = init.at - origin
            inits.append((begin, begin + max((init.ms or 0) / 1000, least), number))
        for run in one.invocations:
            begin = run.started_at - origin
            end = begin if run.ended_at is None else run.ended_at - origin
            runs.append((begin, max(end, begin + least), number))
            if run.failed or run.request_id in seen.failed:
                failed.append(((begin + end) / 2, number))
    _bars(axes, idle, FAINT, 1.2)
    _bars(axes, runs, BLUE, row * 0.5)
    _bars(axes, inits, VERMILLION, row * 0.8)
    if failed:
        x, y = zip(*failed, strict=True)
        axes.plot(
            x, y, linestyle="none", marker="x", color=INK, markersize=min(row * 0.5, 7), markeredgewidth=1.6
        )


def _bars(axes: Axes, spans: list[tuple[float, float, int]], colour: str, thick: float) -> None:
    """All bars of a kind as one path: a page with thousands of shapes would be slow."""
    x = [value for begin, end, _ in spans for value in (begin, end, math.nan)]
    y = [value for _, _, number in spans for value in (number, number, math.nan)]
    axes.plot(x, y, color=colour, linewidth=thick, solid_capstyle="butt")


def _throttled(axes: Axes, seen: Seen, tall: int) -> None:
    """A mark above the rows for each request that found no environment."""
    if not seen.throttled:
        return
    x = [at - seen.begins_at for at in seen.throttled]
    y = 1 + (_ABOVE - 9) / tall
    above = axes.get_xaxis_transform()
    if len(x) <= _MARKED:
        look = {"linestyle": "none", "marker": "v", "markersize": 6, "markeredgewidth": 0}
        axes.plot(x, [y] * len(x), transform=above, clip_on=False, color=INK, **look)  # type: ignore[arg-type]
        return
    ticks_x = [value for at in x for value in (at, at, math.nan)]
    ticks_y = [y - 5 / tall, y + 5 / tall, math.nan] * len(x)
    axes.plot(ticks_x, ticks_y, transform=above, clip_on=False, color=INK, linewidth=1)


def _concurrency(axes: Axes, seen: Seen, span: float) -> None:
    from matplotlib.ticker import MaxNLocator

    steps = _thinned(seen.environments.concurrency, span)
    x = [at - seen.begins_at for at, _ in steps]
    y = [count for _, count in steps]
    if steps:
        axes.fill_between([0.0, *x, span], [0, *y, 0], step="post", color=BLUE, alpha=0.25, linewidth=0)
        axes.step([0.0, *x, span], [0, *y, 0], where="post", color=BLUE, linewidth=1.4)
    axes.set_ylim(0, max(y, default=1) * 1.15)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.grid()
    axes.set_axisbelow(True)
    axes.set_ylabel("at once")
    axes.set_xlabel("seconds")


def _thinned(steps: list[tuple[float, int]], span: float) -> list[tuple[float, int]]:
    """Of the steps within one pixel the highest: what would be drawn over each other."""
    kept: list[tuple[float, int]] = []
    pixel = span / _COLUMNS
    for at, count in steps:
        if kept and at - kept[-1][0] < pixel and len(steps) > _COLUMNS:
            kept[-1] = (kept[-1][0], max(kept[-1][1], count))
        else:
            kept.append((at, count))
    return [*kept[:-1], steps[-1]] if kept else []
