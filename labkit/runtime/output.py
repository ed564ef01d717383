"""The log pipe of one environment: bytes that the function writes become log events, in order.

Knows nothing of requests or reports; keeps the last 4 KB for ``LogType=Tail``.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable

from labkit import facts

EVENT_BYTES = 262_118  # CloudWatch Logs: an event is at most 256 KB, 26 bytes of which are its own overhead
TAIL_BYTES = int(facts.quota("log_tail_max_bytes").value)
PIPE_BYTES = 1 << 20
BATCH = 2000


class LogPipe:
    """Reads an environment's stdout and stderr and hands finished events to ``deliver`` in batches."""

    def __init__(self, deliver: Callable[[list[tuple[int, str]]], None], now_ms: Callable[[], int]) -> None:
        self._deliver, self._now_ms = deliver, now_ms
        self._events: list[tuple[int, str]] = []
        self._partial = bytearray()
        self._tail = bytearray()
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # over the user's pipe quota: only means more wake-ups
                fcntl.fcntl(self._reader, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        asyncio.get_running_loop().add_reader(self._reader, self._read)

    def platform(self, line: str | None) -> None:
        """Adds one of the platform's own lines after everything that was written before it."""
        if line is not None:
            self.drain()
            self._flush_partial()
            self._add(line)

    def drain(self) -> None:
        """Takes all that is in the pipe now."""
        while self._read():
            pass

    def flush(self) -> None:
        """Delivers what is complete, at the latest at the end of an invocation."""
        if self._events:
            events, self._events = self._events, []
            self._deliver(events)

    def take_tail(self) -> bytes:
        """The last 4 KB written since the last call."""
        tail, self._tail = bytes(self._tail[-TAIL_BYTES:]), bytearray()
        return tail

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._reader)
        self.drain()
        self._flush_partial()
        self.flush()
        os.close(self._reader)
        self.close_writer()

    def close_writer(self) -> None:
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1

    def _read(self) -> bool:
        try:
            chunk = os.read(self._reader, 1 << 16)
        except BlockingIOError:
            return False
        if not chunk:
            asyncio.get_running_loop().remove_reader(self._reader)
            return False
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            if self._partial:
                line = bytes(self._partial) + line
                self._partial.clear()
            self._add_bytes(line + b"\n")
        self._partial += rest
        if len(self._partial) >= EVENT_BYTES:
            self._flush_partial()
        return True

    def _flush_partial(self) -> None:
        if self._partial:
            line = bytes(self._partial)
            self._partial.clear()
            self._add_bytes(line)

    def _add_bytes(self, line: bytes) -> None:
        for start in range(0, len(line), EVENT_BYTES):
            self._add(line[start : start + EVENT_BYTES].decode("utf-8", "replace"))

    def _add(self, message: str) -> None:
        self._events.append((self._now_ms(), message))
        self._tail += message.encode()
        if len(self._tail) > 4 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]
        if len(self._events) >= BATCH:
            self.flush()
