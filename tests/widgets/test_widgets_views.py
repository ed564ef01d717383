"""Views: the widget, then its text twin; both follow what they show."""

from __future__ import annotations

from typing import Any

import pytest
from made_up import ORDERS, TUNED, Result, run
from made_up_logs import cloud, measured

from labkit import pricing
from labkit.awscli import Command
from labkit.measure import Measurements
from labkit.measure.rows import Function
from labkit.pricing import Workload, usd
from labkit.widgets import (
    View,
    break_even,
    checkpoints,
    cli_commands,
    cost_meter,
    dashboard,
    event_path,
    latency,
    timeline,
    trace,
    tuning,
)

COMMANDS = [Command((("aws", "s3api", "create-bucket"), ("--bucket", "<b>"))), Command((("aws", "x", "y"),))]
RESULTS = [
    Result("02.1", "It exists", True, "orders, Active"),
    Result("02.2", "Its role is <small>", False, "dynamodb:* on *", "two actions", "Name them in the policy"),
]


VIEWS = {
    "break_even": break_even,
    "dashboard": lambda: dashboard(cloud().__getitem__, ["orders"], region="us-east-1"),
    "event_path": lambda: event_path(cloud().__getitem__, "orders", request_id="r1", timeout_s=0),
    "latency": lambda: latency(run(3)),
    "timeline": lambda: timeline(cloud().__getitem__, measured(["r1"])),
    "trace": lambda: trace(cloud().__getitem__),
    "tuning": lambda: tuning(TUNED),
    "cost_meter": lambda: cost_meter(run(3)),
    "checkpoints": lambda: checkpoints(RESULTS),
    "cli_commands": lambda: cli_commands(COMMANDS),
}


@pytest.mark.parametrize("make", VIEWS.values(), ids=VIEWS.keys())
def test_a_view_shows_its_widget_and_then_its_twin(make: Any, cell: list[Any]) -> None:
    """Two outputs: exports drop the text of a bundle that also holds a widget."""
    view: View = make()
    view._ipython_display_()
    widget, twin = cell
    assert widget.shown is view.widget
    assert twin.shown == {"text/plain": view.text()}


@pytest.mark.parametrize("make", VIEWS.values(), ids=VIEWS.keys())
def test_making_a_view_shows_nothing(make: Any, cell: list[Any]) -> None:
    """It shows itself as the last expression of a cell, and only then."""
    make()
    assert cell == []


@pytest.mark.parametrize("make", VIEWS.values(), ids=VIEWS.keys())
def test_the_fallback_text_of_a_widget_holds_no_numbers(make: Any) -> None:
    """Recorded outputs are compared by it: the first 110 characters of the widget's repr stay the same."""
    widget = make().widget
    html = widget.children[0] if hasattr(widget, "children") else widget
    assert html.value.startswith("<style>\n.labkit {")
    assert len(html.value.partition("</style>")[0]) > 200


def test_a_live_picture(cell: list[Any]) -> None:
    """At once an empty picture, then the growing one, at the end the twin."""
    view = latency()
    view.start()
    (widget,) = cell
    assert "Nothing measured yet" in widget.shown.value
    view.update(run(3))
    assert "3 calls" in widget.shown.value
    view.finish(run(5))
    assert "5 calls" in widget.shown.value
    assert cell[1].shown == {"text/plain": run(5).text()}


def test_an_update_reaches_the_twin_that_stands_there(cell: list[Any]) -> None:
    """No stale text beside a new picture."""
    view = latency(run(3))
    view.show()
    view.update(run(9))
    assert cell[1].shown["text/plain"].startswith("orders: 9 calls")


def test_latency_without_data() -> None:
    """Before anything is measured, and after a run that measured nothing."""
    assert latency().text() == "nothing measured yet"
    assert "Nothing measured yet" in latency(Measurements(ORDERS)).widget.value


def test_the_meters_sums_are_those_of_pricing() -> None:
    """This cell, this lab, a month: computed nowhere else."""
    m = run(40, cold=4)
    lab = m.cost().times(3)
    meter = cost_meter(m, lab=lab, requests=10_000_000)
    expected = Workload(
        requests=10_000_000,
        duration_ms=sum(m.values("duration_ms")) / 40,
        memory_mb=256,
        cold_share=0.01,
        init_ms=80.0,
    )
    paid, free = (pricing.month(expected, free_tier=tier).cost_usd for tier in (False, True))
    assert meter.text().splitlines()[:-1] == [
        "Cost on AWS in us-east-1",
        f"this cell, 40 calls               {usd(m.cost().cost_usd)} USD",
        f"this lab so far                   {usd(lab.cost_usd)} USD",
        f"a month of 10 million requests    {paid:,.2f} USD",
        f"the same with the free tier       {free:,.2f} USD",
    ]


def test_moving_the_slider_moves_everything(cell: list[Any]) -> None:
    """Sums, picture and twin follow both controls."""
    meter = cost_meter(run(40))
    meter.show()
    page = meter.widget.children[0]
    before = page.value
    meter.requests.value = 1_000_000_000
    assert page.value != before
    assert "At 1,000,000,000 requests" in page.value
    assert "a month of 1 billion requests" in cell[1].shown["text/plain"]
    meter.cold.value = 1.0
    assert "cold starts: every one" in cell[1].shown["text/plain"]


def test_new_calls_leave_the_controls_alone() -> None:
    """What the learner has chosen stays chosen."""
    meter = cost_meter(run(40))
    meter.requests.value = 5_000
    meter.update(run(50))
    assert "this cell, 50 calls" in meter.text()
    assert "a month of 5 thousand requests" in meter.text()


def test_a_month_without_durations_has_no_price() -> None:
    """Nothing is made up where nothing was measured; a workload may be given instead."""
    for meter in (cost_meter(), cost_meter(Measurements(ORDERS))):
        assert meter.text().endswith("A month has no price before a call has reported its duration.")
        assert "a month of" not in meter.text()
    assert "128 MB, arm64" in cost_meter(workload=Workload(0, 100, 128, "arm64")).text()


def test_a_live_meter(cell: list[Any]) -> None:
    """As the watch of a run: sums grow in place, the lab's are looked up at its beginning and its end."""
    looks = []

    def lab() -> pricing.Cost:
        looks.append(1)
        return run(len(looks)).cost()

    meter = cost_meter(lab=lab)
    meter.start()
    meter.update(run(3))
    meter.requests.value = 5_000
    meter.update(run(8))
    assert "this cell, 8 calls" in cell[0].shown.children[0].value
    assert "a month of 5 thousand requests" in cell[0].shown.children[0].value
    meter.finish(run(20))
    assert len(looks) == 2 and len(cell) == 2
    assert (
        f"this lab so far                   {usd(run(2).cost().cost_usd)} USD" in cell[1].shown["text/plain"]
    )


def test_checkpoints_look_again(cell: list[Any]) -> None:
    """By a button; list, count and twin follow, in place."""
    found = [RESULTS[1]]
    view = checkpoints(lambda: found)
    view.show()
    assert view.again is not None
    found[0] = RESULTS[0]
    view.again.click()
    assert "all 1 reached" in view.widget.children[0].value
    assert cell[1].shown["text/plain"].startswith("Checkpoints: all 1 reached")


def test_a_region_without_prices_says_so() -> None:
    """In the place of each sum, and of the picture."""
    meter = cost_meter(Measurements(Function("orders", "mars-north-1", "x86_64"), run(3).rows))
    assert meter.text().count("not known: ") == 3
    assert "<svg" not in meter._page.value


def test_checkpoints_as_text() -> None:
    """Marks, not colours, tell what is reached; what is not says what to do."""
    assert checkpoints(RESULTS, title="Phase 2").text() == (
        """\
Phase 2: 1 of 2 reached
✓ 02.1 It exists
  seen: orders, Active
✗ 02.2 Its role is <small>
  seen: dynamodb:* on *
  expected: two actions
  next: Name them in the policy"""
    )


def test_checkpoints_as_page() -> None:
    """Every mark has a word for screen readers, and what a check saw cannot become markup."""
    value = checkpoints(RESULTS).widget.value
    assert 'aria-label="reached">✓' in value and 'aria-label="not reached">✗' in value
    assert "&lt;small&gt;" in value and "<small>" not in value


def test_a_checkpoint_that_could_not_be_looked_at() -> None:
    """Skipped is neither a tick nor a cross, and counts as passed."""
    view = checkpoints([Result("02.3", "Node runs", True, "no node here", skipped=True)])
    assert view.text().splitlines()[1] == "– 02.3 Node runs"
    assert 'aria-label="skipped">–' in view.widget.value


@pytest.mark.parametrize(
    ("results", "heading"),
    [([], "nothing to check"), (RESULTS[:1], "all 1 reached"), (RESULTS, "1 of 2 reached")],
)
def test_checkpoints_are_counted(results: list[Result], heading: str) -> None:
    """At the top: how far."""
    assert checkpoints(results).text().splitlines()[0] == f"Checkpoints: {heading}"


def test_long_lines_of_a_check_are_wrapped() -> None:
    """A twin is read in a terminal's width."""
    view = checkpoints([Result("1", "t", False, "word " * 60)])
    assert max(map(len, view.text().splitlines())) <= 100


def test_commands_as_text_and_as_blocks() -> None:
    """The twin is a script; each block holds one command, can be focused, and is selected whole."""
    view = cli_commands(COMMANDS)
    assert view.text() == "# AWS CLI: 2 commands\naws s3api create-bucket --bucket '<b>'\naws x y"
    assert view.widget.value.count('<pre tabindex="0">') == 2
    assert "&lt;b&gt;" in view.widget.value
    assert "user-select: all" in view.widget.value


def test_no_commands() -> None:
    """A cell that only looked."""
    assert cli_commands([]).text() == "# AWS CLI: 0 commands"
