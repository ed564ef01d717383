"""CloudWatch alarms, evaluated on the lesson clock, and what they do. moto keeps what is configured."""

from __future__ import annotations

from collections.abc import Callable

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.sources.alarms import requests
from labkit.localcloud.sources.alarms.alarms import Alarms
from labkit.localcloud.sources.eventbridge.events import Event
from labkit.localcloud.sources.targets import Targets
from labkit.localcloud.telemetry.store import Stores


def start(targets: Targets, clock: LessonClock, stores: Stores, publish: Callable[[Event], None]) -> Alarms:
    """Puts alarms to work; other sources add kinds of actions to what is returned."""
    alarms = Alarms(targets, clock, stores, publish)
    requests.install(alarms)
    return alarms
