"""Pitfall 3, over-allocation: memory that is paid for and not used, and too little of it as well."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean

from labkit import pricing
from labkit.checks.audit.report import Finding, Judgement
from labkit.checks.audit.subject import Subject
from labkit.checks.audit.words import money
from labkit.errors import LabError
from labkit.facts import quota
from labkit.reports import Report

# Ours: from here on a second look is worth it. Three calls are the least that say anything about a size.
UNUSED, FULL, CHEAPER, FEWEST = 0.5, 0.9, 0.9, 3
STEP_MB, ROOM = 64, 1.25
MILLION = 1_000_000


def judge(subject: Subject) -> Judgement:
    """Memory used against memory set; where several sizes were measured, their costs as well."""
    reports, size = subject.reports, subject.memory_mb
    if len(reports) < FEWEST:
        return Judgement(f"{len(reports)} invocations in its log: too few to judge {size:,} MB", enough=False)
    used = max(one.max_memory_mb for one in reports)
    looked = f"at most {used:,} of {size:,} MB used in {len(reports)} invocations"
    if used >= FULL * size:
        return Judgement(looked, (_too_small(used, size),))
    sizes = _measured(reports)
    if size in sizes and len(sizes) > 1:
        tried = ", ".join(f"{one:,}" for one in sorted(sizes))
        return Judgement(
            f"{looked}; measured at {tried} MB, none smaller is worth it", _compared(subject, sizes)
        )
    if used < UNUSED * size and size > quota("memory_min_mb").value:
        return Judgement(looked, (_unused(subject, used, len(reports)),))
    return Judgement(looked)


def _measured(reports: tuple[Report, ...]) -> dict[int, float]:
    """memory in MB -> mean Billed Duration of the warm calls that succeeded with it."""
    by_size: dict[int, list[int]] = defaultdict(list)
    for one in reports:
        if not one.cold and one.status == "success":
            by_size[one.memory_mb].append(one.billed_ms)
    return {size: fmean(durations) for size, durations in by_size.items() if len(durations) >= FEWEST}


def _compared(subject: Subject, sizes: dict[int, float]) -> tuple[Finding, ...]:
    """The smaller size that was measured to be cheapest, if it is so by more than a tenth."""
    try:
        usd = {size: float(_million(subject, size, ms)) for size, ms in sizes.items()}
    except LabError:
        usd = {size: size * ms for size, ms in sizes.items()}  # without requests: the order is the same
    mine = subject.memory_mb
    best = min((size for size in sizes if size < mine), key=lambda size: usd[size], default=mine)
    if usd[best] >= CHEAPER * usd[mine]:
        return ()
    here = money(lambda: _million(subject, mine, sizes[mine]))
    there = money(lambda: _million(subject, best, sizes[best]))
    return (
        Finding(
            f"measured: {sizes[mine]:,.0f} ms at {mine:,} MB, {sizes[best]:,.0f} ms at {best:,} MB",
            f"A million calls cost {here} as it is, and {there} at {best:,} MB.",
            f"Set MemorySize to {best}, unless the time that it saves is worth the difference.",
        ),
    )


def _million(subject: Subject, memory_mb: int, duration_ms: float) -> pricing.Cost:
    return pricing.invocation(
        duration_ms, memory_mb, architecture=subject.architecture, region=subject.region
    ).times(MILLION)


def _unused(subject: Subject, used: int, calls: int) -> Finding:
    room = max(quota("memory_min_mb").value, -int(-used * ROOM // STEP_MB) * STEP_MB)
    mean_ms = subject.billed_ms or 1
    here = money(lambda: _million(subject, subject.memory_mb, mean_ms))
    there = money(lambda: _million(subject, room, mean_ms))
    return Finding(
        f"{calls} invocations used at most {used:,} of {subject.memory_mb:,} MB",
        f"A million calls of {mean_ms:,.0f} ms cost {here}; with {room:,} MB {there}, if they took as long. "
        "But memory buys processor time too: only measuring tells.",
        f"`labkit tune {subject.name}` measures several sizes and finds the cheapest; then set MemorySize.",
    )


def _too_small(used: int, size: int) -> Finding:
    return Finding(
        f"it used {used:,} of {size:,} MB",
        "At the limit Lambda kills the environment: the call ends in Runtime.ExitError or OutOfMemory, and "
        "the next one starts cold.",
        f"Raise MemorySize, for instance to {size * 2:,}, or let it hold less at once.",
    )
