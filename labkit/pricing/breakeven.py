"""Where Lambda and a fleet of servers cost the same: the requests a month at which the lines cross."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from labkit import facts
from labkit.facts import quota
from labkit.pricing.cost import Cost, Number, usd
from labkit.pricing.invocations import Prices
from labkit.pricing.monthly import month
from labkit.pricing.servers import Server, fleet, requests_per_server
from labkit.pricing.workload import Workload

#: Fleets beyond this size are not looked at: both lines are straight by then, and will not cross.
MOST_SERVERS = 1000
_UNBOUNDED = 10**12  # requests a month; more than any account makes


@dataclass(frozen=True, repr=False)
class BreakEven:
    """The first number of requests a month at which servers cost no more than Lambda.

    Attributes:
        requests: that number; None when Lambda stays cheaper up to the largest fleet looked at.
        servers: size of the fleet there.
        lambda_cost, server_cost: both bills at that number, or at the end of what was looked at.
    """

    requests: int | None
    servers: int
    server: Server
    lambda_cost: Cost
    server_cost: Cost

    @property
    def requests_per_s(self) -> Decimal | None:
        """The same as an average rate over a month of 730 hours."""
        return None if self.requests is None else Decimal(self.requests) / (quota("month_hours").value * 3600)

    def text(self) -> str:
        """One sentence."""
        server = f"{self.servers:,} x {self.server.name}"
        if self.requests is None:
            return f"Lambda stays cheaper than {self.server.name} up to a fleet of {server}."
        return (
            f"From {self.requests:,} requests a month ({self.requests_per_s:,.2f} per second on average) "
            f"{server} cost no more than Lambda: {usd(self.server_cost.cost_usd)} against "
            f"{usd(self.lambda_cost.cost_usd)} USD a month."
        )

    def __repr__(self) -> str:
        return f"<BreakEven: {self.text()}>"


def break_even(
    workload: Workload,
    server: Server,
    *,
    region: str | None = None,
    free_tier: bool = False,
    utilisation: Number = 0.7,
    at_least: int = 1,
    cpu_ms: Number | None = None,
    prices: Prices = facts.price,
) -> BreakEven:
    """The first request count at which a fleet that carries the load costs no more than Lambda. Exact.

    The fleet grows with the load, so its cost is a staircase; the crossing is looked for stair by stair.

    Args:
        workload: what one request is; its ``requests`` are not looked at.
        server: from `fargate` or `ec2`.
        region: of Lambda; the server's Region unless given.
        utilisation, at_least, cpu_ms: as for `fleet`.

    Raises:
        FactUnknown: a price, or a tier that is reached, is not known for this Region.
        PricingError: an argument makes no sense.
    """
    where = server.region if region is None else region

    def on_lambda(requests: int) -> Cost:
        return month(replace(workload, requests=requests), region=where, free_tier=free_tier, prices=prices)

    def on_servers(requests: int) -> Cost:
        load = replace(workload, requests=requests)
        return fleet(load, server, utilisation=utilisation, at_least=at_least, cpu_ms=cpu_ms).cost

    def dearer(requests: int, bill_usd: Decimal) -> bool:
        return on_lambda(requests).cost_usd >= bill_usd

    per_server = requests_per_server(workload, server, utilisation=utilisation, cpu_ms=cpu_ms)
    fewest = max(at_least, 1)
    for count in range(fewest, max(fewest, MOST_SERVERS) + 1):
        top = count * per_server if per_server else _UNBOUNDED
        bill = on_servers(top)
        if dearer(top, bill.cost_usd):
            bottom = 0 if count == fewest else top - per_server + 1
            requests = _first(partial(dearer, bill_usd=bill.cost_usd), bottom, top)
            return BreakEven(requests, count, server, on_lambda(requests), bill)
        if not per_server:
            break
    return BreakEven(None, count, server, on_lambda(top), bill)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The smallest number between low and high for which a condition holds that stays true from there on."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
