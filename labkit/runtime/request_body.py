"""The body of one request as it arrives. Knows the connection only as something to pause."""

from __future__ import annotations

import asyncio
from collections import deque

WAITING_BYTES_MAX = 1 << 18  # more than this waits in the client's socket


class Truncated(ConnectionError):
    """The connection ended in the middle of a request."""


class RequestBody:
    """Pieces in order, then the end; ``trailers`` (names as sent) are complete once it has ``ended``.

    Iterating raises Truncated when the connection is lost before the end.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._pieces: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._news: asyncio.Future[None] | None = None
        self._cut = False
        self.trailers: list[tuple[str, str]] = []
        self.ended = False

    def trailer(self, name: str) -> str | None:
        """The first trailer of this (lower-case) name."""
        return next((value for key, value in self.trailers if key.lower() == name), None)

    def feed(self, piece: bytes) -> None:
        """The connection read a piece."""
        self._pieces.append(piece)
        self._waiting_bytes += len(piece)
        if self._waiting_bytes > WAITING_BYTES_MAX:
            self._transport.pause_reading()
        self._tell()

    def end(self) -> None:
        """The connection read the end."""
        self.ended = True
        self._tell()

    def cut(self) -> None:
        """The connection is gone; what was read before can still be had."""
        self._cut = True
        self._tell()

    def __aiter__(self) -> RequestBody:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self.ended:
                raise StopAsyncIteration
            if self._cut:
                raise Truncated("the connection ended before the request did")
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        piece = self._pieces.popleft()
        self._waiting_bytes -= len(piece)
        if self._waiting_bytes <= WAITING_BYTES_MAX:
            self._transport.resume_reading()
        return piece

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
