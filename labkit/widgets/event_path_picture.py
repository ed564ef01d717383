"""The picture of an event's path: moments as a chain from top to bottom, and the same times to scale."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from labkit.widgets.base import BLUE, VERMILLION
from labkit.widgets.event_path import took
from labkit.widgets.svg import FAINT, INK, draw
from labkit.widgets.words import clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from labkit.widgets.event_path import Moment

_ROW, _BELOW, _TOP = 40, 40, 6  # pixels
_CHAIN = 0.55  # of the width
_NODE = 0.245  # of the chain's width: where its line is
_LONGEST = 38
_LOOKS = {"init": (VERMILLION, 6.0, "-"), "handler": (BLUE, 6.0, "-"), "wait": (FAINT, 1.6, (0, (2, 2)))}


def picture(moments: Sequence[Moment], width: int, label: str) -> str:
    """SVG of at least one moment; as high as it has moments."""
    height = _TOP + len(moments) * _ROW + (_BELOW if len(moments) > 1 else 0)
    return draw(lambda figure: _paint(figure, moments), width=width, height=height, label=label)


def _paint(figure: Figure, moments: Sequence[Moment]) -> None:
    high = float(figure.get_size_inches()[1]) * 72
    below = (_BELOW if len(moments) > 1 else 0) / high
    tall = len(moments) * _ROW / high
    chain = figure.add_axes((0, below, _CHAIN, tall))
    chain.set_axis_off()
    chain.set_xlim(0, 1)
    chain.set_ylim(len(moments) - 0.5, -0.5)
    for row, moment in enumerate(moments):
        _link(chain, moments, row)
        _moment(chain, moment, row)
    if len(moments) > 1:
        scale = figure.add_axes((_CHAIN + 0.01, below, 1 - _CHAIN - 0.03, tall))
        scale.set_ylim(len(moments) - 0.5, -0.5)
        _to_scale(scale, moments)


def _moment(axes: Axes, moment: Moment, row: int) -> None:
    name = moment.name if len(moment.name) <= _LONGEST else f"{moment.name[: _LONGEST - 1]}…"
    axes.text(_NODE - 0.04, row, clock(moment.at), ha="right", va="center", fontsize=11, alpha=0.8)
    if moment.failed:
        axes.plot([_NODE], [row], marker="x", markersize=9, markeredgewidth=2.4, color=INK, zorder=3)
    else:
        axes.plot([_NODE], [row], marker="o", markersize=9, markeredgewidth=0, color=INK, zorder=3)
    axes.text(_NODE + 0.04, row, name, va="center", fontsize=12.5)


def _link(axes: Axes, moments: Sequence[Moment], row: int) -> None:
    """From a moment to the next one, with how long that was."""
    if row + 1 == len(moments):
        return
    moment, later = moments[row], moments[row + 1]
    colour, thick, dashes = _LOOKS[moment.then]
    axes.plot([_NODE, _NODE], [row, row + 1], color=colour, linewidth=thick, linestyle=dashes)
    axes.text(_NODE + 0.04, row + 0.5, took(moment, later), va="center", fontsize=11, alpha=0.8)


def _to_scale(axes: Axes, moments: Sequence[Moment]) -> None:
    from matplotlib.ticker import MaxNLocator

    origin, length = moments[0].at, max(moments[-1].at - moments[0].at, 1e-6)
    unit, factor = ("ms", 1000.0) if length < 2 else ("s", 1.0)
    for row, (moment, later) in enumerate(pairwise(moments)):
        colour, thick, dashes = _LOOKS[moment.then]
        begin, end = (moment.at - origin) * factor, (later.at - origin) * factor
        end = max(end, begin + length * factor / 200)
        heavy = 10.0 if thick > 2 else thick
        axes.plot(
            [begin, end],
            [row + 0.5] * 2,
            color=colour,
            linewidth=heavy,
            linestyle=dashes,
            solid_capstyle="butt",
        )
    axes.set_xlim(0, length * factor * 1.01)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel(unit)
