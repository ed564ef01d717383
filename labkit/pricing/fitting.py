"""Which Fargate task and which EC2 instance to compare a function with: the cheapest that hold its memory."""

from __future__ import annotations

from labkit import facts
from labkit.errors import FactUnknown
from labkit.facts import quota
from labkit.pricing.cost import PricingError
from labkit.pricing.invocations import Prices
from labkit.pricing.servers import Server, ec2, fargate

#: Memory that an instance needs besides the function's: an assumption, for the system and its agents.
SYSTEM_MB = 512


def fitting_task(
    memory_mb: int,
    *,
    architecture: str = "x86_64",
    region: str = "us-east-1",
    prices: Prices = facts.price,
) -> Server:
    """The smallest Fargate task that has a function's memory.

    Raises:
        FactUnknown: a price is not known for this Region and architecture.
        PricingError: no task is that large.
    """
    units = quota("fargate_cpu_min_units").value
    while units <= quota("fargate_cpu_max_units").value:
        task_mb = units * quota("fargate_memory_per_vcpu_min_mb").value // 1024
        if task_mb >= memory_mb:
            vcpu, memory_gb = units / 1024, task_mb / 1024
            return fargate(
                _short(vcpu), _short(memory_gb), architecture=architecture, region=region, prices=prices
            )
        units *= 2
    raise PricingError(f"No Fargate task has {memory_mb:,} MB: give less.")


def fitting_instance(
    memory_mb: int,
    *,
    architecture: str = "x86_64",
    region: str = "us-east-1",
    prices: Prices = facts.price,
) -> Server:
    """The cheapest EC2 instance, of those with a known price, that has a function's memory and 512 MB more.

    Raises:
        FactUnknown: no price of such an instance is known for this Region.
    """
    fitting = []
    for kind in facts.instances():
        if kind.architecture == architecture and kind.memory_gb * 1024 >= memory_mb + SYSTEM_MB:
            try:
                fitting.append(ec2(kind.name, region=region, prices=prices))
            except FactUnknown:
                continue
    if not fitting:
        raise FactUnknown(
            f"The price of an EC2 instance ({architecture}) that has room for {memory_mb:,} MB is not known "
            f"for this Region ({region}). Look it up at https://aws.amazon.com/ec2/pricing/on-demand/, or "
            "compare with less memory, the other architecture, or in us-east-1."
        )
    return min(fitting, key=lambda server: server.month().cost_usd)


def _short(number: float) -> int | float:
    """2 instead of 2.0: names of servers are read by people."""
    return int(number) if number == int(number) else number
