"""What a tuning may cost, before it starts and while it goes on. Prices come from `labkit.pricing`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from labkit import pricing
from labkit.facts import quota
from labkit.measure.rows import Function, Status
from labkit.measure.run import Run
from labkit.measure.target import MeasureError, asked

Settings = Sequence[tuple[int, str]]


def most_usd(function: Function, settings: Settings, runs: int) -> Decimal:
    """The most that a tuning can cost: each call runs into the timeout, the first after the longest init.

    Args:
        settings: (memory in MB, architecture) of each step.

    Raises:
        FactUnknown: a price is not known for this Region.
        MeasureError: the function's settings could not be read.
    """
    timeout_ms, init_ms = _timeout_ms(function), quota("init_max_s").value * 1000
    return _sum_usd(function, settings, runs, lambda _: timeout_ms, init_ms)


def check(
    client: Any,
    name: str,
    function: Function,
    event: bytes | None,
    settings: Settings,
    runs: int,
    max_usd: float,
) -> str:
    """See to it that a tuning costs no more than ``max_usd``, and say how that is known.

    By the timeout if that is enough, else by one call of $LATEST as it is.

    Raises:
        MeasureError: it would cost more, or the one call failed.
        FactUnknown: a price is not known for this Region, so a ceiling cannot be kept.
    """
    worst = most_usd(function, settings, runs)
    if worst <= pricing.exact(max_usd):
        return f"at most {pricing.usd(worst)} USD if every call took until its timeout"
    probe_usd = _call_usd(
        function, _timeout_ms(function), function.memory_mb or 0, function.architecture or ""
    )
    if probe_usd > pricing.exact(max_usd):
        raise _refused(
            name, worst, max_usd, "if every call took until its timeout, and one call alone may cost more"
        )
    duration_ms, init_ms = _probe(client, name, function, event)
    own_mb = function.memory_mb or 0
    # Less memory may take longer in proportion; that more is faster is not counted on.
    likely = _sum_usd(
        function, settings, runs, lambda memory_mb: duration_ms * max(1.0, own_mb / memory_mb), init_ms
    )
    how = f"judging by one call of {duration_ms:,.0f} ms at {own_mb:,} MB"
    if likely > pricing.exact(max_usd):
        raise _refused(name, likely, max_usd, how)
    return f"about {pricing.usd(likely)} USD, {how}"


def _sum_usd(
    function: Function,
    settings: Settings,
    runs: int,
    duration_ms: Callable[[int], float],
    init_ms: float,
) -> Decimal:
    """All calls, of a duration that depends on the memory; the first of each setting with its init."""
    total = Decimal(0)
    for memory_mb, architecture in settings:
        each_ms = duration_ms(memory_mb)
        total += _call_usd(function, each_ms + init_ms, memory_mb, architecture)
        total += _call_usd(function, each_ms, memory_mb, architecture) * (runs - 1)
    return total


def _probe(client: Any, name: str, function: Function, event: bytes | None) -> tuple[float, float]:
    """Duration and init in ms of one call of $LATEST; init is 0 if it was warm."""
    run = Run(client, function, asked(name, None), [event], 1)
    with run.prepared():
        run.call(run.enter() or 1)
    (row,) = run.measured()
    if row.status is not Status.OK or row.duration_ms is None:
        said = row.error or "there is no REPORT line in its log tail"
        raise MeasureError(
            f"What tuning {name} costs cannot be told: the one call made to find out ended as {row.status} "
            f"({said}). Mend the function or its payload first, or leave out the cost ceiling."
        )
    return row.duration_ms, row.init_ms or 0.0


def _refused(name: str, cost_usd: Decimal, max_usd: float, how: str) -> MeasureError:
    return MeasureError(
        f"Tuning {name} was not started: it may cost {pricing.usd(cost_usd)} USD ({how}), and the ceiling is "
        f"{pricing.usd(max_usd)} USD. Raise the ceiling, make fewer runs, or try fewer or smaller sizes."
    )


def _timeout_ms(function: Function) -> int:
    if function.timeout_s is None or function.memory_mb is None or function.architecture is None:
        raise MeasureError(
            f"The settings of {function.name} could not be read, so what tuning it costs cannot be told. "
            "Allow lambda:GetFunctionConfiguration."
        )
    return function.timeout_s * 1000


def _call_usd(function: Function, duration_ms: float, memory_mb: int, architecture: str) -> Decimal:
    return pricing.invocation(
        duration_ms,
        memory_mb,
        architecture=architecture,
        region=function.region,
        ephemeral_mb=function.ephemeral_mb,
    ).cost_usd
