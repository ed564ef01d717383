"""Money in findings: a price where it is known for the Region, and an honest sentence where it is not."""

from __future__ import annotations

from collections.abc import Callable

from labkit import pricing
from labkit.errors import FactUnknown

CENT = 0.01


def money(bill: Callable[[], pricing.Cost]) -> str:
    """``3.54 USD``, or that the price is not known for the Region."""
    try:
        usd = bill().cost_usd
        return f"{usd:,.2f} USD" if usd >= CENT else f"{pricing.usd(usd)} USD"
    except FactUnknown:
        return "an amount that is not known for this Region (labkit prices refresh)"
