"""The log pipes of one environment: bytes that its processes write become log events, in order.

Knows nothing of requests or reports; keeps the last 4 KB for ``LogType=Tail``.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from labkit import facts

EVENT_BYTES = 262_118  # CloudWatch Logs: an event is at most 256 KB, 26 bytes of which are its own overhead
TAIL_BYTES = int(facts.quota("log_tail_max_bytes").value)
PIPE_BYTES = 1 << 20
BATCH = 2000


@dataclass(eq=False)
class Source:
    """One pipe. ``kind``: function or extension, as telemetry has it."""

    kind: str
    reader: int
    writer: int
    partial: bytearray = field(default_factory=bytearray)


class LogPipe:
    """Reads what an environment's processes write and hands finished events to ``deliver`` in batches.

    ``listener``, while set, gets kind, time and text of each line of the processes, the platform's excepted.
    """

    def __init__(
        self,
        deliver: Callable[[list[tuple[int, str]]], None],
        now_ms: Callable[[], int],
        kinds: tuple[str, ...] = ("function",),
    ) -> None:
        self._deliver, self._now_ms = deliver, now_ms
        self._events: list[tuple[int, str]] = []
        self._tail = bytearray()
        self.listener: Callable[[str, int, str], None] | None = None
        self._sources = [_source(kind) for kind in kinds]
        for source in self._sources:
            asyncio.get_running_loop().add_reader(source.reader, self._read, source)

    @property
    def writers(self) -> list[int]:
        """The writing ends, for the processes."""
        return [source.writer for source in self._sources]

    def platform(self, line: str | None) -> None:
        """Adds one of the platform's own lines after everything that was written before it."""
        if line is not None:
            self.drain()
            self._flush_partial()
            self._add(line)

    def drain(self) -> None:
        """Takes all that is in the pipes now."""
        for source in self._sources:
            while self._read(source):
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
        for source in self._sources:
            asyncio.get_running_loop().remove_reader(source.reader)
        self.drain()
        self._flush_partial()
        self.flush()
        self.close_writers()
        for source in self._sources:
            os.close(source.reader)

    def close_writers(self) -> None:
        for source in self._sources:
            if source.writer >= 0:
                os.close(source.writer)
                source.writer = -1

    def _read(self, source: Source) -> bool:
        try:
            chunk = os.read(source.reader, 1 << 16)
        except BlockingIOError:
            return False
        if not chunk:
            asyncio.get_running_loop().remove_reader(source.reader)
            return False
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            if source.partial:
                line = bytes(source.partial) + line
                source.partial.clear()
            self._add_bytes(source, line + b"\n")
        source.partial += rest
        if len(source.partial) >= EVENT_BYTES:
            self._flush_partial()
        return True

    def _flush_partial(self) -> None:
        for source in self._sources:
            if source.partial:
                line = bytes(source.partial)
                source.partial.clear()
                self._add_bytes(source, line)

    def _add_bytes(self, source: Source, line: bytes) -> None:
        for start in range(0, len(line), EVENT_BYTES):
            message = line[start : start + EVENT_BYTES].decode("utf-8", "replace")
            now_ms = self._add(message)
            if self.listener is not None:
                self.listener(source.kind, now_ms, message)

    def _add(self, message: str) -> int:
        now_ms = self._now_ms()
        self._events.append((now_ms, message))
        self._tail += message.encode()
        if len(self._tail) > 4 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]
        if len(self._events) >= BATCH:
            self.flush()
        return now_ms


def _source(kind: str) -> Source:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):  # over the user's pipe quota: only means more wake-ups
            fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return Source(kind, reader, writer)
