"""EventBridge Scheduler: schedules that invoke a target with a role. moto keeps what is configured."""

from __future__ import annotations

from collections.abc import Callable

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.sources.scheduler import requests
from labkit.localcloud.sources.scheduler.schedules import Schedules
from labkit.localcloud.sources.targets import Targets
from labkit.localcloud.telemetry.store import Stores


def start(
    targets: Targets, clock: LessonClock, stores: Stores, can_assume: Callable[[str, str], bool]
) -> None:
    """Puts the Scheduler to work. ``can_assume``: whether a role trusts a service."""
    requests.install(Schedules(targets, clock, stores), clock, can_assume)
