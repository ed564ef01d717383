"""CPU in proportion to memory, as Lambda gives it, by pausing a function that is ahead of its share.

Feedback on CPU time: let it run for a slice, read how much CPU all its processes have used, stop them for as
long as they are ahead of share x elapsed time. Exact, needs no privilege, and works wherever a process can be
stopped. Init is not governed (AWS gives it a boost); nothing is done while no invocation runs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time

import psutil

from labkit import facts
from labkit.runtime import memory

SLICE_S = 0.004  # longer slices overshoot in short invocations, shorter ones cost more than they govern
FREEZE_AFTER_S = 0.02


def share_of(memory_mb: int) -> float:
    """vCPUs that a function of this size gets (AWS: 1,769 MB is one vCPU)."""
    return memory_mb / float(facts.quota("memory_per_vcpu_mb").value)


class CpuGovernor:
    """Holds one environment to its share from ``begin`` to ``end``, and freezes it when it is idle."""

    def __init__(self, keeper_pid: int, memory_mb: int) -> None:
        self._keeper_pid, self.share = keeper_pid, share_of(memory_mb)
        self._needed = self.share < (os.cpu_count() or 1)
        self._timer: asyncio.TimerHandle | None = None
        self._stopped: list[int] = []
        self._started_at = 0.0
        self._cpu_before = 0.0
        self._gone_cpu: dict[int, float] = {}

    def begin(self) -> None:
        """An invocation starts now: thaw, and watch if the share is less than the machine."""
        self._cancel()
        self._resume()
        if self._needed:
            self._gone_cpu = {}
            self._started_at = time.perf_counter()
            self._cpu_before = self._cpu_s()
            self._schedule(SLICE_S, self._look)

    def end(self) -> None:
        """The invocation is over."""
        self._cancel()
        self._resume()

    def idle(self) -> None:
        """Freezes the environment if it stays idle, as Lambda does: nothing runs between invocations."""
        self._schedule(FREEZE_AFTER_S, self._stop)

    def _look(self) -> None:
        elapsed = time.perf_counter() - self._started_at
        ahead = (self._cpu_s() - self._cpu_before) / self.share - elapsed
        if ahead > 0.001:
            self._stop()
            self._schedule(ahead, self._go_on)
        else:
            self._schedule(SLICE_S, self._look)

    def _go_on(self) -> None:
        self._resume()
        self._schedule(SLICE_S, self._look)

    def _stop(self) -> None:
        self._stopped = memory.descendants(self._keeper_pid)
        self._signal(signal.SIGSTOP)

    def _resume(self) -> None:
        if self._stopped:
            self._signal(signal.SIGCONT)
            self._stopped = []

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._stopped:
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue

    def _cpu_s(self) -> float:
        """CPU seconds of all processes, those that have ended since ``begin`` included."""
        for pid in memory.descendants(self._keeper_pid):
            used = cpu_seconds(pid)
            if used is not None:
                self._gone_cpu[pid] = used
        return sum(self._gone_cpu.values())

    def _schedule(self, delay_s: float, action: object) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay_s, action)  # type: ignore[arg-type]

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def cpu_seconds(pid: int) -> float | None:
    """CPU time a process has used, all threads; None when it is gone."""
    if sys.platform == "linux":
        try:
            return time.clock_gettime(((~pid) << 3) | 2)  # the kernel's id of another process's CPU clock
        except OSError:
            return None
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)
