"""Environment timeline: rows from logs, throttled requests from the caller, a sentence where nothing is."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from made_up_logs import BEGIN_MS, ORDERS, Logs, busy_log, measured

from labkit.measure import Measurements
from labkit.widgets import timeline


def clients(events: list[dict[str, Any]]) -> Any:
    logs = Logs(events)
    return lambda service: logs


def label(view: Any) -> str:
    value = view.widget.value
    picture = ET.fromstring(value[value.index("<svg") : value.index("</svg>") + 6])
    assert picture.attrib["role"] == "img"
    return picture.attrib["aria-label"]


def ids(number: int) -> list[str]:
    return [f"r{n}" for n in range(number)]


def test_rows_counts_and_concurrency() -> None:
    """Text and picture say the same, and every mark has its word."""
    view = timeline(clients(busy_log(3, 12)), measured(ids(12), throttled=4, failed=("r5",)))
    assert view.text().splitlines()[:4] == [
        "orders: 3 environments, 12 invocations, at most 3 at once, 1 failed, 4 throttled",
        "521 ms from 14:13:20.079 UTC",
        "environment        init  invocations        busy  log stream",
        f"1                120 ms            4      161 ms  [$LATEST]{0:032x}",
    ]
    assert label(view).startswith(view.text().splitlines()[0])
    for key in ("init", "invocation", "idle", "▼ throttled", "✕ failed"):
        assert key in view.widget.value


@pytest.mark.parametrize(("environments", "invocations"), [(1, 1), (2, 2), (40, 2000), (150, 150)])
def test_any_number_is_a_picture(environments: int, invocations: int) -> None:
    """From one data point to thousands, and light enough for a notebook."""
    view = timeline(clients(busy_log(environments, invocations)), measured(ids(invocations)))
    assert label(view).startswith(f"orders: {environments} environment")
    assert len(view.widget.value) < 200_000


def test_what_ran_before_the_measured_calls_is_left_out() -> None:
    """An environment that was warm already has no init here."""
    view = timeline(clients(busy_log(2, 10)), measured(["r6", "r7", "r8", "r9"]))
    assert view.text().splitlines()[0] == "orders: 2 environments, 4 invocations, at most 2 at once"
    assert view.text().splitlines()[3].split()[1] == "before"


def test_throttled_requests_stand_on_the_clouds_clock() -> None:
    """A lesson clock that was moved, or a clock that is wrong: both kinds of times come together."""
    events = busy_log(2, 4)
    for event in events:
        event["timestamp"] += 3_600_000
    view = timeline(clients(events), measured(ids(4), throttled=2))
    assert view.seen is not None
    assert all(BEGIN_MS / 1000 + 3600 <= at <= BEGIN_MS / 1000 + 3602 for at in view.seen.throttled)


def test_only_throttled_requests() -> None:
    """A function with reserved concurrency 0: no environment at all, and yet something to see."""
    view = timeline(clients([]), measured([], throttled=3))
    assert view.text().startswith("orders: 0 environments, 0 invocations, at most 0 at once, 3 throttled")
    assert label(view)


NOTHING = {
    "no lines at all": ([], "orders wrote no logs in this time. Invoke it, then look again."),
    "only the handler's own lines": (
        [{"timestamp": BEGIN_MS, "message": "hello", "logStreamName": "a"}] * 3,
        "The log of orders has 3 lines, but none of Lambda's own",
    ),
}


@pytest.mark.parametrize(("events", "sentence"), NOTHING.values(), ids=NOTHING.keys())
def test_nothing_to_show_is_said_in_a_sentence(events: list[Any], sentence: str) -> None:
    """And no broken picture."""
    view = timeline(clients(events), Measurements(ORDERS))
    assert view.text().startswith(sentence)
    assert "<svg" not in view.widget.value


def test_it_grows_while_measuring(cell: list[Any]) -> None:
    """As the watch of a run: one widget, updated in place; the twin comes at the end."""
    events: list[dict[str, Any]] = []
    view = timeline(clients(events), Measurements(ORDERS))
    view.start()
    events += busy_log(2, 2)
    view.update(measured(ids(2)))
    assert "2 invocations" in cell[0].shown.value
    events += busy_log(2, 6)[8:]
    view.finish(measured(ids(6)))
    assert "6 invocations" in cell[0].shown.value
    assert [handle.shown for handle in cell[1:]] == [{"text/plain": view.text()}]
