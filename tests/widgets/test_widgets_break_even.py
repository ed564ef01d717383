"""Break-even: sums and crossings are those of `labkit.pricing`, whatever the sliders are set to."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from labkit import pricing
from labkit.pricing import Workload
from labkit.widgets import break_even
from labkit.widgets.break_even import CPU_SHARES, DURATIONS_MS, MEMORIES_MB, REQUESTS

LOAD = Workload(requests=20_000_000, duration_ms=100, memory_mb=512)


def svg(view: Any) -> ET.Element:
    value = view._page.value
    return ET.fromstring(value[value.index("<svg") : value.index("</svg>") + 6])


def test_the_sums_and_the_crossing_are_those_of_pricing() -> None:
    """Computed nowhere else."""
    text = break_even(LOAD, task=(0.25, 0.5), instance="t3.small").text()
    task, instance = pricing.fargate(0.25, 0.5), pricing.ec2("t3.small")
    assert f"{pricing.month(LOAD).cost_usd:,.2f} USD" in text.splitlines()[1]
    for line, server in zip(text.splitlines()[2:], (task, instance), strict=False):
        fleet = pricing.fleet(LOAD, server)
        point = pricing.break_even(LOAD, server)
        assert line.startswith(f"{fleet.count} x {server.name}")
        assert f" {fleet.cost.cost_usd:,.2f} USD " in line
        assert f"meets Lambda at {point.requests:,} a month" in line


def test_each_control_has_its_effect(cell: list[Any]) -> None:
    """Picture, table and twin follow; nothing is shown a second time."""
    view = break_even(LOAD)
    view.show()
    seen = {(view._page.value, cell[1].shown["text/plain"])}
    changes: dict[str, Any] = {
        "requests": 10**9,
        "duration": 1000,
        "memory": 2048,
        "architecture": "arm64",
        "cpu": 0.5,
        "free_tier": True,
        "region": "ap-northeast-1",
    }
    for number, (control, value) in enumerate(changes.items(), 2):
        getattr(view, control).value = value
        seen.add((view._page.value, cell[1].shown["text/plain"]))
        assert len(seen) == number, control
    assert len(cell) == 2


def test_the_picture_says_where_the_lines_cross() -> None:
    """For those who do not see it."""
    label = svg(break_even(LOAD, task=(0.25, 0.5))).attrib["aria-label"]
    assert "Fargate 0.25 vCPU 0.5 GB x86_64 costs no more from 8,719,365 on" in label


def test_a_region_without_a_servers_price_says_so() -> None:
    """Lambda's line is drawn, the others are not, and it is said why."""
    view = break_even(LOAD, region="eu-west-1")
    assert view.text().count("not known for this Region") == 2
    assert svg(view).attrib["aria-label"].endswith("no server has a known price.")


def test_a_region_without_any_price_has_no_picture() -> None:
    """A sentence instead of an empty frame."""
    view = break_even(LOAD, region="mars-north-1")
    assert "not known for this Region" in view.text()
    assert "<svg" not in view._page.value


def test_a_tier_without_a_known_price_ends_the_line() -> None:
    """Most Regions have only the first tier: beyond it, no sum is shown."""
    view = break_even(Workload(10**10, 1000, 1024), region="eu-west-1")
    assert "is only known up to 6,000,000,000 GB-seconds a month" in view.text()
    assert svg(view) is not None


def test_what_a_request_asks_of_a_server_is_up_to_the_handler() -> None:
    """One that waits leaves the servers to others: they become worth it no sooner, and stay so longer."""
    view = break_even(LOAD)
    assert "computing all the time: 28.9 ms of a vCPU" in view.text()
    view.cpu.value = 0.1
    assert "computing a tenth of the time: 2.9 ms of a vCPU" in view.text()


@pytest.mark.parametrize("memory_mb", [MEMORIES_MB[0], MEMORIES_MB[-1]])
@pytest.mark.parametrize("duration_ms", [DURATIONS_MS[0], DURATIONS_MS[-1]])
@pytest.mark.parametrize("requests", [REQUESTS[0], REQUESTS[-1]])
def test_the_ends_of_all_sliders(requests: int, duration_ms: int, memory_mb: int) -> None:
    """From next to nothing to a load that no account has: always a picture."""
    view = break_even(Workload(requests, duration_ms, memory_mb))
    for _, share in CPU_SHARES:
        view.cpu.value = share
        assert svg(view).attrib["role"] == "img"


def test_a_load_of_its_own_is_a_step_of_each_slider() -> None:
    """What was measured is not rounded to a step."""
    view = break_even(Workload(1_234_567, 26.73, 1000, "arm64"))
    assert (view.requests.value, view.duration.value, view.memory.value) == (1_234_567, 26.73, 1000)
    assert "A request: 26.7 ms at 1,000 MB on arm64" in view.text()
