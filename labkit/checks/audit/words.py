"""Money in findings: a price where it is known for the Region, and an honest sentence where it is not."""

from __future__ import annotations

from collections.abc import Callable

from labkit import pricing
from labkit.errors import FactUnknown


def money(bill: Callable[[], pricing.Cost]) -> str:
    """``3.54 USD``, or that the price is not known for the Region."""
    try:
        return f"{pricing.usd(bill().cost_usd)} USD"
    except FactUnknown:
        return "an amount that is not known for this Region (labkit prices refresh)"
