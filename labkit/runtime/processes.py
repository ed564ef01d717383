"""The processes of one environment: which they are, how much memory and CPU they use. Decides nothing."""

from __future__ import annotations

import os
import sys
import time

import psutil

PAGE = os.sysconf("SC_PAGE_SIZE")


class ProcessTree:
    """What lives below an environment's keeper. Runtime and extensions are found once for each start."""

    def __init__(self, keeper_pid: int) -> None:
        self._keeper_pid = keeper_pid
        self._main: list[int] = []

    def restarted(self) -> None:
        """Other processes are or will be there."""
        self._main = []

    @property
    def main(self) -> list[int]:
        """The runtime process and the extensions; none while none is there."""
        if not self._main:
            self._main = _children(self._keeper_pid)
        return self._main

    def all(self) -> list[int]:
        """The runtime process, the extensions, and everything they started."""
        return descendants(self._keeper_pid)


def descendants(keeper_pid: int) -> list[int]:
    """Process ids below the keeper, which itself is not the function's."""
    found: list[int] = []
    waiting = [keeper_pid]
    while waiting:
        for child in _children(waiting.pop()):
            found.append(child)
            waiting.append(child)
    return found


def _children(pid: int) -> list[int]:
    if sys.platform != "linux":
        try:
            return [child.pid for child in psutil.Process(pid).children()]
        except psutil.Error:
            return []
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    children: list[int] = []
    for task in tasks:
        try:
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                children += map(int, file.read().split())
        except OSError:
            continue
    return children


def resident_bytes(pids: list[int]) -> int:
    """Resident memory of the processes together; pages that a fork shares are counted once."""
    if len(pids) > 1:
        return sum(_proportional(pid) for pid in pids)
    return sum(_resident(pid) for pid in pids)


def _resident(pid: int) -> int:
    if sys.platform != "linux":
        return _psutil_resident(pid)
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return _resident(pid)


def peak_bytes(pid: int) -> int:
    """The most that one process ever had resident, as the kernel remembers it; 0 where it does not."""
    if sys.platform != "linux":
        return _psutil_resident(pid)
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            text = file.read()
    except OSError:
        return 0
    start = text.find(b"VmHWM:")
    return int(text[start + 6 : text.index(b"kB", start)]) << 10 if start >= 0 else 0


def _psutil_resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


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
