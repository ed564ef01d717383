"""The services around a function, the servers it could be instead, and where the lines cross."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import pricing
from labkit.errors import FactUnknown
from labkit.pricing import PricingError, Workload

TOKYO = "ap-northeast-1"
LOAD = Workload(5_000_000, 100, 512)


@pytest.mark.parametrize(
    ("ask", "usd"),
    [
        (lambda: pricing.api_gateway(1_000_000), "1.00"),
        (lambda: pricing.api_gateway(301_000_000), "300.90"),
        (lambda: pricing.api_gateway(1_000_000, region=TOKYO), "1.29"),
        (lambda: pricing.api_gateway(1_000_000, kind="rest"), "3.50"),
        (lambda: pricing.api_gateway(334_000_000, kind="rest"), "1168.30"),
        (lambda: pricing.sqs(1_000_000), "0.40"),
        (lambda: pricing.sqs(3_000_000, free_tier=True), "0.80"),
        (lambda: pricing.sqs(500_000, free_tier=True), "0"),
        (lambda: pricing.sqs(1_000_000, kind="fifo"), "0.50"),
        (lambda: pricing.eventbridge(1_000_000), "1.00"),
        (lambda: pricing.eventbridge(1_000_000, event_bytes=64 * 1024), "1.00"),
        (lambda: pricing.eventbridge(1_000_000, event_bytes=64 * 1024 + 1), "2.00"),
        (lambda: pricing.scheduler(15_000_000, free_tier=True), "1.00"),
        (lambda: pricing.step_functions(1_000), "0.025"),
        (lambda: pricing.step_functions(5_000, free_tier=True), "0.025"),
        (lambda: pricing.dynamodb(write_units=1_000_000, read_units=1_000_000), "0.75"),
        (lambda: pricing.dynamodb(write_units=1_000_000, read_units=1_000_000, region=TOKYO), "0.8575"),
        (lambda: pricing.dynamodb(storage_gb=27, free_tier=True), "0.50"),
        (lambda: pricing.s3(puts=1_000_000, gets=1_000_000, region=TOKYO), "5.07"),
        (lambda: pricing.s3(storage_gb=100, region=TOKYO), "2.50"),
        (lambda: pricing.logs(10**9), "0.50"),
        (lambda: pricing.logs(10**9, region=TOKYO), "0.76"),
        (lambda: pricing.logs(0, stored_gb=100), "3.00"),
    ],
)
def test_the_services_around(ask: Callable[[], pricing.Cost], usd: str) -> None:
    assert ask().cost_usd == Decimal(usd)


def test_express_workflows_reach_the_totals_of_infracosts_test_data() -> None:
    """100M executions of 17.1 s at 64 MB are 29,687.5 GB-hours in three tiers."""
    cost = pricing.step_functions_express(100_000_000, 17_100, memory_mb=64)
    assert [round(line.quantity, 4) for line in cost.lines] == [100_000_000, 1_000, 4_000, Decimal("24687.5")]
    assert [f"{line.cost_usd:.2f}" for line in cost.lines] == ["100.00", "60.01", "119.95", "405.27"]


@pytest.mark.parametrize(
    ("duration_ms", "memory_mb", "gb_ms"),
    [(1, 1, 100 * 64), (100, 64, 100 * 64), (101, 64, 200 * 64), (100, 65, 100 * 128)],
)
def test_express_workflows_are_billed_in_steps_of_100_ms_and_64_mb(
    duration_ms: int, memory_mb: int, gb_ms: int
) -> None:
    duration = pricing.step_functions_express(1, duration_ms, memory_mb=memory_mb).lines[1]
    assert duration.quantity * 3600 * 1000 * 1024 == pytest.approx(gb_ms)


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda: pricing.api_gateway(1, kind="soap"), PricingError),
        (lambda: pricing.sqs(-1), PricingError),
        (lambda: pricing.sqs(1, kind="fifo", region=TOKYO), FactUnknown),
        (lambda: pricing.eventbridge(1, region=TOKYO), FactUnknown),
        (lambda: pricing.api_gateway(1, kind="rest", region=TOKYO), FactUnknown),
        (lambda: pricing.api_gateway(301_000_000, region=TOKYO), FactUnknown),
        (lambda: pricing.fargate(1, 2, architecture="arm64", region=TOKYO), FactUnknown),
        (lambda: pricing.fargate(0, 2), PricingError),
        (lambda: pricing.fargate(1, 2, architecture="mips"), PricingError),
        (lambda: pricing.ec2("t4g.small", region=TOKYO), FactUnknown),
        (lambda: pricing.ec2("x1.enormous"), FactUnknown),
        (lambda: pricing.fleet(LOAD, pricing.fargate(1, 2), utilisation=0), PricingError),
        (lambda: pricing.fleet(LOAD, pricing.fargate(1, 2), at_least=-1), PricingError),
        (lambda: pricing.fleet(LOAD, pricing.fargate(1, 2), cpu_ms=-1), PricingError),
    ],
)
def test_what_cannot_be_priced_is_refused(ask: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        ask()


# Servers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "usd"),
    [
        (lambda: pricing.fargate(0.25, 0.5), "9.01"),  # 730 h x (0.25 x 0.04048 + 0.5 x 0.004445)
        (lambda: pricing.fargate(1, 2, architecture="arm64"), "28.84"),
        (lambda: pricing.fargate(1, 2, region=TOKYO), "44.98"),
        (lambda: pricing.ec2("t4g.small"), "12.26"),
        (lambda: pricing.ec2("m7i.large", region=TOKYO), "95.05"),
    ],
)
def test_a_server_costs_its_hours_busy_or_not(ask: Callable[[], pricing.Server], usd: str) -> None:
    server = ask()
    assert f"{server.month().cost_usd:.2f}" == usd
    assert server.month(3).cost_usd == 3 * server.month().cost_usd
    assert server.month(hours=365).cost_usd == server.month().cost_usd / 2


def test_a_burstable_instance_counts_with_its_baseline_and_says_so() -> None:
    server = pricing.ec2("t4g.small")
    assert (server.vcpu, server.sustained_vcpu) == (2, Decimal("0.40"))
    assert "burstable: 20% of each vCPU without end" in server.month().notes
    assert any("free trial of 750 h/month until 2026-12-31" in note for note in server.notes)


def test_a_fleet_is_as_large_as_the_cpu_time_of_the_load_asks() -> None:
    """1,769 MB is one vCPU: 26,280,000 requests of 100 ms in 730 h keep exactly one vCPU busy."""
    load = Workload(26_280_000, 100, 1769)
    server = pricing.fargate(0.5, 1)
    assert pricing.fleet(load, server).busy_vcpu == 1
    assert pricing.fleet(load, server, utilisation=1).count == 2
    assert pricing.fleet(load, server, utilisation=0.5).count == 4
    assert pricing.fleet(load, server, utilisation=1, cpu_ms=10).count == 1
    assert pricing.fleet(load, server, utilisation=1, at_least=3).count == 3
    assert pricing.fleet(replace(load, requests=26_280_001), server, utilisation=1).count == 3


# Break-even ------------------------------------------------------------------------------------------------


def test_break_even_with_one_small_task() -> None:
    """9.010025 USD a month against 0.0000002 + 0.05 x 0.0000166667 USD a request: 8,719,364.99 requests."""
    point = pricing.break_even(LOAD, pricing.fargate(0.25, 0.5))
    assert (point.requests, point.servers) == (8_719_365, 1)
    assert point.lambda_cost.cost_usd >= point.server_cost.cost_usd
    assert "From 8,719,365 requests a month (3.32 per second on average) 1 x Fargate" in point.text()


def test_the_free_tier_moves_the_break_even_by_what_it_is_worth() -> None:
    server = pricing.fargate(0.25, 0.5)
    without, with_it = (pricing.break_even(LOAD, server, free_tier=free) for free in (False, True))
    assert without.requests is not None and with_it.requests is not None
    each = pricing.invocation(100, 512).cost_usd
    free_usd = Decimal("0.2") + 400_000 * Decimal("0.0000166667")
    assert with_it.requests - without.requests == pytest.approx(float(free_usd / each), abs=1)


def test_lambda_stays_cheaper_when_the_servers_would_do_more_work_than_lambda_pays_for() -> None:
    waiting = Workload(0, 10, 128)
    point = pricing.break_even(waiting, pricing.fargate(0.25, 0.5), cpu_ms=1000)
    assert point.requests is None
    assert point.requests_per_s is None
    assert "Lambda stays cheaper" in repr(point)


def test_provisioned_concurrency_alone_may_cost_more_than_servers() -> None:
    kept = replace(LOAD, provisioned=pricing.Provisioned(10))
    assert pricing.break_even(kept, pricing.fargate(0.25, 0.5)).requests == 0


@settings(max_examples=60, deadline=None)
@given(
    st.floats(1, 5000),
    st.integers(128, 4096),
    st.sampled_from(
        [lambda: pricing.fargate(0.25, 0.5), lambda: pricing.fargate(4, 8), lambda: pricing.ec2("t4g.nano")]
    ),
    st.floats(0.05, 1),
    st.booleans(),
)
def test_break_even_is_the_first_request_at_which_servers_cost_no_more(
    duration_ms: float,
    memory_mb: int,
    ask: Callable[[], pricing.Server],
    utilisation: float,
    free_tier: bool,
) -> None:
    workload, server = Workload(0, duration_ms, memory_mb), ask()
    point = pricing.break_even(workload, server, utilisation=utilisation, free_tier=free_tier)

    def dearer(requests: int) -> bool:
        load = replace(workload, requests=requests)
        servers = pricing.fleet(load, server, utilisation=utilisation).cost
        return pricing.month(load, free_tier=free_tier).cost_usd >= servers.cost_usd

    if point.requests is not None:
        assert dearer(point.requests)
        assert not dearer(point.requests - 1)
