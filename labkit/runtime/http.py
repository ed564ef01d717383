"""A small HTTP/1.1 server on asyncio: requests read whole, answers written whole, connections kept.

The Runtime API and the local cloud's front need little more, and it is on the path of every invocation
several times; llhttp (httptools) parses. Streams are the exception: a request is handed on before it is read
when it has a header that the server was told of, an answer is written as it comes when it is a
``StreamingAnswer``. No routing, no TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import cast

import httptools

from labkit import facts
from labkit.runtime.request_body import RequestBody

log = logging.getLogger(__name__)
NO_BODY = (204, 304)
HEAD_BYTES_MAX = int(facts.quota("request_line_and_headers_max_bytes").value)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read whole. ``raw_path`` is still percent-encoded, ``query`` without the ``?``.

    ``stream`` brings the body of a request that asked to be read as it arrives; ``body`` is empty then.
    """

    method: str
    raw_path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    stream: RequestBody | None = None

    def header(self, name: str) -> str | None:
        """The first header of this (lower-case) name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. Length, connection and date headers are written by the server."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamingAnswer(Answer):
    """An answer whose body is written as it comes; ``chunks`` is closed when the client is gone before."""

    chunks: AsyncGenerator[bytes, None]


Handler = Callable[[Request], Awaitable[Answer]]


class Server:
    """Listens and answers with ``handler``; ``close`` ends all connections.

    Args:
        streams: header (lower-case name and value) of requests that are handed on before their body is there.
    """

    def __init__(self, handler: Handler, streams: tuple[str, str] | None = None) -> None:
        self.handler, self.streams = handler, streams
        self.connections: set[Connection] = set()
        self._listener: asyncio.Server | None = None

    async def listen(self, **where: object) -> tuple[str, int]:
        """Starts to listen (arguments as of ``loop.create_server``); returns host and port."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Connection(self), **where)  # type: ignore[call-overload]
        host, port = self._listener.sockets[0].getsockname()[:2]
        return host, port

    async def close(self, wait_s: float = 0.0) -> None:
        """Stops listening, gives requests under way a moment, then ends every connection."""
        if self._listener is not None:
            self._listener.close()
        tasks = [connection.task for connection in self.connections if connection.task is not None]
        if tasks and wait_s:
            await asyncio.wait(tasks, timeout=wait_s)
        for connection in list(self.connections):
            connection.abort()


class Connection(asyncio.Protocol):
    """One client connection: parses, calls the handler for one request after the other, writes."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._waiting: deque[tuple[Request, bool]] = deque()
        self.task: asyncio.Task[None] | None = None
        self._full: asyncio.Future[None] | None = None  # there while the client does not read
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._head_bytes = 0
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._stream: RequestBody | None = None

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        if self._stream is not None:
            self._stream.cut()
        elif self.task is not None:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            self._write(Answer(431, [], b"Request line and headers are limited to 1 MB.\n"), keep=False)
        except httptools.HttpParserError as error:
            self._write(Answer(400, [], f"{error}\n".encode()), keep=False)

    def pause_writing(self) -> None:
        self._full = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._full is not None and not self._full.done():
            self._full.set_result(None)
        self._full = None

    def abort(self) -> None:
        self._transport.abort()

    # httptools

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._head_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES_MAX:
            raise ValueError("the head of the request is too large")
        self._headers.append((name.decode("latin-1"), value.decode("utf-8", "surrogateescape")))

    def on_headers_complete(self) -> None:
        for name, value in self._headers:
            lowered = name.lower()
            if lowered == "expect" and value.lower() == "100-continue":
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            elif self._server.streams == (lowered, value):
                self._stream = RequestBody(self._transport)
                self._hand_on(b"", self._stream)
                self._headers = self._stream.trailers

    def on_body(self, body: bytes) -> None:
        if self._stream is not None:
            self._stream.feed(body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._stream is not None:
            self._stream.end()
        else:
            self._hand_on(self._body[0] if len(self._body) == 1 else b"".join(self._body))
        self._begin()

    def _hand_on(self, body: bytes, stream: RequestBody | None = None) -> None:
        raw_path, _, query = self._url.decode("utf-8", "surrogateescape").partition("?")
        request = Request(self._parser.get_method().decode(), raw_path, query, self._headers, body, stream)
        self._waiting.append((request, self._parser.should_keep_alive()))
        if self.task is None:
            self.task = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        while self._waiting:
            request, keep = self._waiting.popleft()
            try:
                answer = await self._server.handler(request)
            except Exception:
                log.exception("%s %s failed", request.method, request.raw_path)
                answer = Answer(500, [], b"")
            if request.stream is not None and not request.stream.ended:
                keep = False  # what is left of the body is not read
            head = request.method == "HEAD"
            if isinstance(answer, StreamingAnswer):
                await self._pour(answer, keep, head)
            else:
                self._write(answer, keep, head)
        self.task = None

    def _write(self, answer: Answer, keep: bool, head: bool = False) -> None:
        if self._transport.is_closing():
            return
        lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
        length = str(len(answer.body))
        for name, value in answer.headers:
            lowered = name.lower()
            if lowered == "content-length":
                length = value if head else length
            elif lowered not in OURS:
                lines.append(f"{name}: {value}")
        if answer.status not in NO_BODY:
            lines.append(f"Content-Length: {length}")
        if not keep:
            lines.append("Connection: close")
        text = "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n"
        self._transport.write(text if head or answer.status in NO_BODY else text + answer.body)
        if not keep:
            self._transport.close()

    async def _pour(self, answer: StreamingAnswer, keep: bool, head: bool) -> None:
        """Writes a streaming answer in HTTP chunks, no faster than the client reads."""
        lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers if name.lower() not in OURS]
        lines += ["Transfer-Encoding: chunked", *([] if keep else ["Connection: close"])]
        async with contextlib.aclosing(answer.chunks) as chunks:
            self._transport.write("\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n")
            if head:
                return
            try:
                async for chunk in chunks:
                    if chunk:
                        self._transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                    if self._full is not None:
                        await self._full
            except Exception:
                log.exception("a streamed answer was broken off")
                self.abort()
                return
        self._transport.write(b"0\r\n\r\n")
        if not keep:
            self._transport.close()


OURS = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}


def _phrase(status: int) -> str:
    return _PHRASES.get(status, "")
