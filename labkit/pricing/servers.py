"""Machines paid by the hour, busy or not: Fargate tasks and EC2 instances, and how many a load needs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from labkit import facts
from labkit.facts import quota
from labkit.pricing.cost import ZERO, Cost, LineItem, Number, PricingError, exact, line
from labkit.pricing.invocations import Prices
from labkit.pricing.workload import ARCHITECTURES, Workload


@dataclass(frozen=True)
class Server:
    """A Fargate task or an EC2 instance.

    Attributes:
        vcpu: its vCPUs.
        sustained_vcpu: the vCPUs it may use without end: less than ``vcpu`` for burstable instances.
        hour: what one hour of one of them costs, line by line.
    """

    name: str
    architecture: str
    region: str
    vcpu: Decimal
    sustained_vcpu: Decimal
    memory_gb: Decimal
    hour: tuple[LineItem, ...]
    notes: tuple[str, ...] = ()

    def month(self, count: int = 1, *, hours: Number | None = None) -> Cost:
        """``count`` of them for a month of 730 hours, or for the hours given."""
        run = exact(count) * exact(quota("month_hours").value if hours is None else hours)
        lines = tuple(
            LineItem(i.what, i.quantity * run, i.unit, i.unit_price_usd, i.source) for i in self.hour
        )
        return Cost(f"{count:,} x {self.name} for a month, {self.region}", lines, self.notes)


@dataclass(frozen=True)
class Fleet:
    """As many servers as carry a workload on average.

    Attributes:
        count: how many servers.
        busy_vcpu: vCPUs that the workload keeps busy on average over the month.
        requests_per_server: requests a month that one server carries at the assumed utilisation.
    """

    server: Server
    count: int
    busy_vcpu: Decimal
    requests_per_server: int
    cost: Cost


def fargate(
    vcpu: Number,
    memory_gb: Number,
    *,
    architecture: str = "x86_64",
    region: str = "us-east-1",
    prices: Prices = facts.price,
) -> Server:
    """A Linux Fargate task of that size, such as ``fargate(0.25, 0.5)``.

    Raises:
        FactUnknown: a price is not known for this Region and architecture.
        PricingError: a size is not positive, or the architecture is unknown.
    """
    if architecture not in ARCHITECTURES:
        raise PricingError(
            f"architecture={architecture!r}: there are {' and '.join(ARCHITECTURES)}. Choose one."
        )
    if exact(vcpu) <= 0 or exact(memory_gb) <= 0:
        raise PricingError(f"A task of {vcpu} vCPU and {memory_gb} GB cannot run: give sizes above 0.")
    built_for = ARCHITECTURES[architecture]
    hour = (
        line("vCPU", vcpu, "vCPU-hours", prices(region, f"fargate.vcpu.{built_for}")),
        line("Memory", memory_gb, "GB-hours", prices(region, f"fargate.gb.{built_for}")),
    )
    return Server(
        name=f"Fargate {vcpu} vCPU {memory_gb} GB {architecture}",
        architecture=architecture,
        region=region,
        vcpu=exact(vcpu),
        sustained_vcpu=exact(vcpu),
        memory_gb=exact(memory_gb),
        hour=hour,
        notes=("without load balancer, storage above what a task includes, and data transfer",),
    )


def ec2(instance: str, *, region: str = "us-east-1", prices: Prices = facts.price) -> Server:
    """A Linux instance on demand, such as ``ec2("t4g.small")``.

    A burstable (T) instance counts with its baseline: what it may use without end and without surplus
    credits.

    Raises:
        FactUnknown: the type, or its price in this Region, is not known.
    """
    kind = facts.instance(instance)
    price = prices(region, f"ec2.{instance}")
    notes = ["without storage, load balancer and data transfer"]
    if kind.baseline < 1:
        notes.append(f"burstable: {kind.baseline:.0%} of each vCPU without end")
    if price.note:
        notes.append(price.note)
    return Server(
        name=f"EC2 {instance}",
        architecture=kind.architecture,
        region=region,
        vcpu=Decimal(kind.vcpu),
        sustained_vcpu=kind.vcpu * kind.baseline,
        memory_gb=kind.memory_gb,
        hour=(line(instance, 1, "hours", price),),
        notes=tuple(notes),
    )


def fleet(
    workload: Workload,
    server: Server,
    *,
    utilisation: Number = 0.7,
    at_least: int = 1,
    cpu_ms: Number | None = None,
) -> Fleet:
    """How many of a server carry the average load of a workload, and what they cost in a month.

    Args:
        utilisation: how busy a server may be on average, above 0 to 1. An assumption: peaks need the rest.
        at_least: servers to keep in any case; 2 for two Availability Zones.
        cpu_ms: CPU time that a request takes of one vCPU. When not given, the handler is taken to be
            CPU-bound: its duration times the share of a vCPU that its memory buys (memory / 1,769 MB). Give
            less for a handler that mostly waits.

    Raises:
        PricingError: utilisation or ``at_least`` makes no sense.
    """
    requests = exact(workload.requests)
    per_server = requests_per_server(workload, server, utilisation=utilisation, cpu_ms=cpu_ms)
    if at_least < 0:
        raise PricingError(f"at_least={at_least}: give a number that is not negative.")
    needed = int((requests / per_server).to_integral_value(ROUND_CEILING)) if per_server else 0
    count = max(at_least, needed)
    busy = requests * _cpu_ms(workload, cpu_ms) / 1000 / _month_s()
    return Fleet(server, count, busy, per_server, server.month(count))


def requests_per_server(
    workload: Workload, server: Server, *, utilisation: Number = 0.7, cpu_ms: Number | None = None
) -> int:
    """Requests a month that one server carries; 0 means without limit (requests that need no CPU).

    Raises:
        PricingError: utilisation makes no sense, or not even one request fits.
    """
    if not 0 < exact(utilisation) <= 1:
        raise PricingError(f"utilisation={utilisation}: give a share above 0 and up to 1.")
    each_ms = _cpu_ms(workload, cpu_ms)
    if each_ms < 0:
        raise PricingError(f"cpu_ms={cpu_ms}: give a number that is not negative.")
    if each_ms == ZERO:
        return 0
    capacity_ms = server.sustained_vcpu * exact(utilisation) * _month_s() * 1000
    fits = int((capacity_ms / each_ms).to_integral_value(ROUND_FLOOR))
    if fits < 1:
        raise PricingError(
            f"One request of {each_ms:,.0f} ms CPU does not fit into a month of a {server.name}."
        )
    return fits


def cpu_bound_ms(workload: Workload) -> Decimal:
    """CPU time of one vCPU that a request takes when its handler computes all the time.

    Its duration times the share of a vCPU that its memory buys (memory / 1,769 MB).
    """
    return exact(workload.duration_ms) * workload.memory_mb / quota("memory_per_vcpu_mb").value


def _cpu_ms(workload: Workload, cpu_ms: Number | None) -> Decimal:
    return cpu_bound_ms(workload) if cpu_ms is None else exact(cpu_ms)


def _month_s() -> int:
    return quota("month_hours").value * 3600
