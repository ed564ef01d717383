"""The answer of a function URL that streams (InvokeMode RESPONSE_STREAM).

A function that streams for HTTP writes JSON with statusCode, headers and cookies, eight NUL bytes, and the
body. Any other answer, that of a function which does not stream too, is the body as it is. Source: Lambda
guide, "Response streaming for Lambda functions"; the runtime clients' HttpResponseStream.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from labkit.localcloud.front import Answer
from labkit.localcloud.functions.streamed import Streamed
from labkit.localcloud.sources.apis import replies
from labkit.localcloud.sources.apis.visit import Pairs
from labkit.runtime.http import StreamingAnswer

WITH_METADATA = "application/vnd.awslambda.http-integration-response"
END_OF_METADATA = bytes(8)
METADATA_MAX_BYTES = 1 << 20


class BrokenOff(Exception):
    """The function failed after its answer had begun: the caller's connection ends before the answer does."""


async def answer(streamed: Streamed) -> Answer:
    """The HTTP answer, as soon as its status is known.

    Raises:
        replies.Malformed: the metadata are none, or the function failed before it wrote anything.
    """
    try:
        first = await _piece(streamed)
        if first is None and (await streamed.outcome()).function_error is not None:
            raise replies.Malformed("the function failed")
        if streamed.content_type == WITH_METADATA:
            reply, first = await _metadata(streamed, first or b"")
            plain: Pairs = [] if reply.has("content-type") else [("Content-Type", "application/octet-stream")]
            return StreamingAnswer(reply.status, [*plain, *reply.headers], b"", _body(streamed, first))
    except BaseException:
        streamed.abandon()
        raise
    headers = [("Content-Type", streamed.content_type or "application/json")]
    return StreamingAnswer(200, headers, b"", _body(streamed, first or b""))


async def _piece(streamed: Streamed) -> bytes | None:
    """What comes next; None at the end."""
    return await anext(aiter(streamed.chunks), None)


async def _metadata(streamed: Streamed, begun: bytes) -> tuple[replies.Reply, bytes]:
    """Status, headers and cookies, and what has come of the body with them."""
    while END_OF_METADATA not in begun and len(begun) <= METADATA_MAX_BYTES:
        if (more := await _piece(streamed)) is None:
            break
        begun += more
    text, found, rest = begun.partition(END_OF_METADATA)
    if not found:
        raise replies.Malformed("the metadata do not end")
    return replies.read_metadata(text), rest


async def _body(streamed: Streamed, first: bytes) -> AsyncGenerator[bytes, None]:
    try:
        yield first
        async for chunk in streamed.chunks:
            yield chunk
        if (await streamed.outcome()).function_error is not None:
            raise BrokenOff("the function failed while it answered")
    finally:
        streamed.abandon()
