"""Latency: each call as a point, cold and warm, and how they are spread. Live while measuring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.measure.rows import Status
from labkit.measure.texts import calls, ms
from labkit.widgets.base import BLUE, VERMILLION, LiveView, escape, page, room

if TYPE_CHECKING:
    from labkit.measure import Measurements

_WIDTH, _HEIGHT = 720, 300


def latency(measurements: Measurements | None = None) -> LatencyView:
    """Show how long each call took, as the caller saw it.

    Args:
        measurements: what was measured; None shows an empty picture that a run fills when it is given as its
            ``watch``: ``labkit.measure.invoke(client, name, times=50, watch=labkit.widgets.latency())``.
    """
    return LatencyView(measurements)


class LatencyView(LiveView):
    """A strip of points and a histogram beside it, on one logarithmic scale; percentiles in its twin.

    Attributes:
        measurements: what is shown.
    """

    def __init__(self, measurements: Measurements | None = None) -> None:
        super().__init__()
        from ipywidgets import HTML

        self.measurements = measurements
        self.widget = HTML(_html(measurements))

    def update(self, measurements: Measurements) -> None:
        """Draw again, with these measurements."""
        self.measurements = measurements
        self.widget.value = _html(measurements)
        self.show_again()

    def text(self) -> str:
        """Latencies by cold and warm, with percentiles; what Lambda reported; the cost."""
        return "nothing measured yet" if self.measurements is None else self.measurements.text()


def _html(m: Measurements | None) -> str:
    if m is None or not m.rows:
        return page(_empty())
    from labkit.widgets.latency_picture import picture

    return page(_caption(m) + picture(m, _WIDTH, _HEIGHT, _label(m)))


def _empty() -> str:
    return f'<div class="quiet" role="status">Nothing measured yet</div>{room(_WIDTH, _HEIGHT)}'


def _caption(m: Measurements) -> str:
    init = " (line: init)" if m.values("init_ms") else ""
    groups = [
        _key("◆", VERMILLION, m.cold, "cold") + (init if m.cold.rows else ""),
        _key("●", BLUE, m.warm, "warm"),
    ]
    problems = sum(row.status is not Status.OK for row in m)
    if problems:
        groups.append(f"✕ {problems:,} with a problem")
    of = f" of {m.planned:,}" if m.planned and m.planned > len(m) else ""
    head = f'<span class="head">{escape(m.function.name)}</span> · {len(m):,}{of} {calls(len(m))}'
    return f"<div>{' · '.join([head, *(group for group in groups if group)])}</div>"


def _key(mark: str, colour: str, group: Measurements, name: str) -> str:
    if not group.rows:
        return ""
    median = ms(group.percentile(50))
    return f'<span style="color: {colour}">{mark}</span> {len(group):,} {name}, median {median}'


def _label(m: Measurements) -> str:
    parts = [
        f"{len(group):,} {name}, median {ms(group.percentile(50))}, slowest {ms(group.percentile(100))}"
        for name, group in (("cold", m.cold), ("warm", m.warm))
        if group.rows
    ]
    what = f"Latency of {len(m):,} {calls(len(m))} of {m.function.name}"
    return f"{what}: {'; '.join(parts) or 'none of them reported'}."
