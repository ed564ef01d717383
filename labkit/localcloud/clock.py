"""The lesson clock: the one clock that everything in the local cloud waits on, and that a lesson may advance.

It runs with real time; ``advance`` moves it forward and runs, in order, all that falls due on the way.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

Due = Callable[[], Awaitable[None]]
# A delivery that hangs on something later than the clock must not hold the clock up for ever.
SETTLE_S = 10.0
log = logging.getLogger(__name__)


class Appointment:
    """Something that waits; ``cancel`` forgets it."""

    def __init__(self, when: float, due: Due) -> None:
        self.when, self.due, self.cancelled = when, due, False

    def cancel(self) -> None:
        self.cancelled = True


class LessonClock:
    """Seconds since the epoch, as ``now()``; appointments run on the event loop."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._appointments: list[tuple[float, int, Appointment]] = []
        self._number = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def now(self) -> float:
        return time.time() + self._offset_s

    def ahead_s(self) -> float:
        """How far it is before the machine's clock."""
        return self._offset_s

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def call_at(self, when: float, due: Due) -> Appointment:
        """Runs ``due`` at ``when``; at once if that has passed."""
        appointment = Appointment(when, due)
        heapq.heappush(self._appointments, (when, next(self._number), appointment))
        self._arm()
        return appointment

    def call_later(self, delay_s: float, due: Due) -> Appointment:
        return self.call_at(self.now() + delay_s, due)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts a delivery or an attempt now; ``advance`` lets it end before the time moves on."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def advance(self, seconds: float) -> int:
        """Moves the clock; returns how many appointments were kept.

        Each appointment, and what it set in motion, has ended before the next one and before this returns.

        Raises:
            ValueError: time does not run backwards.
        """
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"the clock can only go forward, not by {seconds} s")
        async with self._turn:
            await self._settle()
            target = self.now() + seconds
            count = 0
            while (appointment := self._pop(target)) is not None:
                self._offset_s += max(appointment.when - self.now(), 0.0)
                await self._keep(appointment)
                await self._settle()
                count += 1
            self._offset_s += max(target - self.now(), 0.0)
            self._arm()
            return count

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in self._running:
            task.cancel()

    def _pop(self, until: float) -> Appointment | None:
        while self._appointments and self._appointments[0][0] <= until:
            appointment = heapq.heappop(self._appointments)[2]
            if not appointment.cancelled:
                return appointment
        return None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._appointments:
            delay = max(self._appointments[0][0] - self.now(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        while (appointment := self._pop(self.now())) is not None:
            _ = self.spawn(self._keep(appointment))
        self._arm()

    async def _settle(self) -> None:
        deadline = time.monotonic() + SETTLE_S
        while self._running and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(self._running, timeout=left)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work on the lesson clock failed", exc_info=error)

    async def _keep(self, appointment: Appointment) -> None:
        try:
            await appointment.due()
        except Exception:
            log.exception("something that was due on the lesson clock failed")
