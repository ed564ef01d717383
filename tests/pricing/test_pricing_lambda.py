"""What Lambda costs: published bills to the last digit, and each rule of billing on its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import pandas as pd
import pytest

from labkit import facts, pricing
from labkit.errors import FactUnknown, LabError
from labkit.facts import Price, Tier
from labkit.pricing import Provisioned, Workload


def at(key: str, usd: Decimal) -> Callable[[str, str], Price]:
    """Today's prices with one of them set to what it was when a bill was published."""

    def prices(region: str, wanted: str) -> Price:
        price = facts.price(region, wanted)
        return replace(price, value=usd, tiers=(Tier(Decimal(0), None, usd),)) if wanted == key else price

    return prices


def lines(cost: pricing.Cost) -> dict[str, Decimal]:
    return {line.what: line.quantity for line in cost.lines}


# Published bills -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", facts.prime_numbers(), ids=lambda run: f"{run.memory_mb} MB")
def test_the_prime_number_table_as_published(run: facts.PrimeRun) -> None:
    """jconning/lambda-cpu-cost (2017): 1,000 runs at 0.00001667 USD per GB-second, six decimals."""
    workload = Workload(run.runs, run.duration_s * 1000, run.memory_mb)
    cost = pricing.month(workload, prices=at("lambda.gbs.x86", run.gb_second_usd))
    assert round(cost.cost_usd, 6) == run.published_usd


@pytest.mark.parametrize(
    ("memory_mb", "usd"), [(128, "0.024623"), (256, "0.028029"), (512, "0.026825"), (1024, "0.024633")]
)
def test_the_prime_number_table_at_todays_price(memory_mb: int, usd: str) -> None:
    (run,) = (row for row in facts.prime_numbers() if row.memory_mb == memory_mb)
    cost = pricing.month(Workload(run.runs, run.duration_s * 1000, memory_mb))
    assert round(cost.cost_usd, 6) == Decimal(usd)


def test_the_first_example_of_an_older_aws_pricing_page() -> None:
    """512 MB, 3M times, 1 s each, 0.00001667 USD per GB-second, free tier: 18.34 + 0.40 = 18.74 USD."""
    workload = Workload(3_000_000, 1000, 512)
    cost = pricing.month(workload, free_tier=True, prices=at("lambda.gbs.x86", Decimal("0.00001667")))
    assert [f"{line.cost_usd:.2f}" for line in cost.lines] == ["0.00", "0.40", "0.00", "18.34"]
    assert f"{cost.cost_usd:.2f}" == "18.74"


# Rounding, init, units -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration_ms", "init_ms", "billed"),
    [
        (26.73, 0, 27),
        (2.46, 413.61, 417),
        (1233.96, 463.512, 1698),
        (3016.78, 84.00, 3101),
        (3.0, 0, 3),
        (0.1 + 0.2, 0, 1),
        (1.1, 2.9, 4),
        (1.10, 2.20, 4),
    ],
)
def test_billed_duration_is_duration_and_init_rounded_up_together(
    duration_ms: float, init_ms: float, billed: int
) -> None:
    assert pricing.billed_ms(duration_ms, init_ms) == billed


def test_an_invocation_of_a_cold_start_pays_for_its_init() -> None:
    cost = pricing.invocation(2.46, 1024, init_ms=413.61)
    assert lines(cost) == {"Requests": 1, "Duration": Decimal("0.417")}
    assert cost.cost_usd == Decimal("0.0000002") + Decimal("0.417") * Decimal("0.0000166667")


@pytest.mark.parametrize(
    ("memory_mb", "milliseconds", "gb_seconds"),
    [(1024, 1000, "1"), (128, 1, "0.000125"), (1769, 1000, "1.7275390625"), (10240, 900_000, "9000")],
)
def test_gb_seconds_are_exact(memory_mb: int, milliseconds: int, gb_seconds: str) -> None:
    assert pricing.gb_seconds(memory_mb, milliseconds) == Decimal(gb_seconds)


@pytest.mark.parametrize(
    ("kilobytes", "requests"), [(0, 1), (1, 1), (256, 1), (257, 2), (320, 2), (321, 3), (1024, 13)]
)
def test_large_asynchronous_events_count_as_several_requests(kilobytes: int, requests: int) -> None:
    """1 request up to 256 KB, 1 more for each 64 KB up to 1 MB."""
    assert pricing.event_requests(kilobytes * 1024) == requests
    assert lines(pricing.invocation(5, 128, event_bytes=kilobytes * 1024))["Requests"] == requests
    assert (
        lines(pricing.month(Workload(10, 5, 128, event_bytes=kilobytes * 1024)))["Requests"] == 10 * requests
    )


def test_arm64_costs_exactly_a_fifth_less_up_to_the_last_digit_of_the_list() -> None:
    x86, arm = (pricing.invocation(1000, 1024, architecture=a).lines[1] for a in ("x86_64", "arm64"))
    assert round(arm.unit_price_usd / x86.unit_price_usd, 4) == Decimal("0.8000")


def test_tmp_costs_only_above_512_mb() -> None:
    assert "/tmp above 512 MB" not in lines(pricing.invocation(1000, 128))
    (tmp,) = pricing.invocation(1000, 128, ephemeral_mb=1536).lines[2:]
    assert tmp.cost_usd == Decimal("0.0000000309")


@pytest.mark.parametrize(
    ("rps", "duration_ms", "needed"), [(100, 500, "50"), (10, 120, "1.2"), (0, 100, "0")]
)
def test_concurrency_is_rate_times_duration(rps: int, duration_ms: int, needed: str) -> None:
    assert pricing.concurrency(rps, duration_ms) == Decimal(needed)


# Many recorded invocations ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Billed:
    billed_ms: int
    memory_mb: int


RECORDS = [Billed(417, 1024), Billed(3, 1024), Billed(27, 128)]


def test_recorded_invocations_add_up_by_memory_size() -> None:
    cost = pricing.invocations(RECORDS)
    assert lines(cost) == {
        "Requests": 3,
        "Duration, 128 MB, x86_64": Decimal("0.003375"),
        "Duration, 1,024 MB, x86_64": Decimal("0.42"),
    }


def test_many_cost_exactly_what_each_costs() -> None:
    each = sum(pricing.invocation(r.billed_ms, r.memory_mb) for r in RECORDS)
    assert isinstance(each, pricing.Cost)
    assert pricing.invocations(RECORDS).cost_usd == each.cost_usd


def test_a_frame_costs_what_its_rows_cost_and_throttled_rows_cost_nothing() -> None:
    frame = pd.DataFrame({"billed_ms": [417, 3, 27, None], "memory_mb": [1024, 1024, 128, 128]})
    cost = pricing.invocations(frame)
    assert cost.cost_usd == pricing.invocations(RECORDS).cost_usd
    assert cost.notes == ("1 without a billed duration: not billed",)


def test_a_frame_with_an_architecture_column_is_priced_row_by_row() -> None:
    frame = pd.DataFrame({"billed_ms": [100, 100], "memory_mb": 1024, "architecture": ["x86_64", "arm64"]})
    by_row = pricing.invocation(100, 1024) + pricing.invocation(100, 1024, architecture="arm64")
    assert pricing.invocations(frame).cost_usd == by_row.cost_usd


def test_a_cost_column_has_a_value_for_each_row() -> None:
    frame = pd.DataFrame({"billed_ms": [417, None, 27], "memory_mb": [1024, 1024, 128]})
    column = pricing.cost_column(frame)
    assert column[0] == pytest.approx(float(pricing.invocation(417, 1024)), rel=1e-9)
    assert pd.isna(column[1])
    assert column[2] == pytest.approx(float(pricing.invocation(27, 128)), rel=1e-9)


def test_no_invocations_cost_nothing() -> None:
    assert pricing.invocations([]).cost_usd == 0
    assert pricing.cost_column([]) == []


# A month ---------------------------------------------------------------------------------------------------


def test_a_month_bills_cold_starts_with_their_init() -> None:
    cost = pricing.month(Workload(1000, 10, 1024, cold_share=0.01, init_ms=200))
    assert lines(cost)["Duration, x86_64"] == Decimal("11.99") + Decimal("0.01")


@pytest.mark.parametrize(("requests", "billed"), [(1_000_000, 0), (3_000_000, 2_000_000), (10, 0), (0, 0)])
def test_the_free_tier_covers_a_million_requests(requests: int, billed: int) -> None:
    cost = pricing.month(Workload(requests, 1, 128), free_tier=True)
    assert lines(cost)["Requests"] == billed


def test_the_free_tier_is_shared_by_all_functions_in_proportion_to_their_use() -> None:
    x86 = Workload(300_000, 1000, 1024)
    arm = Workload(100_000, 1000, 1024, architecture="arm64")
    assert pricing.month(x86, arm, free_tier=True).cost_usd == 0
    cost = pricing.month(replace(x86, requests=600_000), replace(arm, requests=200_000), free_tier=True)
    assert lines(cost)["Duration, x86_64"] == 300_000
    assert lines(cost)["Duration, arm64"] == 100_000


@pytest.mark.parametrize(
    ("architecture", "gb_seconds", "by_tier"),
    [
        ("x86_64", "6e9", [6_000_000_000]),
        ("x86_64", "16e9", [6_000_000_000, 9_000_000_000, 1_000_000_000]),
        ("arm64", "10e9", [7_500_000_000, 2_500_000_000]),
    ],
)
def test_duration_is_billed_tier_by_tier(architecture: str, gb_seconds: str, by_tier: list[int]) -> None:
    requests = int(Decimal(gb_seconds))
    cost = pricing.month(Workload(requests, 1000, 1024, architecture=architecture))
    assert [line.quantity for line in cost.lines[1:]] == by_tier
    prices = [line.unit_price_usd for line in cost.lines[1:]]
    assert prices == sorted(prices, reverse=True)


def test_tiers_count_over_all_functions_of_one_architecture() -> None:
    half = Workload(4_000_000_000, 1000, 1024)
    assert [line.quantity for line in pricing.month(half, half).lines[1:]] == [6_000_000_000, 2_000_000_000]


def test_a_tier_that_is_not_known_for_the_region_is_refused() -> None:
    enough = Workload(6_000_000_000, 1000, 1024)
    assert pricing.month(enough, region="eu-west-1").cost_usd > 0
    with pytest.raises(FactUnknown, match=r"lambda.gbs.x86 for eu-west-1 is only known up to 6,000,000,000"):
        pricing.month(replace(enough, requests=6_000_000_001), region="eu-west-1")


def test_provisioned_concurrency_has_its_own_duration_price_and_spills_over_to_on_demand() -> None:
    """1,000 environments of 1 GB for two hours, 1.2M requests of 1 s, a tenth of them spilling over."""
    provisioned = Provisioned(1000, enabled_s=7200, spill_share=0.1)
    cost = pricing.month(Workload(1_200_000, 1000, 1024, provisioned=provisioned))
    assert {line.what: (line.quantity, line.unit_price_usd) for line in cost.lines} == {
        "Requests": (1_200_000, Decimal("0.0000002")),
        "Duration, x86_64": (120_000, Decimal("0.0000166667")),
        "Provisioned concurrency": (7_200_000, Decimal("0.0000041667")),
        "Duration on it": (1_080_000, Decimal("0.0000097222")),
    }


@pytest.mark.parametrize(("enabled_s", "billed_s"), [(1, 300), (300, 300), (301, 600), (7201, 7500)])
def test_provisioned_time_is_rounded_up_to_five_minutes(enabled_s: int, billed_s: int) -> None:
    cost = pricing.month(Workload(0, 1, 1024, provisioned=Provisioned(1, enabled_s=enabled_s)))
    assert lines(cost)["Provisioned concurrency"] == billed_s


def test_the_free_tier_does_not_cover_functions_with_provisioned_concurrency() -> None:
    kept = Workload(500_000, 100, 128, provisioned=Provisioned(1, enabled_s=300, spill_share=0.5))
    assert pricing.month(kept, free_tier=True).cost_usd == pricing.month(kept).cost_usd
    other = Workload(500_000, 100, 128)
    assert lines(pricing.month(kept, other, free_tier=True))["Requests"] == 500_000


def test_spill_over_pays_for_cold_starts_and_provisioned_requests_do_not() -> None:
    spilling = Provisioned(1, spill_share=0.5)
    cost = pricing.month(Workload(100, 10, 1024, cold_share=1, init_ms=90, provisioned=spilling))
    assert lines(cost)["Duration, x86_64"] == 5
    assert lines(cost)["Duration on it"] == Decimal("0.5")


def test_tokyo_provisioned_concurrency_on_arm64_is_not_guessed() -> None:
    workload = Workload(1, 1, 128, architecture="arm64", provisioned=Provisioned(1))
    with pytest.raises(FactUnknown, match="only an estimate"):
        pricing.month(workload, region="ap-northeast-1")


def test_logs_are_billed_in_tiers_of_lambdas_own_log_price() -> None:
    cost = pricing.month(Workload(1_000_000_000, 1, 128, log_bytes=12_000))
    assert [(line.quantity, line.unit_price_usd) for line in cost.lines[2:]] == [
        (10_000, Decimal("0.5")),
        (2_000, Decimal("0.25")),
    ]


def test_sixty_terabytes_of_lambda_logs_cost_what_was_published() -> None:
    """duckbillgroup.com (2025-05): 60 TB cost 12,500 USD."""
    assert pricing.logs(60 * 10**12).cost_usd == 12_500


@pytest.mark.parametrize("region", facts.regions())
def test_every_region_prices_a_month_on_both_architectures(region: str) -> None:
    for architecture in ("x86_64", "arm64"):
        workload = Workload(1_000_000, 100, 512, architecture=architecture, ephemeral_mb=1024)
        assert pricing.month(workload, region=region).cost_usd > 0


# What makes no sense ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"memory_mb": 64}, "memory_mb=64: Lambda takes 128 to 10,240 MB"),
        ({"memory_mb": 10_241}, "memory_mb=10241"),
        ({"ephemeral_mb": 256}, "ephemeral_mb=256: Lambda takes 512 to 10,240 MB"),
        ({"architecture": "arm"}, "architecture='arm': Lambda runs x86_64 and arm64"),
        ({"requests": -1}, "requests=-1"),
        ({"duration_ms": float("nan")}, "nan cannot be priced"),
        ({"duration_ms": float("inf")}, "inf cannot be priced"),
        ({"cold_share": 1.5}, "cold_share=1.5: give a share between 0 and 1"),
        ({"event_bytes": 2_000_000}, "at most 1,048,576 bytes"),
        ({"provisioned": Provisioned(-1)}, "environments=-1"),
        ({"provisioned": Provisioned(1, spill_share=2)}, "spill_share=2"),
    ],
)
def test_a_workload_that_cannot_be_is_refused_with_the_reason(
    arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(pricing.PricingError, match=message) as caught:
        Workload(**{"requests": 1, "duration_ms": 1, "memory_mb": 128} | arguments)  # type: ignore[arg-type]
    assert isinstance(caught.value, LabError)


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(FactUnknown, match="No prices are known for Region 'eu-west-9'"):
        pricing.invocation(1, 128, region="eu-west-9")
