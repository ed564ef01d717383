"""Measurements, a tuning and checkpoints for views, made here instead of measured."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from labkit.measure import Measurement, Measurements, Status, Step, Tuning
from labkit.measure.rows import Function
from labkit.measure.tuned import step_of

ORDERS = Function("orders", "us-east-1", "x86_64")


def row(
    number: int, latency_ms: float, *, cold: bool | None = False, status: Status = Status.OK
) -> Measurement:
    """A call as it would be measured; a throttled one has only its latency."""
    ran = status in (Status.OK, Status.ERROR)
    return Measurement(
        number=number,
        sent_at=1_790_000_000 + number,
        started_s=float(number),
        latency_ms=latency_ms,
        status=status,
        cold=cold if ran else None,
        duration_ms=latency_ms / 2 if ran else None,
        init_ms=80.0 if cold and ran else None,
        billed_ms=round(latency_ms) + 1 if ran else None,
        memory_mb=256 if ran else None,
        max_memory_mb=36 if ran else None,
        error=None if status is Status.OK else "Error: <no>",
    )


def run(calls: int, *, cold: int = 1, seed: int = 1) -> Measurements:
    """So many calls, the first of them cold; another seed gives other times."""
    chance = random.Random(seed)
    rows = [
        row(n, chance.lognormvariate(5 if n <= cold else 1.5, 0.4), cold=n <= cold)
        for n in range(1, calls + 1)
    ]
    return Measurements(ORDERS, tuple(rows), calls)


def step(memory_mb: int, duration_ms: float, architecture: str = "x86_64") -> Step:
    """A step as it would be measured: one cold call and three warm ones."""
    rows = [replace(row(n, 2 * duration_ms, cold=n == 1), memory_mb=memory_mb) for n in range(1, 5)]
    return step_of(Measurements(ORDERS, tuple(rows), 4), memory_mb, architecture, 0.2)


STEPS = (step(128, 800.0), step(256, 390.0), step(512, 220.0), step(1024, 160.0))
TUNED = Tuning(ORDERS, STEPS, planned=4, runs=4)


@dataclass(frozen=True)
class Result:
    """What a check gives."""

    id: str
    title: str
    passed: bool
    evidence: str = ""
    expected: str = ""
    next_step: str = ""
    skipped: bool = False
