"""Pictures: matplotlib draws, and what it wrote becomes SVG that fits into a page. Knows no data.

The same figure gives the same text, byte for byte, whatever a matplotlibrc says. matplotlib is imported only
when something is drawn, and its settings are as before when that is done.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labkit.widgets.base import escape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#010203"  # stands for the page's text colour
FAINT = "#040506"  # the same, lighter
_DPI = 72  # matplotlib's unit in SVG: one point is one pixel
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "labkit",
    "font.family": "sans-serif",
    "font.size": 12,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.labelsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 1,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "grid.alpha": 0.35,
    "path.simplify": False,
}


def draw(paint: Callable[[Figure], object], *, width: int, height: int, label: str) -> str:
    """An ``<svg role="img">`` with a text alternative.

    Args:
        paint: puts axes and data into the empty figure.
        width, height: in pixels of the page; the picture shrinks with the page, never grows.
        label: what the picture shows, in a sentence.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)  # type: ignore[arg-type]
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
        paint(figure)
        out = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    return _for_a_page(out.getvalue(), width, height, label)


def prepare() -> None:
    """Import what a first picture needs: a second of it must not fall into what is being measured."""
    draw(lambda figure: figure.text(0, 0, "0"), width=10, height=10, label="")


def _for_a_page(written: str, width: int, height: int, label: str) -> str:
    body = written[written.index(">", written.index("<svg")) + 1 :]
    body = re.sub(r"\s*<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = body.replace(INK, "currentColor")
    body = re.sub(rf"(stroke|fill): {FAINT}", r"\1: currentColor; \1-opacity: 0.4", body)
    body = re.sub(r"font-family: [^;\"]+;? ?", "", body)  # the page's own
    body = re.sub(r"<[^>]+>", _shorter, body)
    referenced = set(re.findall(r"#([\w-]+)", body))
    body = re.sub(r' id="([\w-]+)"', lambda found: found[0] if found[1] in referenced else "", body)
    body = re.sub(r"\n\s*", "\n", body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img"'
        f' viewBox="0 0 {width} {height}" style="max-width: {width}px" aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>{body.strip()}"
    )


def _shorter(tag: re.Match[str]) -> str:
    """A hundredth of a pixel is fine enough; texts, which stand between the tags, stay as they are."""
    return re.sub(r"(?<=\.\d\d)\d+", "", tag[0])
