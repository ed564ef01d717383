"""The picture of a trace: a row for each part, its name on the left, a bar from its beginning to its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.widgets.base import BLUE, GREEN, VERMILLION
from labkit.widgets.svg import draw
from labkit.widgets.words import seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from labkit.measure.traces import Span, Trace

_ROW, _BELOW, _TOP = 20, 40, 4  # pixels
_NAMES, _RIGHT = 236, 78  # pixels for the names, and for the time of a bar that ends at the end
_LONGEST_NAME = 33
_INDENT = 10


def picture(trace: Trace, spans: Sequence[Span], width: int, label: str) -> str:
    """SVG of at least one span; as high as it has rows."""
    height = _TOP + len(spans) * _ROW + _BELOW
    return draw(lambda figure: _paint(figure, trace, spans), width=width, height=height, label=label)


def _paint(figure: Figure, trace: Trace, spans: Sequence[Span]) -> None:
    from matplotlib.ticker import MaxNLocator

    wide, high = (float(side) * 72 for side in figure.get_size_inches())
    rows = len(spans) * _ROW
    axes = figure.add_axes((_NAMES / wide, _BELOW / high, (wide - _NAMES - _RIGHT) / wide, rows / high))
    unit, scale = ("ms", 1000.0) if trace.ends_at - trace.begins_at < 2 else ("s", 1.0)
    length = max(trace.ends_at - trace.begins_at, 1e-6) * scale
    axes.set_xlim(0, length)
    axes.set_ylim(len(spans) - 0.5, -0.5)
    for number, span in enumerate(spans):
        _bar(axes, span, number, trace, scale, length)
        _name(axes, span, number, wide - _NAMES - _RIGHT)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel(unit)


def _bar(axes: Axes, span: Span, row: int, trace: Trace, scale: float, length: float) -> None:
    """Segments are outlined, their parts full, what failed is hatched; the time stands behind the bar."""
    begin = (span.started_at - trace.begins_at) * scale
    end = ((span.ended_at or trace.ends_at) - trace.begins_at) * scale
    failed, segment = span.state != "ok", "::" in span.kind
    colour = VERMILLION if failed else GREEN if segment else BLUE
    axes.barh(
        row,
        max(end - begin, length / 400),
        0.56,
        left=begin,
        facecolor="none" if failed or segment else colour,
        edgecolor=colour,
        hatch="//////" if failed else None,
        linewidth=1.4,
    )
    took = "in progress" if span.ended_at is None else seconds(span.ended_at - span.started_at)
    text = f"{'✕ ' if failed else ''}{took}"
    place = max(end, begin + length / 400)
    axes.annotate(text, (place, row), xytext=(5, 0), textcoords="offset points", va="center", fontsize=11)


def _name(axes: Axes, span: Span, row: int, wide: float) -> None:
    indent = min(span.depth, 8) * _INDENT
    room = _LONGEST_NAME - indent // 7
    kind = span.kind.removeprefix("AWS::")
    text = f"{span.name} {kind}".strip()
    if len(text) > room and kind and "::" in span.kind:
        text = f"{span.name[: max(room - len(kind) - 2, 8)]}… {kind}"
    shown = text if len(text) <= room else f"{text[: room - 1]}…"
    x = (indent - _NAMES + 4) / wide
    axes.text(x, row, shown, transform=axes.get_yaxis_transform(), va="center", fontsize=11.5)
