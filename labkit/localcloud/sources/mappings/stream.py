"""The poller of a stream: lanes for its shards, children after their parents."""

from __future__ import annotations

import asyncio

from labkit.localcloud.functions.mapping_state import EventSourceMapping
from labkit.localcloud.sources.mappings.lane import Lane
from labkit.localcloud.sources.mappings.shards import Shard, StreamSource
from labkit.localcloud.sources.mappings.world import SourceGone, World, problem


class StreamPoller:
    """Reads one stream for one mapping. All methods belong to the event loop's thread."""

    def __init__(self, world: World, mapping: EventSourceMapping, source: StreamSource) -> None:
        self._world, self._mapping, self._source = world, mapping, source
        self._starts: dict[str, int] = {}
        self._lanes: dict[str, list[Lane]] = {}
        self._closed: set[str] = set()  # shards that get no new records
        self._later: list[Shard] = []  # shards whose parents are not read out
        self._looking = self._again = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def open(self) -> None:
        """Takes the starting position of every shard that there is; later ones are read from their start."""
        position, timestamp = self._mapping.starting_position, self._mapping.starting_timestamp
        moment = timestamp.timestamp() if timestamp else None

        def starts() -> dict[str, int]:
            return {
                shard.id: self._source.start(shard.id, position or "TRIM_HORIZON", moment)
                for shard in self._source.shards()
            }

        try:
            self._starts = await self._world.moto.run(starts)
        except SourceGone as gone:
            self._mapping.last_result = problem(gone, self._mapping)

    def wake(self) -> None:
        """Something about the stream or the mapping has changed."""
        if self._looking:
            self._again = True
        else:
            self._looking = True
            self._idle.clear()
            _ = self._world.clock.spawn(self._look())

    def retry(self) -> None:
        """The function has changed: what failed may succeed now."""
        for lane in self._all_lanes():
            lane.retry()
        self.wake()

    async def ended(self) -> None:
        """Returns when no batch is under way."""
        await self._idle.wait()
        for lane in self._all_lanes():
            await lane.idle.wait()
            lane.forget()

    async def _look(self) -> None:
        try:
            shards: list[Shard] = await self._world.moto.run(self._source.shards)
            self._close({shard.id for shard in shards if shard.closed})
            self._later = []
            for shard in shards:
                if self._may_begin(shard):
                    self._prepare(shard)
                else:
                    self._later.append(shard)
            for lane in self._all_lanes():
                lane.wake()
        except Exception as trouble:
            self._mapping.last_result = problem(trouble, self._mapping)
        finally:
            self._looking = False
            self._idle.set()
            if self._again:
                self._again = False
                self.wake()

    def _prepare(self, shard: Shard) -> None:
        """The lanes of a shard: as many as the mapping wants, once none of the old ones is at work."""
        count = self._mapping.settings.parallelization
        lanes = self._lanes.get(shard.id, [])
        if len(lanes) == count or not all(lane.idle.is_set() for lane in lanes):
            return
        positions = [lane.position for lane in lanes]
        start = min(positions, default=self._starts.get(shard.id, self._first(shard)))
        for lane in lanes:
            lane.forget()
        self._lanes[shard.id] = [
            Lane(self._world, self._mapping, self._source, shard.id, (number, count), start, self._rested)
            for number in range(count)
        ]

    def _close(self, closed: set[str]) -> None:
        for shard_id in closed - self._closed:
            for lane in self._lanes.get(shard_id, []):
                lane.at_end = False  # it has to look once more, now that nothing can follow
        self._closed = closed

    def _may_begin(self, shard: Shard) -> bool:
        return all(self._read_out(parent) for parent in shard.parents)

    def _first(self, shard: Shard) -> int:
        return self._source.start(shard.id, "TRIM_HORIZON", None)

    def _read_out(self, shard_id: str) -> bool:
        """Whether nothing of a shard is left to do; one that is not there any more has nothing left."""
        lanes = self._lanes.get(shard_id)
        if lanes is None:
            return shard_id not in self._closed
        return shard_id in self._closed and all(lane.finished for lane in lanes)

    def _rested(self) -> None:
        """A lane has nothing to do: the children of its shard may begin, or its lanes be counted anew."""
        count = self._mapping.settings.parallelization
        recount = any(
            len(lanes) != count and all(lane.idle.is_set() for lane in lanes)
            for lanes in self._lanes.values()
        )
        if self._mapping.state == "Enabled" and (recount or any(map(self._may_begin, self._later))):
            self.wake()

    def _all_lanes(self) -> list[Lane]:
        return [lane for lanes in self._lanes.values() for lane in lanes]
