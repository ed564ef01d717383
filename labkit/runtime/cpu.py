"""CPU in proportion to memory, as Lambda gives it, by pausing a function that is ahead of its share.

Feedback on CPU time: let it run for a slice, read how much CPU all its processes have used, stop them for as
long as they are ahead of share x elapsed time. Exact, needs no privilege, and works wherever a process can be
stopped. Init is not governed (AWS gives it a boost); nothing is done while no invocation runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable

from labkit import facts
from labkit.runtime.processes import ProcessTree, cpu_seconds

SLICE_S = 0.004  # longer slices overshoot in short invocations, shorter ones cost more than they govern
SHORTEST_STOP_S = 0.001
FREEZE_AFTER_S = 0.02
REST = 10  # times as long as a look took, before the next one: crowds of processes take long to look at


def share_of(memory_mb: int) -> float:
    """vCPUs that a function of this size gets (AWS: 1,769 MB is one vCPU)."""
    return memory_mb / float(facts.quota("memory_per_vcpu_mb").value)


class CpuGovernor:
    """Holds one environment to its share from ``begin`` to ``end``, and freezes it when it is idle."""

    def __init__(self, tree: ProcessTree, memory_mb: int) -> None:
        self._tree, self.share = tree, share_of(memory_mb)
        self._cores = os.cpu_count() or 1
        self._needed = self.share < self._cores
        self._timer: asyncio.TimerHandle | None = None
        self._stopped: list[int] = []
        self._started_at = 0.0
        self._before: dict[int, float] = {}
        self._now: dict[int, float] = {}

    def begin(self) -> None:
        """An invocation starts now: thaw, and watch if the share is less than the machine."""
        self._cancel()
        self._resume()
        if self._needed:
            # What else there is has not run since it was last seen, so its reading then still holds.
            main = {pid: cpu_seconds(pid) or 0.0 for pid in self._tree.main}
            self._before, self._now = {**self._now, **main}, {}
            self._started_at = time.perf_counter()
            self._schedule(SLICE_S, self._look)

    def end(self) -> None:
        """The invocation is over."""
        self._cancel()
        self._resume()

    def idle(self) -> None:
        """Freezes the environment if it stays idle, as Lambda does: nothing runs between invocations."""
        self._schedule(FREEZE_AFTER_S, self._stop)

    def _look(self) -> None:
        begin = time.perf_counter()
        used_s = self._used_s()
        rest_s = REST * (time.perf_counter() - begin)
        ahead = used_s / self.share - (begin - self._started_at)
        if ahead > SHORTEST_STOP_S:
            self._stop()
            self._schedule(ahead, self._go_on)
        else:
            self._schedule(max(SLICE_S, rest_s, self._soonest_s(ahead)), self._look)

    def _soonest_s(self, ahead: float) -> float:
        """How long it takes all cores of the machine to bring it ahead: what waits is seldom looked at."""
        return (SHORTEST_STOP_S - ahead) / (self._cores / self.share - 1)

    def _go_on(self) -> None:
        self._resume()
        self._schedule(SLICE_S, self._look)

    def _stop(self) -> None:
        self._stopped = self._tree.all()
        self._signal(signal.SIGSTOP)

    def _resume(self) -> None:
        if self._stopped:
            self._signal(signal.SIGCONT)
            self._stopped = []

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._stopped:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def _used_s(self) -> float:
        """CPU seconds of all processes since ``begin``, those that have ended meanwhile included."""
        for pid in self._tree.all():
            used = cpu_seconds(pid)
            if used is not None:
                self._now[pid] = used
        return sum(used - self._before.get(pid, 0.0) for pid, used in self._now.items())

    def _schedule(self, delay_s: float, action: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay_s, action)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
