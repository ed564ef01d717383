"""EventBridge: buses, rules on patterns and schedules, targets, archives. moto keeps what is configured."""

from __future__ import annotations

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.sources.eventbridge import archives, rules
from labkit.localcloud.sources.eventbridge.bus import EventBridge
from labkit.localcloud.sources.eventbridge.kinds import Kinds
from labkit.localcloud.sources.eventbridge.schedules import ScheduledRules
from labkit.localcloud.sources.targets import Targets
from labkit.localcloud.telemetry.store import Stores


def start(targets: Targets, moto: MotoHost, clock: LessonClock, stores: Stores) -> EventBridge:
    """Puts EventBridge to work; other sources publish their own events with what is returned."""
    bridge = EventBridge(targets, clock, stores)
    Kinds(targets, moto, clock, bridge.publish)
    rules.install(bridge, ScheduledRules(bridge, clock, targets.loop), clock)
    archives.install(bridge.publish, clock.now)
    return bridge
