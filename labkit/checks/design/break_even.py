"""01.5: the number of requests a month from which Fargate costs no more than Lambda."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from labkit import pricing
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check

KEY = "break_even"
REGION = "us-east-1"
LOAD = pricing.Workload(requests=0, duration_ms=250, memory_mb=1024)
TOLERANCE = Decimal("0.02")
DAYS, HOURS = 30, 730


@check("01.5", title="The break-even with Fargate is found")
def break_even(look: Look) -> str:
    """The record ``break_even`` is within 2 % of what `labkit.pricing` computes."""
    kept = look.decided(KEY)
    if kept is None or kept == "?":
        raise NotYet(
            f"'break_even' is {'still open' if kept else 'not in the design record'}",
            "a number of requests a month",
            "Set the sliders to the workload, read where the lines cross, and lab.save('break_even', …).",
        )
    if isinstance(kept, bool) or not isinstance(kept, int | float) or kept <= 0:
        raise NotYet(
            f"'break_even' is {kept!r}",
            "a number of requests a month",
            "Write it without commas and units: 1_000_000 is a million.",
        )
    right = _crossing()
    if not _near(kept, right):
        raise NotYet(f"{kept:,} requests a month", "the month in which both cost the same", _why(kept, right))
    found = pricing.break_even(LOAD, _task(LOAD), region=REGION)
    return f"{kept:,} is within {TOLERANCE:.0%}. {found.text()}"


def _task(load: pricing.Workload) -> pricing.Server:
    return pricing.fitting_task(load.memory_mb, architecture=load.architecture, region=REGION)


def _crossing(load: pricing.Workload = LOAD, *, free_tier: bool = False) -> Decimal:
    found = pricing.break_even(load, _task(load), region=REGION, free_tier=free_tier)
    return Decimal(found.requests or 0)


def _near(kept: float, number: Decimal) -> bool:
    return abs(pricing.exact(kept) - number) <= TOLERANCE * number


def _why(kept: float, right: Decimal) -> str:
    """What may have led to another number."""
    instance = pricing.fitting_instance(LOAD.memory_mb, region=REGION)
    on_ec2 = pricing.break_even(LOAD, instance, region=REGION).requests or 0
    mistakes = (
        (_crossing(free_tier=True), "That is with the free tier, which the task leaves out."),
        (Decimal(on_ec2), "That is where EC2 meets Lambda. The question is Fargate."),
        (right / (HOURS * 3600), "That is a rate per second. The question is requests a month."),
        (right / DAYS, "That is per day. The question is requests a month."),
        (_crossing(replace(LOAD, memory_mb=512)), f"That is for 512 MB; the task has {LOAD.memory_mb:,}."),
        (
            _crossing(replace(LOAD, duration_ms=100)),
            f"That is for 100 ms; the task has {LOAD.duration_ms} ms.",
        ),
    )
    for number, words in mistakes:
        if _near(kept, number):
            return words
    side = "Lambda still costs less there" if kept < right else "Fargate costs less well before that"
    return (
        f"{side}. Check duration ({LOAD.duration_ms} ms), memory ({LOAD.memory_mb:,} MB), x86_64, {REGION}, "
        "without the free tier."
    )
