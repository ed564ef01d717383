"""The Telemetry API (2022-07-01) of one environment: who subscribed, and the way of events to them.

Source: AWS, "Lambda Telemetry API". ``address`` is what ``sandbox.localdomain`` stands for inside;
subscribers listen on that name or on all addresses.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from labkit.runtime.http import Answer
from labkit.runtime.loglines import iso

PATH, LOGS_PATH = "/2022-07-01/telemetry", "/2020-08-15/logs"
SCHEMAS = ("2022-07-01", "2022-12-13", "2025-01-29")
TYPES = ("platform", "function", "extension")
HOSTS = ("sandbox", "sandbox.localdomain")
# Smallest, largest and usual value (AWS: "Lambda Telemetry API reference", buffering).
BUFFERING = {
    "maxItems": (1_000, 10_000, 10_000),
    "maxBytes": (262_144, 1_048_576, 262_144),
    "timeoutMs": (25, 30_000, 1_000),
}
HISTORY_BYTES_MAX = 1 << 20
BEHIND_FACTOR = 4  # a subscriber with so many full buffers waiting loses what comes
ATTEMPTS, AGAIN_S = 5, 0.1
BEHIND = "Consumer seems to have fallen behind as it has not acknowledged receipt of logs."
JSON = ("Content-Type", "application/json")

Note = Callable[[str, tuple[str, ...]], None]


@dataclass(frozen=True)
class Destination:
    """Where a subscriber listens. ``path`` None: a TCP port that takes a line of JSON for each event."""

    port: int
    path: str | None
    method: str = "POST"


class Invalid(ValueError):
    """The subscription cannot be."""


class Telemetry:
    """Keeps what happened until subscriptions are closed, so that subscribers get it from the beginning."""

    def __init__(self, address: str, subscribed: Note) -> None:
        """``subscribed`` is told the name and the types of each new subscription."""
        self._address, self._subscribed = address, subscribed
        self._history: list[tuple[str, bytes]] | None = []
        self._history_bytes = 0
        self._subscribers: dict[str, Subscriber] = {}

    @property
    def wanted(self) -> bool:
        """Whether events still matter to anybody."""
        return self._history is not None or bool(self._subscribers)

    def subscribe(self, name: str, body: bytes) -> Answer:
        """The answer to a subscription of the extension ``name``."""
        if self._history is None:
            error = "Telemetry API subscription is closed"
            return _problem(403, "Telemetry.SubscriptionClosed", error)
        try:
            document = json.loads(body)
            types = _types(document)
            made = Subscriber(self._address, types, _destination(document), _buffering(document))
        except (ValueError, AttributeError, TypeError) as problem:
            return _problem(400, "ValidationError", str(problem))
        if name in self._subscribers:
            self._subscribers[name].cancel()
        self._subscribers[name] = made
        for kind, event in self._history:
            made.put(kind, event)
        self._subscribed(name, types)
        return Answer(200, [JSON], b'"OK"')

    def emit(self, now_ms: int, kind: str, record: Any) -> None:
        """Something happened: ``kind`` such as platform.start, function, extension."""
        event = json.dumps({"time": iso(now_ms), "type": kind, "record": record}, ensure_ascii=False).encode()
        if self._history is not None and self._history_bytes < HISTORY_BYTES_MAX:
            self._history.append((kind, event))
            self._history_bytes += len(event)
        for subscriber in self._subscribers.values():
            dropped = subscriber.put(kind, event)
            if dropped:
                self.emit(now_ms, "platform.logsDropped", {"reason": BEHIND, **dropped})

    def close_subscriptions(self) -> None:
        """The init phase is over."""
        self._history = None

    async def flush(self, wait_s: float) -> None:
        """Sends what waits, as far as it goes in that time."""
        sending = [subscriber.flush() for subscriber in self._subscribers.values()]
        if sending:
            await asyncio.wait(sending, timeout=wait_s)

    def cancel(self) -> None:
        """Sends nothing any more."""
        for subscriber in self._subscribers.values():
            subscriber.cancel()


class Subscriber:
    """One subscription: buffers events and posts them, one batch after the other."""

    def __init__(
        self, address: str, types: tuple[str, ...], destination: Destination, buffering: dict[str, int]
    ) -> None:
        self._address, self._types, self._destination = address, types, destination
        self._limits = buffering
        self._events: list[bytes] = []
        self._bytes = 0
        self._dropped = {"droppedRecords": 0, "droppedBytes": 0}
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def put(self, kind: str, event: bytes) -> dict[str, int] | None:
        """Takes an event if it is of a subscribed type; tells what was lost before, once there is room."""
        if kind.split(".")[0] not in self._types:
            return None
        if self._bytes > BEHIND_FACTOR * self._limits["maxBytes"]:
            self._dropped["droppedRecords"] += 1
            self._dropped["droppedBytes"] += len(event)
            return None
        self._events.append(event)
        self._bytes += len(event)
        full = len(self._events) >= self._limits["maxItems"] or self._bytes >= self._limits["maxBytes"]
        if full:
            self._start_sending()
        elif self._timer is None and (self._task is None or self._task.done()):
            self._timer = asyncio.get_running_loop().call_later(
                self._limits["timeoutMs"] / 1000, self._start_sending
            )
        if self._dropped["droppedRecords"] and self._bytes < self._limits["maxBytes"]:
            dropped, self._dropped = self._dropped, {"droppedRecords": 0, "droppedBytes": 0}
            return dropped
        return None

    def flush(self) -> asyncio.Task[None]:
        """Sends what there is."""
        self._start_sending()
        assert self._task is not None
        return self._task

    def _start_sending(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send_all())

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    async def _send_all(self) -> None:
        while self._events:
            batch, self._events, self._bytes = self._events, [], 0
            for _ in range(ATTEMPTS):
                try:
                    await self._send(batch)
                    break
                except (OSError, EOFError, ValueError):
                    await asyncio.sleep(AGAIN_S)
            else:
                self._dropped["droppedRecords"] += len(batch)
                self._dropped["droppedBytes"] += sum(map(len, batch))

    async def _send(self, batch: list[bytes]) -> None:
        where = self._destination
        reader, writer = await asyncio.open_connection(self._address, where.port)
        try:
            if where.path is None:
                writer.write(b"".join(event + b"\n" for event in batch))
                await writer.drain()
                return
            body = b"[" + b",".join(batch) + b"]"
            head = (
                f"{where.method} {where.path} HTTP/1.1\r\nHost: sandbox.localdomain:{where.port}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            status = (await reader.readline()).split(b" ")
            if len(status) < 2 or not status[1].startswith(b"2"):
                raise ValueError(f"answered {status!r}")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _types(document: dict[str, Any]) -> tuple[str, ...]:
    if document.get("schemaVersion") not in SCHEMAS:
        raise Invalid(f"schemaVersion must be one of {', '.join(SCHEMAS)}")
    types = document.get("types")
    if not isinstance(types, list) or not types or any(kind not in TYPES for kind in types):
        raise Invalid(f"types must be an array of some of {', '.join(TYPES)}")
    return tuple(dict.fromkeys(types))


def _buffering(document: dict[str, Any]) -> dict[str, int]:
    given, limits = document.get("buffering") or {}, {}
    for name, (least, most, usual) in BUFFERING.items():
        limits[name] = given.get(name, usual)
        if not isinstance(limits[name], int) or not least <= limits[name] <= most:
            raise Invalid(f"buffering.{name} must be a number from {least} to {most}")
    return limits


def _destination(document: dict[str, Any]) -> Destination:
    given = document.get("destination") or {}
    if given.get("protocol") == "TCP":
        return Destination(int(given["port"]), None)
    if given.get("protocol") != "HTTP":
        raise Invalid("destination.protocol must be HTTP or TCP")
    uri = urlsplit(given.get("URI") or "")
    if uri.scheme != "http" or uri.hostname not in HOSTS:
        raise Invalid("destination.URI must be http://sandbox.localdomain:PORT or http://sandbox:PORT")
    method = given.get("method", "POST")
    if method not in ("POST", "PUT") or given.get("encoding", "JSON") != "JSON":
        raise Invalid("destination.method must be POST or PUT, destination.encoding JSON")
    return Destination(uri.port or 80, uri.path or "/", method)


def _problem(status: int, kind: str, message: str) -> Answer:
    return Answer(status, [JSON], json.dumps({"errorType": kind, "errorMessage": message}).encode())


LOGS_REFUSED = _problem(
    403,
    "Logs.NotSupported",
    "The Logs API is not supported by the local cloud. Subscribe with the Telemetry API "
    "(PUT /2022-07-01/telemetry), which replaced it.",
)
