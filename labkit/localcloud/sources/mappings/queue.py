"""The poller of a queue: takes batches when there are messages, and only then.

Source: Lambda Developer Guide, "Using Lambda with Amazon SQS" (batching, scaling, error handling). What fails
appears again when the queue's visibility timeout is over; the queue's own redrive policy ends that.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from labkit.localcloud.clock import Appointment
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.limits import quota
from labkit.localcloud.functions.mapping_state import CALL_FAILED, OK, EventSourceMapping, MappingSettings
from labkit.localcloud.sources.mappings import moto_batches, moto_sqs
from labkit.localcloud.sources.mappings.answers import failed_identifiers
from labkit.localcloud.sources.mappings.filters import Lets, lets_through
from labkit.localcloud.sources.mappings.machine import MACHINE_BATCHES
from labkit.localcloud.sources.mappings.world import (
    RETRY_MAX_S,
    RETRY_MIN_S,
    Refused,
    SourceGone,
    World,
    encode,
    event,
    final,
    problem,
)

log = logging.getLogger(__name__)

Record = Mapping[str, Any]


class _Batch:
    """Messages on their way to one invocation. ``until``: when the first of them becomes visible again."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.room_bytes = quota("esm_batch_max_bytes")
        self.until = float("inf")
        self.trace_header: str | None = None

    def add(self, taken: moto_batches.Taken, records: list[Record]) -> None:
        self.records += records
        self.room_bytes -= sum(len(encode(record)) + 1 for record in records)
        self.until = min(self.until, taken.until)
        self.trace_header = self.trace_header or taken.trace_header


class QueuePoller:
    """Reads one queue for one mapping. All methods belong to the event loop's thread."""

    def __init__(self, world: World, mapping: EventSourceMapping) -> None:
        self._world, self._mapping = world, mapping
        self._running = 0
        self._pumping = self._again = False
        self._batch = _Batch()
        self._filter: tuple[MappingSettings, Lets] | None = None
        self._window: Appointment | None = None
        self._look: Appointment | None = None
        self._throttled: dict[_Batch, Appointment] = {}
        self._busy_since: float | None = None
        self._slowed = 1  # failures divide the number of concurrent batches, successes restore it
        self._pause_s = RETRY_MIN_S
        self._idle = asyncio.Event()
        self._idle.set()

    async def open(self) -> None:
        """A queue has no position."""

    def wake(self) -> None:
        """Something about the queue or the mapping has changed."""
        if self._pumping:
            self._again = True
        elif self._mapping.state == "Enabled" or self._batch.records:
            self._pumping = True
            self._idle.clear()
            _ = self._world.clock.spawn(self._pump())

    def retry(self) -> None:
        """The function has changed. What failed is hidden until its visibility timeout is over."""
        self.wake()

    async def ended(self) -> None:
        """Returns when nothing of this mapping is under way. What waits for capacity stays in the queue."""
        for appointment in (self._window, self._look, *self._throttled.values()):
            if appointment is not None:
                appointment.cancel()
        self._running -= len(self._throttled)
        self._throttled.clear()
        self._rest()
        await self._idle.wait()

    async def _pump(self) -> None:
        try:
            while await self._step() or self._again:
                self._again = False
            self._pause_s = RETRY_MIN_S
        except Exception as trouble:
            self._mapping.last_result = problem(trouble, self._mapping)
            if not final(trouble):
                self._look_at(self._world.clock.now() + self._pause_s)
                self._pause_s = min(self._pause_s * 2, RETRY_MAX_S)
        finally:
            self._pumping = False
            self._rest()
        if self._again:  # something happened while it was in trouble
            self._again = False
            self.wake()

    async def _step(self) -> bool:
        """Takes what is there, and starts a batch when one is complete; False when there is no more to do."""
        settings, now = self._mapping.settings, self._world.clock.now()
        window_over = self._window is not None and now >= self._window.when
        if window_over or self._mapping.state != "Enabled":
            self._start_batch()
        if self._mapping.state != "Enabled":
            return False
        if self._running >= self._limit():
            self._busy_since = self._busy_since or now
            return False
        batch = self._batch
        role_arn = self._world.resolve(settings.function_arn).spec.role_arn
        wanted = settings.batch_size - len(batch.records)
        taken = await self._world.moto.run(self._take, role_arn, wanted, batch.room_bytes)
        kept, dropped = self._sort(taken.records)
        batch.add(taken, kept)
        if dropped:
            await self._world.moto.run(self._delete, role_arn, dropped)
        if not taken.more:
            self._busy_since = None
        if taken.next_at is not None:
            self._look_at(taken.next_at)
        full = len(batch.records) >= settings.batch_size or (taken.more and not taken.records)
        if full or not settings.window_s:
            self._start_batch()
        elif batch.records and self._window is None:
            self._window = self._world.clock.call_later(settings.window_s, self._window_over)
        return taken.more or bool(taken.records)

    def _take(self, role_arn: str, wanted: int, room_bytes: int) -> moto_batches.Taken:
        """In a thread of moto's."""
        arn = self._mapping.source_arn
        queue = moto_sqs.find(arn)
        if queue is None:
            raise SourceGone(arn)
        if (refusal := self._world.refused(role_arn, "sqs:ReceiveMessage", arn)) is not None:
            raise Refused(refusal)
        return moto_batches.take(queue, wanted, room_bytes)

    def _delete(self, role_arn: str, handles: list[str]) -> None:
        """In a thread of moto's."""
        arn = self._mapping.source_arn
        if (refusal := self._world.refused(role_arn, "sqs:DeleteMessage", arn)) is not None:
            raise Refused(refusal)
        queue = moto_sqs.find(arn)
        if queue is not None:
            moto_batches.delete(queue, handles)

    def _sort(self, records: list[Record]) -> tuple[list[Record], list[str]]:
        """Records that the filters let through, and the receipt handles of the others."""
        settings = self._mapping.settings
        if self._filter is None or self._filter[0] is not settings:
            self._filter = settings, lets_through("sqs", settings.filters)
        lets = self._filter[1]
        kept: list[Record] = []
        dropped: list[str] = []
        for record in records:
            if lets(record):
                kept.append(record)
            else:
                dropped.append(record["receiptHandle"])
        return kept, dropped

    def _limit(self) -> int:
        """How many batches may run at once: it grows for as long as there is more to do than is done."""
        most = self._mapping.settings.maximum_concurrency or quota("esm_sqs_concurrency_max")
        grown = quota("esm_sqs_start_batches")
        if self._busy_since is not None:
            minutes = (self._world.clock.now() - self._busy_since) / 60
            grown += int(minutes * quota("esm_sqs_growth_per_minute"))
        return max(min(most, grown, MACHINE_BATCHES) // self._slowed, 1)

    async def _window_over(self) -> None:
        self.wake()

    def _start_batch(self) -> None:
        if self._window is not None:
            self._window.cancel()
            self._window = None
        if self._batch.records:
            batch, self._batch = self._batch, _Batch()
            self._running += 1
            self._idle.clear()
            _ = self._world.clock.spawn(self._process(batch, RETRY_MIN_S))

    async def _process(self, batch: _Batch, wait_s: float) -> None:
        self._throttled.pop(batch, None)
        try:
            await self._invoke(batch)
        except ServiceError as error:
            self._slow()
            self._mapping.last_result = problem(error, self._mapping)
            now = self._world.clock.now()
            if error.code == "TooManyRequestsException" and now + wait_s < batch.until:
                again = min(wait_s * 2, RETRY_MAX_S)
                self._throttled[batch] = self._world.clock.call_later(
                    wait_s, lambda: self._process(batch, again)
                )
                return
        except Exception as trouble:
            self._mapping.last_result = problem(trouble, self._mapping)
        self._running -= 1
        self._rest()
        self.wake()

    async def _invoke(self, batch: _Batch) -> None:
        """One invocation; what it has done is deleted, what it has not done appears again by itself."""
        settings = self._mapping.settings
        outcome = await self._world.invoke(
            settings.function_arn, event(batch.records), batch.trace_header, str(uuid.uuid4())
        )
        handles = {record["messageId"]: record["receiptHandle"] for record in batch.records}
        failed = failed_identifiers(outcome, handles, settings.report_failures)
        done = [handle for identifier, handle in handles.items() if identifier not in failed]
        if done:
            role_arn = self._world.resolve(settings.function_arn).spec.role_arn
            await self._world.moto.run(self._delete, role_arn, done)
        if outcome.function_error or len(failed) == len(handles):
            self._slow()
            self._mapping.last_result = CALL_FAILED
        else:
            self._slowed = max(self._slowed // 2, 1)
            self._mapping.last_result = OK

    def _slow(self) -> None:
        self._slowed = min(self._slowed * 2, MACHINE_BATCHES)

    def _look_at(self, when: float) -> None:
        """Comes back at ``when``, or earlier if that was the plan already."""
        if self._look is not None:
            if self._world.clock.now() < self._look.when <= when:
                return
            self._look.cancel()
        self._look = self._world.clock.call_at(when, self._looked)

    async def _looked(self) -> None:
        self._look = None
        self.wake()

    def _rest(self) -> None:
        if not self._pumping and not self._running:
            self._idle.set()
