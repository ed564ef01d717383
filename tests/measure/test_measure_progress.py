"""The progress bar of text."""

from __future__ import annotations

import io

from lambda_stub import Answer, Stub

from labkit import measure
from labkit.measure import Measurements, Tuning
from labkit.measure.rows import Function
from labkit.measure.tuned import Step


def test_a_run_writes_over_one_line(stub: Stub) -> None:
    """From nothing to all; the line is left at the end."""
    stub.decide = lambda *_: Answer(pause_s=0.02)
    seen = io.StringIO()
    measure.invoke(stub.client(), "orders", times=60, clients=2, watch=measure.progress(seen))
    first, *between, last = seen.getvalue().split("\r")[1:]
    assert first == "measuring …"
    assert between and all("of 60 calls" in line for line in between)
    assert last == "█" * 24 + " 60 of 60 calls\n"


def test_a_shorter_line_leaves_nothing_of_a_longer_one() -> None:
    """Written over to its end."""
    seen = io.StringIO()
    bar = measure.progress(seen)
    bar.start()
    function = Function("orders", "us-east-1")
    step = Step(10240, "x86_64", 0, None, None)
    bar.update(Tuning(function, (step,), 6, 10))
    bar.finish(Measurements(function, planned=3))
    *_, long, short = seen.getvalue().rstrip("\n").split("\r")
    assert long.endswith("0 of 60 calls, 10,240 MB, x86_64")
    assert len(short) == len(long)
