"""How money is computed and written."""

from __future__ import annotations

import doctest
from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import labkit.pricing.cost
import labkit.pricing.workload
from labkit import pricing
from labkit.pricing import Workload


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.00"),
        (1234.5, "1,234.50"),
        (18.737, "18.74"),
        (1, "1.00"),
        (0.4, "0.40"),
        (0.024623, "0.024623"),
        (0.0246233822, "0.024623"),
        (Decimal("0.0000002"), "0.0000002"),
        (Decimal("0.00000040834"), "0.00000040834"),
        (-0.5, "-0.50"),
    ],
)
def test_an_amount_shows_at_least_cents_and_below_a_dollar_five_digits(amount: float, text: str) -> None:
    assert pricing.usd(amount) == text


def test_a_bill_prints_as_a_table() -> None:
    assert pricing.invocation(2.46, 1024, init_ms=413.61).text().splitlines() == [
        "One invocation of 417 ms at 1,024 MB, x86_64, us-east-1",
        "            quantity                 USD each         USD",
        "  Requests         1 requests       0.0000002   0.0000002",
        "  Duration     0.417 GB-seconds  0.0000166667  0.00000695",
        "  Total                                        0.00000715",
    ]


def test_notes_stand_below_the_table() -> None:
    assert pricing.api_gateway(1).text().splitlines()[-1] == "  without data transfer to the internet"


def test_a_bill_tells_what_it_is_made_of_in_its_repr() -> None:
    assert repr(pricing.month(Workload(1000, 11722.965, 128))) == (
        "<Cost 0.024623 USD: Requests 0.0002 + Duration, x86_64 0.024423>"
    )
    assert repr(pricing.month(Workload(1, 1, 128), free_tier=True)) == "<Cost 0.00 USD: nothing to pay>"


def test_each_line_names_the_source_and_date_of_its_price() -> None:
    for line in pricing.invocation(1, 128).lines:
        assert "us-east-1, as of 2025-10-01: public repo copy of AWS Price List API" in line.source


def test_bills_add_up_and_scale() -> None:
    one = pricing.invocation(100, 512)
    three = one.times(3)
    assert three.cost_usd == sum([one, one, one]).cost_usd == 3 * one.cost_usd
    assert three.title == "3 x One invocation of 100 ms at 512 MB, x86_64, us-east-1"
    assert float(one) == float(one.cost_usd)


def test_money_is_decimal_so_that_sums_do_not_depend_on_their_order() -> None:
    costs = [pricing.invocation(ms, mb) for ms in (1, 7, 33, 1001) for mb in (128, 129, 1769)]
    assert sum(costs).cost_usd == sum(reversed(costs)).cost_usd


def test_a_bill_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        pricing.invocation(1, 128).title = "cheaper"  # type: ignore[misc]


def test_a_float_is_priced_as_the_number_it_is_written_as() -> None:
    assert pricing.exact(0.1) == Decimal("0.1")
    assert pricing.exact(1e22) == Decimal("1e22")


@given(st.integers(0, 10**10), st.integers(0, 10**10), st.integers(128, 10_240), st.booleans())
def test_more_requests_never_cost_less(a: int, b: int, memory_mb: int, free_tier: bool) -> None:
    fewer, more = (
        pricing.month(Workload(n, 3.5, memory_mb, cold_share=0.01, init_ms=90), free_tier=free_tier).cost_usd
        for n in sorted((a, b))
    )
    assert fewer <= more


@given(st.integers(0, 10**9), st.floats(0.01, 900_000), st.integers(128, 10_240))
def test_the_free_tier_never_saves_more_than_it_is_worth(
    requests: int, duration_ms: float, memory_mb: int
) -> None:
    workload = Workload(requests, duration_ms, memory_mb)
    saved = pricing.month(workload).cost_usd - pricing.month(workload, free_tier=True).cost_usd
    worth = Decimal("0.20") + 400_000 * Decimal("0.0000166667")
    rounding = Decimal("1e-15")  # of a difference of sums with 28 digits each
    assert 0 <= saved <= worth + rounding


@pytest.mark.parametrize("module", [labkit.pricing.cost, labkit.pricing.workload])
def test_examples_in_docstrings_are_true(module: object) -> None:
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert (failed, tried > 0) == (0, True)
