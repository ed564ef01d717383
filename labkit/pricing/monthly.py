"""What workloads on Lambda cost in a month: tiers, free tier, provisioned concurrency, /tmp and logs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, Decimal

from labkit import facts
from labkit.facts import quota
from labkit.pricing.cost import ZERO, Cost, LineItem, exact, free_line, line, tiered_lines
from labkit.pricing.invocations import GB_OF_LOGS, LOGS_KEY, Prices, compute_price, tmp_lines
from labkit.pricing.workload import ARCHITECTURES, Provisioned, Workload, gb_seconds


def month(
    *workloads: Workload, region: str = "us-east-1", free_tier: bool = False, prices: Prices = facts.price
) -> Cost:
    """What workloads of one account cost together in a month.

    Tiers count per architecture over all workloads. The free tier (1M requests and 400,000 GB-seconds) is
    used up by all functions side by side, except those with provisioned concurrency, which it does not
    cover.

    Sources: AWS Lambda pricing page (tiers per architecture, Region and payer; no free tier with provisioned
    concurrency; its time rounded up to 5 minutes; what exceeds it billed as on demand).

    Raises:
        FactUnknown: a price, or the tier that is reached, is not known for this Region.
    """
    lines = _request_lines(workloads, region, free_tier, prices)
    lines += _duration_lines(workloads, region, free_tier, prices)
    for workload in workloads:
        if workload.provisioned:
            lines += _provisioned_lines(workload, workload.provisioned, region, prices)
        run_ms = workload.on_demand_ms + workload.provisioned_ms
        lines += tmp_lines(workload.ephemeral_mb, run_ms, region, prices)
    logged = sum((exact(w.requests) * exact(w.log_bytes) for w in workloads), ZERO) / GB_OF_LOGS
    if logged:
        lines += tiered_lines("Logs", logged, "GB", prices(region, LOGS_KEY))
    total = sum((exact(w.requests) for w in workloads), ZERO)
    tier = "with" if free_tier else "without"
    return Cost(f"A month of {total:,.0f} invocations, {region}, {tier} the free tier", tuple(lines))


def _request_lines(
    workloads: Sequence[Workload], region: str, free_tier: bool, prices: Prices
) -> list[LineItem]:
    covered = sum((w.billed_requests for w in workloads if not w.provisioned), ZERO)
    paid = sum((w.billed_requests for w in workloads if w.provisioned), ZERO)
    free, lines = _free("Requests", covered, "requests", "free_requests_per_month", free_tier)
    return [*lines, line("Requests", covered - free + paid, "requests", prices(region, "lambda.request"))]


def _duration_lines(
    workloads: Sequence[Workload], region: str, free_tier: bool, prices: Prices
) -> list[LineItem]:
    covered = _on_demand_gbs(w for w in workloads if not w.provisioned)
    paid = _on_demand_gbs(w for w in workloads if w.provisioned)
    all_covered = sum(covered.values(), ZERO)
    free, lines = _free("Duration", all_covered, "GB-seconds", "free_gb_seconds_per_month", free_tier)
    for architecture in dict.fromkeys(w.architecture for w in workloads):
        mine = covered.get(architecture, ZERO)
        # functions run side by side through the month, so each architecture uses its share of what is free;
        # multiplied before it is divided, so that what is all free is exactly nothing
        billed = mine * (all_covered - free) / all_covered if free else mine
        used = billed + paid.get(architecture, ZERO)
        price = compute_price(region, architecture, prices)
        lines += tiered_lines(f"Duration, {architecture}", used, "GB-seconds", price)
    return lines


def _free(what: str, used: Decimal, unit: str, name: str, free_tier: bool) -> tuple[Decimal, list[LineItem]]:
    """How much of what is used the free tier covers, and the line that says so."""
    if not free_tier or not used:
        return ZERO, []
    allowance = quota(name)
    free = min(used, Decimal(allowance.value))
    return free, [free_line(what, free, unit, allowance.source)]


def _on_demand_gbs(workloads: Iterable[Workload]) -> dict[str, Decimal]:
    compute: dict[str, Decimal] = {}
    for w in workloads:
        compute[w.architecture] = compute.get(w.architecture, ZERO) + gb_seconds(w.memory_mb, w.on_demand_ms)
    return compute


def _provisioned_lines(
    workload: Workload, provisioned: Provisioned, region: str, prices: Prices
) -> tuple[LineItem, ...]:
    step_s = quota("provisioned_billing_step_s").value
    enabled_s = (exact(provisioned.enabled_s) / step_s).to_integral_value(ROUND_CEILING) * step_s
    kept = gb_seconds(workload.memory_mb, provisioned.environments * enabled_s * 1000)
    ran = gb_seconds(workload.memory_mb, workload.provisioned_ms)
    built_for = ARCHITECTURES[workload.architecture]
    return (
        line("Provisioned concurrency", kept, "GB-seconds", prices(region, f"lambda.pc.{built_for}")),
        line("Duration on it", ran, "GB-seconds", prices(region, f"lambda.pc.duration.{built_for}")),
    )
