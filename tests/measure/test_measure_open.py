"""Open loop: calls are sent by the clock, not by the answers."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest
from lambda_stub import Answer, Stub

from labkit import measure
from labkit.measure import MeasureError


def test_calls_are_sent_at_the_rate(stub: Stub) -> None:
    """As many as rate times duration, each close to its time."""
    m = measure.invoke_at(stub.client(), "orders", 50, 0.4)
    assert len(m) == 20
    gaps = [row.started_s - (row.number - 1) / 50 for row in m]
    assert min(gaps) >= 0
    assert all(row.late_ms == pytest.approx(gap * 1000) for row, gap in zip(m, gaps, strict=True))


def test_a_slow_function_does_not_slow_the_senders(stub: Stub) -> None:
    """Calls pile up at the function, as users' do: here all ten are under way before one is answered."""
    together = threading.Barrier(10, timeout=60)

    def wait_for_the_others(*_: Any) -> Answer:
        together.wait()
        return Answer()

    stub.decide = wait_for_the_others
    m = measure.invoke_at(stub.client(max_pool_connections=10), "orders", 100, 0.1)
    assert [row.status for row in m] == ["ok"] * 10
    assert m.notes == ()


def test_what_could_not_be_sent_in_time_is_late(stub: Stub) -> None:
    """With one call allowed at a time the others wait here, and say so."""
    stub.decide = lambda *_: Answer(pause_s=0.05)
    m = measure.invoke_at(stub.client(), "orders", 100, 0.05, most_at_once=1)
    assert stub.most_at_once == 1
    assert m[4].late_ms > 100


@pytest.mark.parametrize(("rate", "duration"), [(0, 1), (-1, 1), (10, 0), (0.1, 1)])
def test_nothing_to_send_is_refused(stub: Stub, rate: float, duration: float) -> None:
    """A rate and a duration that make no call are a mistake."""
    with pytest.raises(MeasureError, match="nothing would be sent"):
        measure.invoke_at(stub.client(), "orders", rate, duration)


def test_ctrl_c_keeps_what_was_measured(stub: Stub) -> None:
    """No further call is sent; those under way are waited for."""

    def interrupt(number: int, _: bytes) -> Answer:
        if number == 3:
            signal.raise_signal(signal.SIGINT)
        return Answer()

    stub.decide = interrupt
    m = measure.invoke_at(stub.client(), "orders", 20, 600)
    assert m.interrupted
    assert 3 <= len(m) == len(stub.calls) < 100
