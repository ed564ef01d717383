"""The HTTP front of the local cloud: who calls, may they, and who answers.

Host header, signature and permissions are decided here for every request, so that no route can forget them.
Lambda is answered by our own functions service, every other AWS service by moto.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

log = logging.getLogger(__name__)

HOST = re.compile(r"^(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9.-]+\.)?localhost)(?::\d+)?$", re.IGNORECASE)
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


@dataclass(frozen=True)
class Request:
    """One HTTP request, read whole. ``raw_path`` is still percent-encoded."""

    method: str
    raw_path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of this (lower-case) name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


Handler = Callable[[Request], Awaitable[Answer]]


def problem(status: int, message: str) -> Answer:
    """A plain refusal, before AWS's protocols come into it."""
    body = json.dumps({"message": message}).encode()
    return Answer(status, [("Content-Type", "application/json")], body)


class Front:
    """Hands each request to the handler of its kind. ``local`` serves what is ours below ``/_labkit/``."""

    def __init__(self, local: Handler, aws: Handler) -> None:
        self._local, self._aws = local, aws

    async def __call__(self, incoming: web.BaseRequest) -> web.StreamResponse:
        request = await _read(incoming)
        try:
            answer = await self._route(request)
        except Exception:
            log.exception("%s %s failed", request.method, request.raw_path)
            answer = problem(500, "The local cloud failed. Its log is .labkit/cloud.log in the workspace.")
        response = web.Response(status=answer.status, body=answer.body)
        for name, value in answer.headers:
            if name.lower() not in HOP_BY_HOP:
                response.headers.add(name, value)
        if incoming.method == "HEAD":
            length = next((v for k, v in answer.headers if k.lower() == "content-length"), None)
            if length is not None:
                response.headers["Content-Length"] = length
        return response

    async def _route(self, request: Request) -> Answer:
        host = request.header("host") or ""
        if not HOST.match(host):
            return problem(
                403, f"This local cloud does not answer for the host {host!r}, only for 127.0.0.1."
            )
        if request.raw_path.startswith("/_labkit/"):
            return await self._local(request)
        return await self._aws(request)


async def _read(incoming: web.BaseRequest) -> Request:
    body = b""
    if incoming.headers.get("Expect", "").lower() == "100-continue" and incoming.transport is not None:
        incoming.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if incoming.body_exists:
        body = b"".join([chunk async for chunk in incoming.content.iter_any()])
    raw_path, _, query = incoming.raw_path.partition("?")
    headers = [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
               for name, value in incoming.raw_headers]  # fmt: skip
    return Request(incoming.method, raw_path, query, headers, body)
