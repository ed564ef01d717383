"""An invocation whose answer is read as the function writes it, and its form as an event stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from labkit.localcloud.functions import event_stream
from labkit.runtime.spec import Outcome
from labkit.runtime.streaming import ResponseStream


@dataclass(frozen=True, slots=True)
class Streamed:
    """An invocation whose answer has begun, to be read as it is written.

    Attributes:
        content_type: of what the function streams; None when it does not stream: its whole answer (JSON) is
            then the only chunk, and a failure has none.
        chunks: to be iterated once; ends with the invocation. Who stops before that calls ``abandon``: the
            function runs on, as on AWS.
    """

    content_type: str | None
    chunks: ResponseStream
    _run: asyncio.Task[Outcome]

    async def outcome(self) -> Outcome:
        """How the invocation ended; after the last chunk."""
        return await asyncio.shield(self._run)

    def abandon(self) -> None:
        """Nobody reads the rest."""
        self.chunks.abandon()


async def events(streamed: Streamed, with_log: bool) -> AsyncGenerator[bytes, None]:
    """The body of an InvokeWithResponseStream answer."""
    try:
        async for chunk in streamed.chunks:
            yield event_stream.payload_chunks(chunk)
        outcome = await streamed.outcome()
        yield event_stream.invoke_complete(outcome, streamed.content_type is not None, with_log)
    finally:
        streamed.abandon()
