"""Power tuning: the slider weighs cost against speed, and the choice is that of `labkit.measure`."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest
from made_up import ORDERS, STEPS, TUNED, row, step

from labkit.measure import Measurements, Status, Tuning
from labkit.measure.tuned import step_of
from labkit.widgets import tuning


def label(view: Any) -> str:
    value = view._page.value
    picture = ET.fromstring(value[value.index("<svg") : value.index("</svg>") + 6])
    return picture.attrib["aria-label"]


def test_the_slider_chooses(cell: list[Any]) -> None:
    """From the cheapest to the fastest; picture and twin follow, in place."""
    view = tuning(TUNED)
    view.show()
    assert view.chosen == TUNED.best("cost") == STEPS[1]
    view.weight.value = 0.5
    assert view.chosen == TUNED.best("balanced", 0.5) == STEPS[2]
    assert "Best for cost 50 %, speed 50 %: 512 MB, x86_64, with 220 ms" in label(view)
    view.weight.value = 0.0
    assert view.chosen == TUNED.best("speed") == STEPS[3]
    assert cell[1].shown["text/plain"].splitlines()[-1].startswith("Best for only speed: 1,024 MB, x86_64")
    assert len(cell) == 2


@pytest.mark.parametrize(
    ("strategy", "weight", "begins"), [("cost", 0.5, 1.0), ("speed", 0.5, 0.0), ("balanced", 0.31, 0.3)]
)
def test_the_slider_begins_at_what_the_tuning_goes_by(strategy: Any, weight: float, begins: float) -> None:
    """Moved from there by hand."""
    assert tuning(replace(TUNED, strategy=strategy, weight=weight)).weight.value == begins


def test_two_architectures_have_lines_of_their_own() -> None:
    """Told apart by marker and dashes, and named."""
    both = replace(TUNED, steps=(*STEPS, step(128, 640.0, "arm64"), step(512, 180.0, "arm64")))
    view = tuning(both)
    assert "arm64" in label(view)
    assert view._page.value.count(">arm64<") >= 2


def test_it_grows_while_measuring(cell: list[Any]) -> None:
    """As the watch of a tuning; a slider that was moved stays."""
    view = tuning()
    assert view.text() == "nothing tuned yet"
    view.start()
    view.update(replace(TUNED, steps=STEPS[:1], strategy="speed"))
    assert view.weight.value == 0.0
    view.weight.value = 0.5
    view.update(replace(TUNED, steps=STEPS[:2]))
    assert "2 of 4 settings" in view._page.value
    view.finish(TUNED)
    assert view.weight.value == 0.5
    assert cell[1].shown["text/plain"] == view.text()


def test_a_region_without_a_price_has_durations() -> None:
    """Cost cannot be weighed, and it says so."""
    free = tuple(replace(one, cost_usd=None) for one in STEPS)
    view = tuning(replace(TUNED, steps=free))
    assert view.weight.disabled
    assert "The fastest is 1,024 MB, x86_64. Cost cannot be weighed" in view.text()
    assert "no price is known" in view._page.value


def test_a_size_at_which_nothing_succeeded_is_named() -> None:
    """It has no point in the picture: 128 MB were too little."""
    killed = Measurements(ORDERS, tuple(row(n, 5, status=Status.ERROR) for n in (1, 2)), 2)
    view = tuning(replace(TUNED, steps=(step_of(killed, 128, "x86_64", 0.2), *STEPS[1:])))
    assert label(view).endswith("No call succeeded with 128 MB, x86_64.")
    assert "No call succeeded" not in label(tuning(TUNED))


def test_a_tuning_in_which_nothing_succeeded() -> None:
    """What the calls said, instead of an empty frame."""
    rows = Measurements(ORDERS, tuple(row(n, 5, status=Status.ERROR) for n in (1, 2)), 2)
    view = tuning(Tuning(ORDERS, (step_of(rows, 128, "x86_64", 0.2),), 1, 2))
    assert "Nothing could be measured of orders" in view._page.value
    assert "2 of 2 calls: error" in view.text()
