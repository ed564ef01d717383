"""All pollers of the local cloud: one for each mapping, woken by what happens to its source."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol

from labkit.localcloud import lessons
from labkit.localcloud.functions.mapping_state import EventSource, EventSourceMapping, kind_of
from labkit.localcloud.sources.mappings.shards import StreamSource
from labkit.localcloud.sources.mappings.world import SourceGone, World


class Poller(Protocol):
    """What reads one source for one mapping."""

    async def open(self) -> None:
        """Remembers where to start."""

    def wake(self) -> None:
        """Something about the source or the mapping has changed."""

    def retry(self) -> None:
        """The function has changed: it may be there again, or mended."""

    async def ended(self) -> None:
        """Returns when nothing is under way any more."""


class Pollers:
    """Follows the mappings; see functions.mapping_state.Pollers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._loop = asyncio.get_running_loop()
        self._by_source: dict[str, dict[str, Poller]] = {}
        self._of: dict[str, tuple[EventSourceMapping, Poller]] = {}
        self._lock = threading.Lock()
        self._touched: set[str] = set()

    def touched(self, source_arn: str) -> None:
        """From any thread: something has happened to a source. Costs nothing when nobody reads it."""
        if source_arn not in self._by_source:
            return
        with self._lock:
            told = bool(self._touched)
            self._touched.add(source_arn)
        if not told:
            self._loop.call_soon_threadsafe(self._wake_touched)

    def function_changed(self, function_arn: str) -> None:
        """A function can be invoked, has new code or settings, or is gone."""
        for mapping, poller in list(self._of.values()):
            arn = mapping.settings.function_arn
            if arn == function_arn or arn.startswith(f"{function_arn}:"):
                poller.retry()

    async def find(self, source_arn: str) -> EventSource | None:
        """The source as it is now; None when there is none."""
        found: EventSource | None = await self._world.moto.run(_find, source_arn)
        return found

    async def open(self, mapping: EventSourceMapping) -> None:
        """A new mapping; its source was found."""
        poller = _poller(self._world, mapping)
        await poller.open()
        self._of[mapping.uuid] = mapping, poller
        self._by_source.setdefault(mapping.source_arn, {})[mapping.uuid] = poller

    def follow(self, mapping: EventSourceMapping) -> None:
        """State or settings have changed."""
        if mapping.uuid in self._of:
            self._of[mapping.uuid][1].wake()

    def close(self, mapping: EventSourceMapping, ended: Callable[[], None]) -> None:
        """The mapping is deleted: forgets it when its last batch has ended."""

        async def end() -> None:
            await self._of[mapping.uuid][1].ended()
            del self._of[mapping.uuid]
            del self._by_source[mapping.source_arn][mapping.uuid]
            if not self._by_source[mapping.source_arn]:
                del self._by_source[mapping.source_arn]
            ended()

        _ = self._world.clock.spawn(end())

    def _wake_touched(self) -> None:
        with self._lock:
            touched, self._touched = self._touched, set()
        for source_arn in touched:
            for poller in list(self._by_source.get(source_arn, {}).values()):
                poller.wake()


# The readers of sources are loaded with the service that keeps the source: when it is first looked for.


def _find(source_arn: str) -> EventSource | None:
    lessons.learned(kind_of(source_arn))
    if kind_of(source_arn) == "sqs":
        from labkit.localcloud.sources.mappings import moto_sqs

        queue = moto_sqs.find(source_arn)
        return None if queue is None else EventSource(int(queue.visibility_timeout))  # type: ignore[attr-defined]
    try:
        _stream(source_arn).shards()
    except SourceGone:
        return None
    return EventSource()


def _poller(world: World, mapping: EventSourceMapping) -> Poller:
    if mapping.kind == "sqs":
        from labkit.localcloud.sources.mappings.queue import QueuePoller

        return QueuePoller(world, mapping)
    from labkit.localcloud.sources.mappings.stream import StreamPoller

    return StreamPoller(world, mapping, _stream(mapping.source_arn))


def _stream(source_arn: str) -> StreamSource:
    if kind_of(source_arn) == "dynamodb":
        from labkit.localcloud.sources.mappings.moto_dynamodb import DynamoDbStream

        return DynamoDbStream(source_arn)
    from labkit.localcloud.sources.mappings.moto_kinesis import KinesisStream

    return KinesisStream(source_arn)
