"""Archives keep the events of a bus; a replay sends them again, with its name in the envelope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from moto.events.exceptions import ResourceAlreadyExistsException
from moto.events.models import Archive, EventsBackend, Replay, ReplayState, events_backends

from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.eventbridge.events import Event

DAY_S = 86400


def keep(event: Event) -> None:
    """Puts an event into the archives that want it. What a replay sends is not kept again."""
    if event.replay is not None:
        return
    backend: EventsBackend = events_backends[ACCOUNT_ID][event.region]
    envelope: Any = event.envelope()
    for archive in list(backend.archives.values()):
        if archive.event_bus_name == event.bus and archive.event_pattern.matches_event(envelope):
            archive.events.append(event)  # type: ignore[arg-type]


def install(publish: Callable[[Event, tuple[str, ...] | None], None], now: Callable[[], float]) -> None:
    """Replaces moto's methods, once for the process.

    Args:
        publish: puts an event on its bus, for all rules or only those with these ARNs.
    """

    def replay_events(self: Replay, archive: Archive) -> None:
        begin, end = float(self.event_start_time), float(self.event_end_time)
        oldest = now() - int(archive.retention) * DAY_S if archive.retention else 0.0
        only = tuple(self.destination.get("FilterArns") or ()) or None
        self.state = ReplayState.RUNNING
        kept: list[Event] = list(archive.events)  # type: ignore[arg-type]
        for event in kept:
            if max(begin, oldest) <= event.time_s < end:
                publish(replace(event, replay=self.name), only)
        self.state, self.end_time = ReplayState.COMPLETED, now()

    EventsBackend.create_archive = _create_archive  # type: ignore[method-assign]
    Replay.replay_events = replay_events  # type: ignore[method-assign]


def _create_archive(
    self: EventsBackend, name: str, source_arn: str, description: str, event_pattern: str, retention: str
) -> Archive:
    """moto's own makes a rule whose target is no target."""
    self._get_event_bus(source_arn)
    if name in self.archives:
        raise ResourceAlreadyExistsException(f"Archive {name} already exists.")
    make: Any = Archive  # mypy takes moto's class for an abstract one
    self.archives[name] = made = make(
        self.account_id, self.region_name, name, source_arn, description, event_pattern, retention
    )
    return made  # type: ignore[no-any-return]
