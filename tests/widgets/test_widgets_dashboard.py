"""Dashboard: a row for each function, panels for one, refreshed in place."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from made_up_logs import BEGIN_MS, CloudWatch, Lambda, Logs, run_events

from labkit import pricing
from labkit.widgets import dashboard, periods
from labkit.widgets.periods import Repeater

NOW = BEGIN_MS / 1000 + 240


def board(
    names: Any, *, region: str = "us-east-1", events: list[Any] | None = None
) -> tuple[Any, CloudWatch]:
    cloudwatch = CloudWatch()
    logs = Logs(run_events("a", 0, "r1", 40.0, 80.0) if events is None else events)
    made = {"cloudwatch": cloudwatch, "lambda": Lambda(), "logs": logs}
    return dashboard(made.__getitem__, names, region=region, now=lambda: NOW), cloudwatch


def test_counts_from_metrics_durations_and_cost_from_reports() -> None:
    """The sum, the highest, and what `labkit.pricing` makes of the REPORT lines."""
    view, _ = board(["orders"])
    (row,) = view.rows
    cost = pricing.usd(pricing.invocations(row.reports).cost_usd)
    head, line = view.text().splitlines()[1:]
    assert head.split() == [
        "function",
        "calls",
        "errors",
        "throttled",
        "at",
        "once",
        "p50",
        "p90",
        "p99",
        "USD",
    ]
    assert line.split() == ["orders", "108", "4", "11", "5", *["40.0", "ms"] * 3, cost]


def test_all_functions_are_asked_for_in_one_call() -> None:
    """Seven queries each, in pages of five hundred."""
    _, cloudwatch = board([f"f{n}" for n in range(100)])
    assert [len(call["MetricDataQueries"]) for call in cloudwatch.asked] == [500, 200]


def test_the_menu_chooses_whose_minutes_are_drawn(cell: list[Any]) -> None:
    """In place."""
    view, _ = board(["orders", "nix"])
    view.show()
    value = view._page.value
    picture = ET.fromstring(value[value.index("<svg") : value.index("</svg>") + 6])
    assert picture.attrib["aria-label"] == (
        "The last 15 minutes of orders, minute by minute: "
        "108 calls, 4 errors, 11 throttled, at most 5 at once."
    )
    view.menu.value = "nix"
    assert "CloudWatch has no point of nix in this time" in view._page.value
    assert "There is no function nix in us-east-1" in cell[1].shown["text/plain"]
    assert len(cell) == 2


def test_a_refresh_sees_new_functions_and_keeps_the_choice() -> None:
    """Names come from the lab's ledger each time."""
    names = ["orders"]
    view, _ = board(lambda: names)
    names.insert(0, "payments")
    view.refresh.click()
    assert view.menu.options == ("payments", "orders")
    assert view.menu.value == "orders"


def test_a_region_without_a_price() -> None:
    """A dash for the cost, and why."""
    view, _ = board(["orders"], region="mars-north-1")
    assert view.text().splitlines()[2].endswith("–")
    assert "mars-north-1" in view.text().splitlines()[3]


def test_a_refresh_that_fails_keeps_what_was_shown() -> None:
    """And says so."""
    view, cloudwatch = board(["orders"])
    cloudwatch.broken = True
    view.refresh.click()
    assert "orders      108" in view.text()
    assert "what is shown is from before: no answer" in view.text()


def test_a_lab_without_functions() -> None:
    """A sentence, and nothing is asked."""
    view, cloudwatch = board([])
    assert view.text() == "There is no function to watch yet. Create one, then refresh."
    assert cloudwatch.asked == []


def test_it_refreshes_by_itself_until_it_is_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the kernel's loop; never for ever."""
    monkeypatch.setattr(periods, "SHORTEST_S", 0.001)
    monkeypatch.setattr(periods, "LONGEST_S", 0.0035)

    async def runs() -> tuple[int, bool]:
        done: list[int] = []
        enough = asyncio.Event()
        repeat = Repeater(lambda: done.append(1), 0.001)
        repeat.box.observe(lambda _: enough.set(), "value")
        await asyncio.wait_for(enough.wait(), 5)
        return len(done), repeat.box.value

    assert asyncio.run(runs()) == (3, False)


def test_outside_a_notebook_nothing_repeats() -> None:
    """There is no loop, and nobody to see it."""
    assert Repeater(lambda: None, 5).box.value is False
