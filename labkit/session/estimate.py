"""What a phase may cost on AWS, said before anything is sent. Deliberately generous."""

from __future__ import annotations

from dataclasses import dataclass

from labkit import pricing
from labkit.errors import LabError
from labkit.session.names import LAB


@dataclass(frozen=True)
class Plan:
    """The most that one run of a phase's notebook does, rounded up."""

    invocations: int
    duration_ms: int
    memory_mb: int


# By phase. Generous guesses until the notebooks are counted.
PLANS = {
    "00": Plan(50, 200, 256),
    "01": Plan(150, 1_000, 1_024),
    "02": Plan(300, 500, 512),
    "03": Plan(1_000, 500, 512),
    "04": Plan(800, 1_000, 1_024),
    "05": Plan(500, 500, 512),
    "06": Plan(1_000, 500, 512),
}


def estimate(lab: str, region: str) -> str:
    """One sentence on what the lab may cost, from the published prices."""
    matched = LAB.match(lab)
    plan = PLANS.get(matched["phase"] or "") if matched else None
    if plan is None:
        return "There is no estimate for this notebook; lab.cost() tells what it has cost."
    try:
        cost = pricing.invocation(plan.duration_ms, plan.memory_mb, region=region).times(plan.invocations)
    except LabError as error:
        return f"There is no estimate for {region}: {error}"
    return (
        f"Estimate: at most {plan.invocations:,} invocations of {plan.duration_ms:,} ms at "
        f"{plan.memory_mb:,} MB, {pricing.usd(cost.cost_usd)} USD without the free tier. "
        "Tables, logs and queues cost cents at most, as long as lab.teardown() is run at the end."
    )
