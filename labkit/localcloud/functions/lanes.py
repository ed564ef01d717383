"""Turns: how many events of one function run at the same time, and how many may wait. Knows no event.

A laptop is no Region: whatever loops or fans out must leave it usable. Short work gains nothing from more
processes than a few for each processor; work that takes its time, mostly waiting, gets more of them.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

AT_ONCE_MIN, AT_ONCE_MAX = max(8, 2 * (os.cpu_count() or 1)), 50
SLOW_S = 0.5  # real time: when nothing has ended for so long, the work is of the kind that waits
WAITING_MAX, WAITING_MAX_BYTES = 10_000, 256 * 1024 * 1024

T = TypeVar("T")
Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


@dataclass
class _Lane(Generic[T]):
    """The events of one function."""

    running: int = 0
    at_once: int = AT_ONCE_MIN
    waiting: deque[tuple[T, int]] = field(default_factory=deque)
    waiting_bytes: int = 0
    ended_at: float = 0.0  # on the event loop's clock
    watched: bool = False


class Lanes(Generic[T]):
    """One lane for each function; ``work`` does what is to be done with an event. Never fails itself."""

    def __init__(self, spawn: Spawn, work: Callable[[T], Awaitable[None]]) -> None:
        self._spawn, self._work = spawn, work
        self._lanes: dict[str, _Lane[T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def full(self, name: str) -> bool:
        """Whether so much waits in a lane that something must be wrong."""
        lane = self._lanes.get(name)
        if lane is None:
            return False
        return len(lane.waiting) >= WAITING_MAX or lane.waiting_bytes >= WAITING_MAX_BYTES

    def enter(self, name: str, event: T, size_bytes: int) -> None:
        """Starts an event, or lets it wait for its turn."""
        lane = self._lanes.setdefault(name, _Lane())
        lane.waiting.append((event, size_bytes))
        lane.waiting_bytes += size_bytes
        self._fill(name, lane)

    async def close(self) -> None:
        """Ends what runs and forgets what waits."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _fill(self, name: str, lane: _Lane[T]) -> None:
        while lane.waiting and lane.running < lane.at_once:
            event, size_bytes = lane.waiting.popleft()
            lane.waiting_bytes -= size_bytes
            lane.running += 1
            task = self._spawn(self._turn(name, lane, event))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if lane.waiting and not lane.watched and lane.at_once < AT_ONCE_MAX:
            lane.watched = True
            asyncio.get_running_loop().call_later(SLOW_S, self._look, name, lane)

    def _look(self, name: str, lane: _Lane[T]) -> None:
        lane.watched = False
        if self._closed:
            return
        if asyncio.get_running_loop().time() - lane.ended_at >= SLOW_S:
            lane.at_once = AT_ONCE_MAX
        self._fill(name, lane)

    async def _turn(self, name: str, lane: _Lane[T], event: T) -> None:
        try:
            await self._work(event)
        finally:
            lane.running -= 1
            lane.ended_at = asyncio.get_running_loop().time()
            if not self._closed:
                self._fill(name, lane)
            if not lane.running and self._lanes.get(name) is lane:
                del self._lanes[name]
