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
    chunks = aiter(streamed.chunks)
    try:
        first = await anext(chunks, None)
        if first is None:
            if (await streamed.outcome()).function_error is not None:
                raise replies.Malformed("the function failed")
            first = b""
        status, headers = 200, [("Content-Type", streamed.content_type or "application/json")]
        if streamed.content_type == WITH_METADATA:
            metadata = first
            while END_OF_METADATA not in metadata and len(metadata) <= METADATA_MAX_BYTES:
                if (more := await anext(chunks, None)) is None:
                    break
                metadata += more
            text, found, first = metadata.partition(END_OF_METADATA)
            if not found:
                raise replies.Malformed("the metadata do not end")
            reply = replies.read_metadata(text)
            plain: Pairs = [] if reply.has("content-type") else [("Content-Type", "application/octet-stream")]
            status, headers = reply.status, [*plain, *reply.headers]
    except BaseException:
        streamed.abandon()
        raise
    return StreamingAnswer(status, headers, b"", _body(streamed, first))


async def _body(streamed: Streamed, first: bytes) -> AsyncGenerator[bytes, None]:
    try:
        yield first
        async for chunk in streamed.chunks:
            yield chunk
        if (await streamed.outcome()).function_error is not None:
            raise BrokenOff("the function failed while it answered")
    finally:
        streamed.abandon()
