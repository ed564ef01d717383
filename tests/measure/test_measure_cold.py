"""Cold starts are forced by a change of configuration, which is undone."""

from __future__ import annotations

import signal

import pytest
from lambda_stub import Answer, Stub

from labkit import measure
from labkit.measure import MeasureError


def test_each_call_comes_after_a_change(stub: Stub) -> None:
    """One value each, the function's own variables kept, and taken away at the end."""
    stub.configuration["Environment"] = {"Variables": {"TABLE": "orders"}}
    stub.decide = lambda *_: Answer(init_ms=80)
    m = measure.cold_starts(stub.client(), "orders", 3)
    assert [row.cold for row in m] == [True] * 3
    own = {"TABLE": "orders"}
    assert stub.updates == [{**own, "LABKIT_COLD_START": str(n)} for n in (1, 2, 3)] + [own]


def test_a_mark_left_by_a_killed_kernel_goes_too(stub: Stub) -> None:
    """What a run could not undo, the next one does."""
    stub.configuration["Environment"] = {"Variables": {"LABKIT_COLD_START": "7"}}
    measure.cold_starts(stub.client(), "orders", 1)
    assert stub.configuration["Environment"] == {"Variables": {}}


def test_a_change_by_somebody_else_is_kept(stub: Stub) -> None:
    """Only our own variable is taken away from what is there at the end."""

    def somebody(*_: object) -> Answer:
        stub.configuration["Environment"]["Variables"]["NEW"] = "1"
        return Answer()

    stub.decide = somebody
    measure.cold_starts(stub.client(), "orders", 1)
    assert stub.configuration["Environment"] == {"Variables": {"NEW": "1"}}


def test_ctrl_c_restores_and_keeps_what_was_measured(stub: Stub) -> None:
    """Also in the middle."""

    def interrupt(number: int, _: bytes) -> Answer:
        if number == 3:
            signal.raise_signal(signal.SIGINT)
        return Answer()

    stub.decide = interrupt
    m = measure.cold_starts(stub.client(), "orders", 50)
    assert m.interrupted and 2 <= len(m) <= 3
    assert stub.configuration["Environment"] == {"Variables": {}}


def test_what_was_measured_comes_with_the_error(stub: Stub) -> None:
    """A configuration that can no longer be changed ends the run, not its rows."""
    stub.refuse_updates_after = 2
    with pytest.raises(MeasureError, match="still has the environment variable LABKIT_COLD_START") as caught:
        measure.cold_starts(stub.client(), "orders", 5)
    assert caught.value.measurements is not None
    assert len(caught.value.measurements) == 2


def test_variables_that_cannot_be_read_are_not_touched(stub: Stub) -> None:
    """They could not be restored."""
    stub.configuration["Environment"] = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "no kms"}}
    with pytest.raises(MeasureError, match="kms:Decrypt"):
        measure.cold_starts(stub.client(), "orders", 1)
    assert stub.updates == []
