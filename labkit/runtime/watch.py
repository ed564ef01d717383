"""Kills a function that uses more memory than it was given, as Lambda does.

An address-space limit would raise a catchable MemoryError, which Lambda never does. So resident memory is
looked at, as often as the room that is left can be filled: rarely when there is plenty, every 2 ms near the
limit, never while nothing runs. A function with a crowd of processes is looked at in a thread and less often,
so that others do not wait for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from labkit.runtime.processes import ProcessTree, peak_bytes, resident_bytes

GROWTH_BYTES_PER_S = 4 << 30  # faster than a process can touch fresh pages on the machines we measured
SHORTEST_S, LONGEST_S = 0.002, 0.05
CROWD = 32  # processes
REST = 10  # times as long as a look took, before the next one


class MemoryWatch:
    """Watches one environment from ``begin`` to ``end``; ``peak`` is the most it saw, in bytes."""

    def __init__(self, tree: ProcessTree, limit_bytes: int, exceeded: Callable[[], None]) -> None:
        self._tree, self._limit, self._exceeded = tree, limit_bytes, exceeded
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0
        self._watching = self._crowded = False
        self._cost_s = 0.0
        self.peak = 0

    def begin(self) -> None:
        """Starts to look; the first look is due when the room left could be full."""
        self._watching = True
        self._schedule()

    def end(self) -> None:
        """Stops looking."""
        self._watching = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def settle(self) -> None:
        """Takes what the kernel remembers of the main processes: peaks between two looks are not lost."""
        self._last = sum(peak_bytes(pid) for pid in self._tree.main)
        self.peak = max(self.peak, self._last)

    def _schedule(self) -> None:
        room_s = (self._limit - self._last) / GROWTH_BYTES_PER_S
        delay = max(min(max(room_s, SHORTEST_S), LONGEST_S), REST * self._cost_s)
        self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._crowded:
            measuring = asyncio.get_running_loop().run_in_executor(None, self._measure)
            measuring.add_done_callback(lambda measured: self._judge(measured.result()))
        else:
            self._judge(self._measure())

    def _measure(self) -> int:
        begin = time.perf_counter()
        pids = self._tree.all()
        self._crowded = len(pids) > CROWD
        resident = resident_bytes(pids)
        self._cost_s = time.perf_counter() - begin
        return resident

    def _judge(self, resident: int) -> None:
        if not self._watching:
            return
        self._last = resident
        self.peak = max(self.peak, self._last)
        if self._last > self._limit:
            self.peak = self._limit
            self._exceeded()
        else:
            self._schedule()
