"""Lambda and its rivals for one load: what the break-even widget shows, as numbers. Draws nothing.

Every sum and every crossing comes from ``labkit.pricing``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from labkit import pricing
from labkit.errors import LabError
from labkit.pricing import BreakEven, Server, Workload


@dataclass(frozen=True)
class Rival:
    """Fargate or EC2.

    Attributes:
        server: None when there is no price for one here; ``unknown`` says why.
        crossing: where it begins to cost no more than Lambda; None when that cannot be said.
    """

    name: str
    server: Server | None
    crossing: BreakEven | None
    unknown: str = ""


@dataclass(frozen=True)
class Comparison:
    """A load, and where it could run.

    Attributes:
        cpu_share: the share of a request's duration, 0 to 1, in which its handler computes.
        utilisation, at_least: of a fleet, as in `labkit.pricing.fleet`.
        task: vCPU and GB of a Fargate task; None takes the smallest that has the function's memory.
        instance: an EC2 type; None takes the cheapest that has the function's memory.
    """

    workload: Workload
    region: str
    free_tier: bool = False
    cpu_share: float = 1.0
    utilisation: float = 0.7
    at_least: int = 1
    task: tuple[float, float] | None = None
    instance: str | None = None

    @property
    def requests(self) -> int:
        """Requests a month."""
        return int(self.workload.requests)

    @property
    def cpu_ms(self) -> Decimal:
        """CPU time of a vCPU that a request takes."""
        return pricing.cpu_bound_ms(self.workload) * pricing.exact(self.cpu_share)

    def on_lambda(self, requests: int) -> Decimal:
        """USD a month.

        Raises:
            FactUnknown: a price, or the tier that is reached, is not known for this Region.
        """
        load = replace(self.workload, requests=requests)
        return pricing.month(load, region=self.region, free_tier=self.free_tier).cost_usd

    def on_servers(self, server: Server, requests: int) -> pricing.Fleet:
        """As many of a server as carry so many requests."""
        load = replace(self.workload, requests=requests)
        return pricing.fleet(
            load, server, utilisation=self.utilisation, at_least=self.at_least, cpu_ms=self.cpu_ms
        )

    @cached_property
    def rivals(self) -> tuple[Rival, Rival]:
        """Fargate and EC2, with where they cross Lambda, or why that is not known."""
        return self._rival("Fargate"), self._rival("EC2")

    def _rival(self, name: str) -> Rival:
        server = None
        try:
            server = self._task() if name == "Fargate" else self._instance()
            return Rival(name, server, self._crossing(server))
        except LabError as unknown:
            return Rival(name, server, None, str(unknown))

    def _task(self) -> Server:
        load = self.workload
        if self.task is not None:
            return pricing.fargate(*self.task, architecture=load.architecture, region=self.region)
        return pricing.fitting_task(load.memory_mb, architecture=load.architecture, region=self.region)

    def _instance(self) -> Server:
        if self.instance is not None:
            return pricing.ec2(self.instance, region=self.region)
        return pricing.fitting_instance(
            self.workload.memory_mb, architecture=self.workload.architecture, region=self.region
        )

    def _crossing(self, server: Server) -> BreakEven:
        return pricing.break_even(
            self.workload,
            server,
            region=self.region,
            free_tier=self.free_tier,
            utilisation=self.utilisation,
            at_least=self.at_least,
            cpu_ms=self.cpu_ms,
        )
