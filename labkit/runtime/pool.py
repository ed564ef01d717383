"""A pool of environments that stand ready for one version: provisioned concurrency. Starts and ends none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from labkit.runtime.environment import ExecutionEnvironment, State
from labkit.runtime.spec import FunctionSpec


@dataclass(eq=False)
class Pool:
    """What is wanted, and what there is of it. A setting that changes makes a new pool.

    Attributes:
        progress: is told how many are ready, each time that it changes.
        filling: somebody starts what is missing.
    """

    spec: FunctionSpec
    count: int
    progress: Callable[[int], None]
    environments: set[ExecutionEnvironment] = field(default_factory=set)
    filling: bool = False

    @property
    def full(self) -> bool:
        return len(self.environments) >= self.count

    def takes(self, environment: ExecutionEnvironment) -> bool:
        """Whether it belongs here and there is room for it."""
        return not self.full and self._fits(environment)

    def add(self, environment: ExecutionEnvironment) -> None:
        self.environments.add(environment)
        self.progress(len(self.environments))

    def lose(self, environment: ExecutionEnvironment) -> None:
        self.environments.discard(environment)
        self.progress(len(self.environments))

    def ready(self, spec: FunctionSpec) -> ExecutionEnvironment | None:
        """One that takes an invocation of this version now."""
        for environment in self.environments:
            idle = environment.state in (State.IDLE, State.FAILED)
            if idle and (environment.spec.key, environment.spec.revision) == (spec.key, spec.revision):
                return environment
        return None

    def _fits(self, environment: ExecutionEnvironment) -> bool:
        spec = environment.spec
        return (spec.key, spec.revision) == (self.spec.key, self.spec.revision)
