"""04.5: the memory of three functions is what their own curves say. Recomputed from REPORT lines."""

from __future__ import annotations

from dataclasses import dataclass

from labkit import pricing
from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.optimize.measured import by_memory, typical_ms, warm
from labkit.checks.registry import check

FUNCTIONS = ("shrink-photo", "ask-partner", "turn-photo")
SIZES = 6
PREMIUM = 1.10  # what a faster size may cost, of the cheapest
# Those who measure by hand leave out other calls than a tuning does: a near miss of the rule is no mistake.
NOISE = 1.15


@dataclass(frozen=True)
class Point:
    """One size on the curve of a function: mean duration and cost of its warm calls."""

    memory_mb: int
    duration_ms: float
    cost_usd: float


@check("04.5", title="Memory is chosen from a curve")
def chosen(look: Look) -> str:
    """Each has the fastest size that costs at most a tenth more than its cheapest."""
    return "\n".join(_judged(look, find(look, name)) for name in FUNCTIONS)


def _judged(look: Look, function: Function) -> str:
    memory_mb = int(function.configuration["MemorySize"])
    curve = _curve(look, function)
    expected = f"the fastest size that costs at most {PREMIUM - 1:.0%} more than the cheapest"
    now = next((point for point in curve if point.memory_mb == memory_mb), None)
    if now is None:
        raise _not_on_the_curve(function, memory_mb, curve, expected)
    cheapest = min(curve, key=lambda point: point.cost_usd)
    fair = [point for point in curve if point.cost_usd <= PREMIUM * cheapest.cost_usd]
    best = min(fair, key=lambda point: point.duration_ms)
    seen = f"{function.name} has {memory_mb:,} MB: {now.duration_ms:.0f} ms, {_million(now)}"
    if now.cost_usd > PREMIUM * NOISE * cheapest.cost_usd:
        raise NotYet(
            f"{seen}; with {cheapest.memory_mb:,} MB it is {_million(cheapest)}",
            expected,
            f"That is too dear: your calls say {best.memory_mb:,} MB. Set it with "
            "update_function_configuration.",
        )
    if now.duration_ms > NOISE * best.duration_ms:
        raise NotYet(
            f"{seen}; with {best.memory_mb:,} MB {best.duration_ms:.0f} ms, {_million(best)}",
            expected,
            f"For about the same money it can be faster: set {best.memory_mb:,} MB.",
        )
    return f"{function.name}: chosen {memory_mb:,} MB, {now.duration_ms:.0f} ms, {_million(now)}"


def _curve(look: Look, function: Function) -> list[Point]:
    """The sizes at which the function was measured.

    Raises:
        NotYet: they are too few.
    """
    look.eventually(lambda: len(by_memory(function)) >= SIZES)
    found = by_memory(function)
    if len(found) < SIZES:
        sizes = ", ".join(f"{size:,}" for size in sorted(found)) or "none"
        raise NotYet(
            f"{function.name} was measured at these sizes (MB): {sizes}",
            f"a curve of at least {SIZES} sizes",
            "labkit.measure.tune(lambda_, name, event) measures six.",
        )
    architecture = next(iter(function.configuration.get("Architectures", [])), "x86_64")
    points = []
    for memory_mb, reports in sorted(found.items()):
        if runs := warm(reports):
            duration_ms = typical_ms(runs)
            cost = pricing.invocation(
                duration_ms, memory_mb, architecture=architecture, region=look.lab.region
            )
            points.append(Point(memory_mb, duration_ms, float(cost)))
    if not points:
        raise NotYet(
            f"no warm call of {function.name} ran to its end",
            "a curve of warm calls",
            "Read its log, and tune it with an event that it can handle.",
        )
    return points


def _not_on_the_curve(function: Function, memory_mb: int, curve: list[Point], expected: str) -> NotYet:
    sizes = ", ".join(f"{point.memory_mb:,}" for point in curve)
    if memory_mb in by_memory(function):
        return NotYet(
            f"{function.name} has {memory_mb:,} MB, and no call ran to its end with that",
            expected,
            f"It needs more than that. It worked with {sizes} MB.",
        )
    return NotYet(
        f"{function.name} has {memory_mb:,} MB, where it was never measured",
        expected,
        f"Choose from what you know ({sizes} MB), or tune with that size as well.",
    )


def _million(point: Point) -> str:
    return f"{point.cost_usd * 1_000_000:.2f} USD a million"
