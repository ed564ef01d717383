"""A streamed answer on its way from the runtime process to the caller: in order, paced, limited as on AWS.

Knows neither HTTP nor event streams. Sources: AWS, "Response streaming for Lambda functions"; the errors are
those of AWS's open runtime interface emulator.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from labkit import facts
from labkit.runtime.request_body import RequestBody, Truncated
from labkit.runtime.spec import Outcome

BINARY = "application/octet-stream"
WAITING_BYTES_MAX = 1 << 20  # more than this waits in the runtime process
TOO_LARGE, TRUNCATED = "Function.ResponseSizeTooLarge", "Runtime.TruncatedResponse"
ERROR_TYPE = "lambda-runtime-function-error-type"
ERROR_BODY = "lambda-runtime-function-error-body"


@dataclass(frozen=True)
class Pace:
    """How much a stream may carry, at once, and how fast from then on."""

    max_bytes: int
    burst_bytes: int
    bytes_per_s: int

    @classmethod
    def of_aws(cls) -> Pace:
        names = ("payload_streamed_max_bytes", "stream_full_speed_bytes", "stream_rate_bytes_per_s")
        return cls(*(int(facts.quota(name).value) for name in names))


class TooLarge(Exception):
    """The answer is larger than it may be."""


class Receiver(Protocol):
    """Takes the pieces of an answer that a runtime streams. ``max_bytes``: more raises TooLarge."""

    max_bytes: int

    def begin(self, content_type: str) -> None: ...

    async def put(self, piece: bytes) -> None: ...


class ResponseBuffer:
    """For callers that want the answer in one piece."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.body = bytearray()

    def begin(self, content_type: str) -> None:
        """The caller gets JSON or whatever it is: the type makes no difference."""

    async def put(self, piece: bytes) -> None:
        """Keeps a piece."""
        self.body += piece
        if len(self.body) > self.max_bytes:
            raise TooLarge


class ResponseStream:
    """For callers that read as the function writes; made by the caller, one for each invocation.

    Iterating gives the pieces until the invocation is over. A caller that goes away before says so with
    ``abandon``; the function then runs on to its end, as on AWS.
    """

    def __init__(self, pace: Pace | None = None) -> None:
        self._pace = pace or Pace.of_aws()
        self.max_bytes = self._pace.max_bytes
        self._allowance = float(self._pace.burst_bytes)
        self._counted_at = time.monotonic()
        self.total_bytes = 0
        self._pieces: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._over = self._abandoned = False
        self.content_type: str | None = None
        self.refused = False  # True: over without having run

    # The runtime's side.

    def begin(self, content_type: str) -> None:
        """The function begins to answer."""
        self.content_type = content_type
        self._news.set()

    async def put(self, piece: bytes) -> None:
        """Takes a piece when its turn has come and the caller has read what was before.

        Raises:
            TooLarge: the stream has carried all that it may.
        """
        room = self.max_bytes - self.total_bytes
        taken = piece[:room]
        self.total_bytes += len(taken)
        if taken and not self._abandoned:
            await self._wait_for_pace(len(taken))
            self._pieces.append(taken)
            self._waiting_bytes += len(taken)
            self._news.set()
            if self._waiting_bytes > WAITING_BYTES_MAX:
                self._room.clear()
            await self._room.wait()
        if len(piece) > room:
            raise TooLarge

    def finish(self, outcome: Outcome | None) -> None:
        """The invocation is over, or was refused (None).

        An answer that came in one piece becomes the only piece of the stream.
        """
        if outcome is not None and self.content_type is None and outcome.function_error is None:
            self._pieces.append(outcome.payload)
        self.refused = outcome is None
        self._over = True
        self._news.set()

    async def _wait_for_pace(self, size: int) -> None:
        self._refill()
        if size > self._allowance:
            await asyncio.sleep((size - self._allowance) / self._pace.bytes_per_s)
            self._refill()
        self._allowance -= size

    def _refill(self) -> None:
        now = time.monotonic()
        gained = (now - self._counted_at) * self._pace.bytes_per_s
        self._allowance = min(self._allowance + gained, self._pace.burst_bytes)
        self._counted_at = now

    # The caller's side.

    async def begun(self) -> None:
        """Waits for the first sign of an answer: its type, or the end of the invocation."""
        while self.content_type is None and not self._over:
            self._news.clear()
            await self._news.wait()

    def abandon(self) -> None:
        """Nobody reads any more; what still comes is dropped."""
        self._abandoned = True
        self._room.set()

    def __aiter__(self) -> ResponseStream:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._over:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        piece = self._pieces.popleft()
        self._waiting_bytes -= len(piece)
        if self._waiting_bytes <= WAITING_BYTES_MAX:
            self._room.set()
        return piece


@dataclass(frozen=True)
class StreamEnd:
    """How the runtime's side of a stream ended. ``error_type`` None: well."""

    error_type: str | None = None
    error: bytes = b""


async def transfer(body: RequestBody, receiver: Receiver) -> StreamEnd:
    """Brings what the runtime sends to the receiver; the runtime's own errors are in its trailers."""
    try:
        async for piece in body:
            await receiver.put(piece)
    except TooLarge:
        return StreamEnd(TOO_LARGE)
    except Truncated:
        return StreamEnd(TRUNCATED)
    kind = body.trailer(ERROR_TYPE)
    return StreamEnd(kind, _decoded(body.trailer(ERROR_BODY) or "")) if kind else StreamEnd()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text.encode("utf-8", "surrogateescape")
