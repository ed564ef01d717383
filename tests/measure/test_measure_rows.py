"""Rows and what is computed from them."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest

from labkit.errors import FactUnknown
from labkit.measure import Measurement, Measurements, Status
from labkit.measure.rows import Function, percentile

ORDERS = Function("orders", "us-east-1", "x86_64")


def row(
    number: int, latency_ms: float, *, cold: bool | None = False, status: Status = Status.OK
) -> Measurement:
    ran = status is not Status.THROTTLED
    return Measurement(
        number=number,
        sent_at=1_790_000_000 + number,
        started_s=float(number),
        latency_ms=latency_ms,
        status=status,
        cold=cold if ran else None,
        duration_ms=latency_ms / 2 if ran else None,
        init_ms=80.0 if cold and ran else None,
        billed_ms=100 if ran else None,
        memory_mb=128 if ran else None,
        max_memory_mb=36 if ran else None,
        cost_usd=0.0000004 if ran else None,
        error=None if status is Status.OK else "ValueError: no",
    )


def run(*latencies_ms: float, cold: int = 1) -> Measurements:
    rows = [row(n, value, cold=n <= cold) for n, value in enumerate(latencies_ms, 1)]
    return Measurements(ORDERS, tuple(rows), len(rows))


@pytest.mark.parametrize("percent", [0, 10, 50, 90, 99, 100])
@pytest.mark.parametrize("values", [[3.0], [1.0, 2.0], [5.0, 1.0, 4.0, 2.0], list(map(float, range(100)))])
def test_percentiles_are_those_of_numpy(values: list[float], percent: float) -> None:
    """Interpolated between the closest ranks, as pandas users expect."""
    assert percentile(values, percent) == pytest.approx(np.percentile(values, percent))


def test_without_values_there_is_no_percentile() -> None:
    """None, not zero."""
    assert percentile([], 50) is None
    assert Measurements(ORDERS).percentile(50) is None


def test_parts_of_a_run_are_runs() -> None:
    """cold, warm, problems, slices and sums have the same methods."""
    m = run(100, 3, 5)
    assert m.cold.percentile(50) == 100
    assert m.warm.percentile(50) == 4
    assert m[1:] == m.warm
    assert m.without(lambda one: one.number == 2).values("latency_ms") == [100, 5]
    assert len(m.problems) == 0


def test_runs_add_up() -> None:
    """Numbers and times go on; a later run starts later on the same time axis."""
    second = run(7, cold=0)
    moved = replace(second, rows=(replace(second[0], sent_at=1_790_000_010.0, started_s=0.5),))
    both = run(100, 3) + moved
    assert [one.number for one in both] == [1, 2, 3]
    assert both[2].started_s == pytest.approx(10.0)
    assert both.planned == 3


def test_rows_cannot_be_changed() -> None:
    """What was measured stays."""
    with pytest.raises(FrozenInstanceError):
        run(1)[0].latency_ms = 0  # type: ignore[misc]


def test_the_frame_has_types_and_units() -> None:
    """Missing numbers are missing, not zero and not text."""
    m = Measurements(ORDERS, (row(1, 100, cold=True), row(2, 1, status=Status.THROTTLED)))
    frame = m.frame()
    assert frame["latency_ms"].dtype == "float64"
    assert frame["billed_ms"].dtype == "Int64"
    assert frame["cold"].dtype == "boolean"
    assert frame["billed_ms"].isna().tolist() == [False, True]
    assert str(frame["sent_at"].dt.tz) == "UTC"
    assert frame.attrs["units"]["duration_ms"] == "ms"
    assert list(pd.DataFrame(Measurements(ORDERS).frame()).columns) == list(frame.columns)


def test_the_text_of_a_run() -> None:
    """A table, what Lambda reported, the cost and a sentence."""
    assert run(120.4, 3.2, 5.6).text() == (
        """\
orders: 3 calls: 1 cold, 2 warm
latency    calls      fastest       median          p90          p99      slowest
cold           1       120 ms       120 ms            –            –       120 ms
warm           2      3.20 ms      4.40 ms            –            –      5.60 ms
in the handler, median: 2.80 ms; init of a cold start, median: 80.0 ms
memory: 128 MB set, at most 36 MB used
on AWS: 0.0000012250 USD, without the free tier (us-east-1)
A cold start took 27.4 times as long as a warm one (medians)."""
    ).replace("0.0000012250", "0.000001225")


def test_the_layout_depends_on_counts_only() -> None:
    """Two runs of equal counts read the same once the numbers are taken out, as nbval compares them."""

    def sanitised(text: str) -> str:
        for pattern, value in [
            (r" *\d[\d,]*(\.\d+)? ms", " N ms"),
            (r"\d[\d,]*(\.\d+)? USD", "N USD"),
            (r"\d[\d,]*(\.\d+)? times", "N times"),
            (r"\d[\d,]* MB used", "N MB used"),
        ]:
            text = re.sub(pattern, value, text)
        return text

    quick, slow = run(12.3, 0.8, 0.9), run(12_345.6, 100.2, 9.99)
    assert quick.text() != slow.text()
    assert sanitised(quick.text()) == sanitised(slow.text())


def test_the_text_counts_problems() -> None:
    """Which, how many, and why."""
    m = Measurements(
        ORDERS, (row(1, 9), row(2, 1, status=Status.ERROR), row(3, 1, status=Status.THROTTLED)), 5
    )
    assert m.text().splitlines()[0] == "orders: 3 calls of 5 planned: 0 cold, 2 warm, 1 error, 1 throttled"
    assert "1 × error: ValueError: no" in m.text()


def test_the_text_of_nothing() -> None:
    """Before the first row."""
    assert Measurements(ORDERS).text() == "orders: nothing measured yet"


def test_a_region_without_a_price() -> None:
    """No price is guessed: the sum says what is not known, the rows have none."""
    m = Measurements(Function("orders", "mars-north-1", "x86_64"), run(5).rows)
    with pytest.raises(FactUnknown):
        m.cost()
    assert "mars-north-1" in m.text()
