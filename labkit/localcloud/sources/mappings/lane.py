"""One line of batches in order: a shard of a stream, or one of the parts that it is processed in.

Source: Lambda Developer Guide, "Using Lambda with Kinesis" and "with DynamoDB" (batching, error handling,
partial batch responses). A batch that fails holds up what follows until it is done or given up.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from labkit.localcloud.clock import Appointment
from labkit.localcloud.functions.limits import quota
from labkit.localcloud.functions.mapping_state import CALL_FAILED, OK, EventSourceMapping, MappingSettings
from labkit.localcloud.sources.mappings.answers import failed_identifiers
from labkit.localcloud.sources.mappings.filters import Lets, lets_through
from labkit.localcloud.sources.mappings.given_up import Condition, GivenUp
from labkit.localcloud.sources.mappings.shards import StreamRecord, StreamSource
from labkit.localcloud.sources.mappings.world import (
    RETRY_MAX_S,
    RETRY_MIN_S,
    Refused,
    World,
    event,
    final,
    problem,
)
from labkit.runtime.spec import Outcome

# AWS retries a failed batch at once and then backs off; it names no figures.
BATCH_RETRY_MIN_S, BATCH_RETRY_MAX_S = 0.1, 300.0


@dataclass(frozen=True)
class Part:
    """Records that go to the function together; ``invokes``: how often they did so in vain."""

    records: tuple[StreamRecord, ...]
    invokes: int = 0

    @property
    def middle(self) -> int:
        return (len(self.records) + 1) // 2


class Lane:
    """Reads its share of a shard for one mapping. All methods belong to the event loop's thread."""

    def __init__(
        self,
        world: World,
        mapping: EventSourceMapping,
        source: StreamSource,
        shard_id: str,
        share: tuple[int, int],
        position: int,
        rested: Callable[[], None],
    ) -> None:
        """``share`` is number and count of the lanes of this shard; ``rested`` is told when there is no more.

        ``position``: the sequence number of the last record that is done with.
        """
        self._world, self._mapping, self._source, self._shard_id = world, mapping, source, shard_id
        self._share, self.position, self._rested = share, position, rested
        self._seen = position  # how far records were read
        self._gathered: list[StreamRecord] = []
        self._gathered_bytes = 0
        self._window_end: float | None = None
        self._parts: list[Part] = []
        self._filter: tuple[MappingSettings, Lets] | None = None
        self._waiting: Appointment | None = None
        self._pumping = self._again = False
        self._pause_s = RETRY_MIN_S
        self.at_end = False
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def finished(self) -> bool:
        """Whether everything that there was is done with."""
        return self.at_end and self.idle.is_set() and not self._parts and not self._gathered

    def wake(self) -> None:
        """There may be something to read, or the mapping has changed."""
        if self._pumping:
            self._again = True
        elif self._waiting is None or self._mapping.state != "Enabled" or not self._parts:
            self._start()

    def retry(self) -> None:
        """Tries now what waits for its next attempt."""
        if not self._pumping:
            self._cancel_wait()
            self._start()

    def forget(self) -> None:
        """Drops what was read and is not done; it is read again from ``position``."""
        self._cancel_wait()
        self._parts.clear()
        self._gathered, self._gathered_bytes, self._window_end = [], 0, None
        self._seen = self.position

    def _start(self) -> None:
        self._pumping = True
        self.idle.clear()
        _ = self._world.clock.spawn(self._pump())

    async def _pump(self) -> None:
        try:
            while self._mapping.state == "Enabled" and (await self._step() or self._again):
                self._again = False
            if self._mapping.state != "Enabled":
                self.forget()
            self._pause_s = RETRY_MIN_S
        except Exception as trouble:
            self._mapping.last_result = problem(trouble, self._mapping)
            if not final(trouble):
                self._wait(self._pause_s)
                self._pause_s = min(self._pause_s * 2, RETRY_MAX_S)
        finally:
            self._pumping = False
            self.idle.set()
            self._rested()
        if self._again:  # something happened while it was in trouble
            self._again = False
            self.wake()

    async def _step(self) -> bool:
        """Gathers a batch or tries one; False when there is nothing to do before something happens."""
        if self._parts and self._waiting is not None:
            return False  # new records do not cut the pause short
        if not self._parts:
            if not await self._gather():
                return False
            self._parts.append(Part(tuple(self._gathered)))
            self._gathered, self._gathered_bytes, self._window_end = [], 0, None
            self._cancel_wait()
        return await self._give_up_old() or await self._try()

    async def _gather(self) -> bool:
        """Reads until a batch is complete; False when it is not, yet."""
        settings = self._mapping.settings
        role_arn = self._world.resolve(settings.function_arn).spec.role_arn
        while len(self._gathered) < settings.batch_size:
            wanted = settings.batch_size - len(self._gathered)
            records = await self._world.moto.run(self._read, role_arn, wanted)
            self.at_end = len(records) < wanted
            for record in records:
                if self._mine(record) and self._lets(record):
                    room = quota("esm_batch_max_bytes") - self._gathered_bytes
                    if self._gathered and record.size_bytes > room:
                        return True
                    self._gathered.append(record)
                    self._gathered_bytes += record.size_bytes + 1
                self._seen = record.sequence
            if not self._gathered:
                self.position = self._seen
            if self.at_end:
                break
        if not self._gathered:
            return False
        now = self._world.clock.now()
        if len(self._gathered) >= settings.batch_size or not settings.window_s:
            return True
        self._window_end = self._window_end or now + settings.window_s
        if now >= self._window_end:
            return True
        if self._waiting is None:
            self._wait(self._window_end - now)
        return False

    def _read(self, role_arn: str, count: int) -> list[StreamRecord]:
        """In a thread of moto's."""
        records = self._source.read(self._shard_id, self._seen, count, role_arn)
        refusal = self._world.refused(role_arn, self._source.action, self._mapping.source_arn)
        if refusal is not None:
            raise Refused(refusal)
        return records

    def _mine(self, record: StreamRecord) -> bool:
        number, count = self._share
        return count == 1 or crc32(record.key.encode()) % count == number

    def _lets(self, record: StreamRecord) -> bool:
        settings = self._mapping.settings
        if self._filter is None or self._filter[0] is not settings:
            self._filter = settings, lets_through(self._mapping.kind, settings.filters)
        return self._filter[1](record.event)

    async def _try(self) -> bool:
        """One invocation with the next part. False when the lane has to wait before the next one."""
        part, settings = self._parts[0], self._mapping.settings
        age_s = self._world.clock.now() - part.records[-1].arrived
        self._world.metrics.iterator_age(self._world.resolve(settings.function_arn), age_s)
        request_id = str(uuid.uuid4())
        payload = event([record.event for record in part.records])
        outcome = await self._world.invoke(settings.function_arn, payload, None, request_id)
        places = {str(record.sequence): place for place, record in enumerate(part.records)}
        failed = failed_identifiers(outcome, places, settings.report_failures)
        if not failed:
            self._mapping.last_result = OK
            self._done(len(part.records))
            return True
        self._mapping.last_result = CALL_FAILED
        first = min(places[identifier] for identifier in failed)
        return await self._after_failure(part, first, outcome, request_id)

    async def _after_failure(self, part: Part, first: int, outcome: Outcome, request_id: str) -> bool:
        """The records from ``first`` on come again: halved, or after a pause; or they are given up."""
        settings = self._mapping.settings
        if settings.bisect and len(part.records) > 1:  # this uses up no retries
            if first:
                self._done(first)
            else:
                halves = part.records[: part.middle], part.records[part.middle :]
                self._parts[0:1] = [Part(half, part.invokes) for half in halves]
            return True
        invokes = 1 if first else part.invokes + 1
        rest = Part(part.records[first:], invokes)
        if 0 <= settings.maximum_retries < invokes:
            await self._give_up(rest, "RetryAttemptsExhausted", request_id, outcome)
            self._done(len(part.records))
            return True
        self._done(first)
        self._parts[0] = rest
        pause_s = min(BATCH_RETRY_MIN_S * 2 ** min(invokes - 1, 20), BATCH_RETRY_MAX_S)
        expires_s = rest.records[0].arrived + self._age_limit_s() - self._world.clock.now()
        self._wait(min(pause_s, max(expires_s, 0.0) + BATCH_RETRY_MIN_S))
        return False

    async def _give_up_old(self) -> bool:
        """Gives up records that are older than mapping or stream allow; True if there were any."""
        part, oldest = self._parts[0], self._world.clock.now() - self._age_limit_s()
        old = tuple(record for record in part.records if record.arrived < oldest)
        if old:
            await self._give_up(Part(old, part.invokes), "RecordAgeExceeded")
            self._done(len(old))
        return bool(old)

    def _age_limit_s(self) -> float:
        kept_s, limit_s = self._source.retention_s(), self._mapping.settings.maximum_age_s
        return kept_s if limit_s < 0 else min(limit_s, kept_s)

    async def _give_up(
        self, part: Part, condition: Condition, request_id: str | None = None, outcome: Outcome | None = None
    ) -> None:
        """Tells the destination, if there is one."""
        target = self._mapping.settings.on_failure_arn
        if not target:
            return
        resolved = self._world.resolve(self._mapping.settings.function_arn)
        record = GivenUp(
            self._mapping,
            self._shard_id,
            part.records,
            condition,
            part.invokes,
            request_id,
            outcome,
            resolved.executed_version,
        )
        now_ms = self._world.clock.now_ms()
        await self._world.deliver(resolved.spec, target, record.body(now_ms, target), record.key(now_ms))

    def _done(self, count: int) -> None:
        """Moves on behind the first records of the next part."""
        part = self._parts[0]
        if count:
            self.position = part.records[count - 1].sequence
        if count < len(part.records):
            self._parts[0] = Part(part.records[count:], part.invokes)
            return
        del self._parts[0]
        if not self._parts:
            self.position = self._seen

    def _wait(self, seconds: float) -> None:
        self._cancel_wait()
        self._waiting = self._world.clock.call_later(seconds, self._waited)

    async def _waited(self) -> None:
        self._waiting = None
        self.wake()

    def _cancel_wait(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
