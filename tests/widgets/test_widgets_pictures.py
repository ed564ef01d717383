"""Pictures: the same data give the same text, readable in any theme and without eyes."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib
import pytest
from made_up import ORDERS, row, run

from labkit.measure import Measurements, Status
from labkit.widgets import base, cost_meter, latency

PICTURES = {
    "one call": run(1),
    "a cold and two warm calls": run(3),
    "ten cold calls": run(10, cold=10),
    "more points than are marked one by one": run(900, cold=20),
    "a call without a REPORT line": Measurements(ORDERS, (row(1, 5, cold=None),)),
    "only throttled calls": Measurements(ORDERS, tuple(row(n, 2, status=Status.THROTTLED) for n in (1, 2))),
    "failing among others": Measurements(ORDERS, (*run(5).rows, row(6, 9, status=Status.ERROR))),
    "from a microsecond to fifteen minutes": Measurements(ORDERS, (row(1, 0.001), row(2, 900_000))),
}


def svg_of(value: str) -> str:
    return value[value.index("<svg") : value.index("</svg>") + 6]


@pytest.mark.parametrize("measured", PICTURES.values(), ids=PICTURES.keys())
def test_a_picture_is_well_formed_and_says_what_it_shows(measured: Measurements) -> None:
    """An image with a text alternative, for any data there may be."""
    picture = ET.fromstring(svg_of(latency(measured).widget.value))
    assert picture.attrib["role"] == "img"
    assert picture.attrib["aria-label"].startswith(f"Latency of {len(measured)} call")


@pytest.mark.parametrize("measured", PICTURES.values(), ids=PICTURES.keys())
def test_the_same_data_give_the_same_text(measured: Measurements) -> None:
    """Byte for byte: recorded notebooks can be compared."""
    assert latency(measured).widget.value == latency(measured).widget.value


def test_the_text_takes_the_colour_of_the_page() -> None:
    """No black letters on a dark theme: ink is the page's own, and no background is painted."""
    value = svg_of(latency(run(30, cold=3)).widget.value)
    assert "fill: currentColor" in value
    assert "#000000" not in value and "#ffffff" not in value
    assert "DejaVu" not in value  # fonts are the page's own too


def test_two_pictures_on_a_page_do_not_mix_up_their_parts() -> None:
    """Ids that stay are hashes of what they name, so equal ids mean equal things."""
    first = svg_of(latency(run(30, cold=3)).widget.value)
    assert 'id="axes_1"' not in first
    assert 'id="figure_1"' not in first


def test_settings_of_matplotlib_stay_as_they_were() -> None:
    """A learner's own rcParams neither change a picture nor are changed by it."""
    plain = latency(run(5)).widget.value
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        before = dict(matplotlib.rcParams)
        assert latency(run(5)).widget.value == plain
        assert dict(matplotlib.rcParams) == before


def test_a_picture_of_many_points_stays_light() -> None:
    """2,000 points in a notebook of its own weight."""
    assert len(latency(run(2000, cold=40)).widget.value) < 150_000


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    """labkit.widgets costs neither matplotlib nor pandas nor ipywidgets; pyplot is never used."""
    code = (
        "import sys, labkit.widgets as w\n"
        "heavy = {'matplotlib', 'pandas', 'ipywidgets', 'IPython', 'numpy'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from made_up import run\n"
        "w.latency(run(3)); w.cost_meter(run(3))\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    folder = __file__.rpartition("/")[0]
    subprocess.run([sys.executable, "-c", code, folder], check=True, timeout=60)


@pytest.mark.parametrize("colour", [base.BLUE, base.VERMILLION, base.GREEN])
@pytest.mark.parametrize("background", ["#ffffff", "#111111", "#212121"])
def test_colours_stand_out_in_light_and_dark_themes(colour: str, background: str) -> None:
    """At least 3:1, as WCAG 2.1 (1.4.11) asks of graphics."""
    bright, dark = sorted((_luminance(colour), _luminance(background)), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 3


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_months_picture_says_both_sums() -> None:
    """The numbers of the picture are those of the table."""
    meter = cost_meter(run(30))
    picture = ET.fromstring(svg_of(meter._page.value))
    assert "At 1,000,000 requests:" in picture.attrib["aria-label"]
