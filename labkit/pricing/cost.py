"""Money: line items, what they add up to, and how a sum is written. Knows prices only as numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

from labkit.errors import FactUnknown, LabError
from labkit.facts import Price

Number: TypeAlias = int | float | Decimal
ZERO = Decimal(0)


class PricingError(LabError, ValueError):
    """Something cannot be priced because a number makes no sense or Lambda could not run it."""


def exact(value: Number) -> Decimal:
    """The decimal number that ``value`` is written as: ``0.1`` is one tenth, not the nearest binary fraction.

    Prices are decimal fractions and published bills are rounded decimally, so money is computed in `Decimal`:
    sums come out the same in any order and equal to the last printed digit.

    Raises:
        PricingError: the value is not a finite number.
    """
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite():
        raise PricingError(f"{value!r} cannot be priced: give a finite number.")
    return number


def usd(amount: Number) -> str:
    """An amount as people write it: two decimals from 1 USD up, below it as many as show five digits.

    >>> usd(1234.5), usd(0.4), usd(0.024623), usd(0.00000040834)
    ('1,234.50', '0.40', '0.024623', '0.00000040834')
    """
    value = exact(amount)
    if value == 0 or abs(value) >= 1:
        return f"{value:,.2f}"
    digits = 4 - value.adjusted()
    text = f"{value:.{digits}f}".rstrip("0")
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<2}"


@dataclass(frozen=True)
class LineItem:
    """One line of a bill: ``quantity`` units at ``unit_price_usd`` each.

    Attributes:
        unit: what is counted, in the plural: ``"requests"``, ``"GB-seconds"``.
        source: where the price comes from.
    """

    what: str
    quantity: Decimal
    unit: str
    unit_price_usd: Decimal
    source: str

    @property
    def cost_usd(self) -> Decimal:
        """Quantity times unit price, not rounded."""
        return self.quantity * self.unit_price_usd


@dataclass(frozen=True, repr=False)
class Cost:
    """What something costs, line by line. Costs add up with ``+`` and `sum`, scale with `times`.

    Attributes:
        title: what was priced, in words.
        lines: the bill; never rounded, so that sums do not depend on their order.
        notes: what the sum leaves out or takes for granted.
    """

    title: str
    lines: tuple[LineItem, ...]
    notes: tuple[str, ...] = ()

    @property
    def cost_usd(self) -> Decimal:
        """The sum of all lines, exact. ``float(cost)`` gives it for pictures."""
        return sum((line.cost_usd for line in self.lines), ZERO)

    def times(self, n: Number) -> Cost:
        """The same bill ``n`` times over. Tiers and free tiers do not scale: for a month use `month`."""
        lines = tuple(replace(line, quantity=line.quantity * exact(n)) for line in self.lines)
        return replace(self, title=f"{n:,} x {self.title}", lines=lines)

    def text(self) -> str:
        """The bill as a table of plain text, with its notes below."""
        return "\n".join(
            [self.title, *_table(self.lines, self.cost_usd), *(f"  {note}" for note in self.notes)]
        )

    def __add__(self, other: Cost) -> Cost:
        if not isinstance(other, Cost):
            return NotImplemented
        notes = tuple(dict.fromkeys(self.notes + other.notes))
        return Cost(f"{self.title} + {other.title}", self.lines + other.lines, notes)

    def __radd__(self, other: object) -> Cost:
        # sum() starts from 0
        return self if other == 0 else NotImplemented

    def __float__(self) -> float:
        return float(self.cost_usd)

    def __repr__(self) -> str:
        parts = " + ".join(f"{line.what} {usd(line.cost_usd)}" for line in self.lines if line.cost_usd)
        return f"<Cost {usd(self.cost_usd)} USD: {parts or 'nothing to pay'}>"


def line(what: str, quantity: Number, unit: str, price: Price) -> LineItem:
    """A line at the price of the first tier."""
    return LineItem(what, exact(quantity), unit, price.each_usd, _cited(price))


def free_line(what: str, quantity: Number, unit: str, source: str) -> LineItem:
    """A line that costs nothing because a free tier covers it."""
    return LineItem(f"{what} (free tier)", exact(quantity), unit, ZERO, source)


def tiered_lines(what: str, quantity: Number, unit: str, price: Price) -> tuple[LineItem, ...]:
    """One line for each tier of the price that a month's ``quantity`` reaches into.

    Raises:
        FactUnknown: the quantity goes beyond the last tier whose price is known.
    """
    left = exact(quantity)
    lines: list[LineItem] = []
    for tier in price.tiers:
        room = left if tier.end is None else min(left, tier.end - tier.start)
        if room > 0 or not lines:
            name = what if tier.start == 0 else f"{what} above {tier.start:,} {unit}"
            lines.append(LineItem(name, room, unit, tier.value_usd / price.per, _cited(price)))
        left -= room
    if left > 0:
        known = price.tiers[-1].end
        raise FactUnknown(
            f"The price {price.key} for {price.region} is only known up to {known:,} {unit} a month, and "
            f"this is {exact(quantity):,.0f}. Ask for less, or for a Region with more tiers: us-east-1."
        )
    return tuple(lines)


def _cited(price: Price) -> str:
    return f"{price.key}, {price.region}, as of {price.as_of.isoformat()}: {price.source}"


def _table(lines: tuple[LineItem, ...], total: Decimal) -> list[str]:
    rows = [("", "quantity", "", "USD each", "USD")]
    rows += [(i.what, _count(i.quantity), i.unit, _plain(i.unit_price_usd), usd(i.cost_usd)) for i in lines]
    rows.append(("Total", "", "", "", usd(total)))
    wide = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        f"  {a:<{wide[0]}}  {b:>{wide[1]}} {c:<{wide[2]}}  {d:>{wide[3]}}  {e:>{wide[4]}}"
        for a, b, c, d, e in rows
    ]


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _count(number: Decimal) -> str:
    text = f"{number:,.6f}".rstrip("0").rstrip(".")
    return text if text != "0" or number == 0 else f"{number:.3g}"
