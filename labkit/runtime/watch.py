"""Kills a function that uses more memory than it was given, as Lambda does.

An address-space limit would raise a catchable MemoryError, which Lambda never does. So resident memory is
looked at, as often as the room that is left can be filled: rarely when there is plenty, every 2 ms near the
limit, never while nothing runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from labkit.runtime.processes import ProcessTree, peak_bytes, resident_bytes

GROWTH_BYTES_PER_S = 4 << 30  # faster than a process can touch fresh pages on the machines we measured
SHORTEST_S, LONGEST_S = 0.002, 0.05


class MemoryWatch:
    """Watches one environment from ``begin`` to ``end``; ``peak`` is the most it saw, in bytes."""

    def __init__(self, tree: ProcessTree, limit_bytes: int, exceeded: Callable[[], None]) -> None:
        self._tree, self._limit, self._exceeded = tree, limit_bytes, exceeded
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0
        self.peak = 0

    def begin(self) -> None:
        """Starts to look; the first look is due when the room left could be full."""
        self._schedule()

    def end(self) -> None:
        """Stops looking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def settle(self) -> None:
        """Takes what the kernel remembers of the main processes: peaks between two looks are not lost."""
        self._last = sum(peak_bytes(pid) for pid in self._tree.main)
        self.peak = max(self.peak, self._last)

    def _schedule(self) -> None:
        room_s = (self._limit - self._last) / GROWTH_BYTES_PER_S
        delay = min(max(room_s, SHORTEST_S), LONGEST_S)
        self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        self._last = resident_bytes(self._tree.all())
        self.peak = max(self.peak, self._last)
        if self._last > self._limit:
            self.peak = self._limit
            self._timer = None
            self._exceeded()
        else:
            self._schedule()
