"""The Lambda Runtime API (2018-06-01) of one execution environment, on a loopback port of its own.

Speaks HTTP with the runtime process; what its requests mean is decided by the environment.
Source: AWS, "Using the Lambda runtime API".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from labkit import facts

PREFIX = "/2018-06-01/runtime/"
# The figure in AWS's own error text is 100 bytes above the documented 6 MB.
RESPONSE_BYTES_MAX = int(facts.quota("payload_sync_response_max_bytes").value) + 100


@dataclass(frozen=True)
class Work:
    """One event handed to the runtime by ``/invocation/next``."""

    headers: dict[str, str]
    body: bytes


class Runtime(Protocol):
    """What the environment does when the runtime process speaks."""

    def next(self) -> Awaitable[Work]: ...

    def answered(self, request_id: str, body: bytes, error_type: str | None) -> bool: ...

    def init_failed(self, body: bytes, error_type: str) -> None: ...


class RuntimeApi:
    """Serves one environment. ``address`` is ``host:port`` for AWS_LAMBDA_RUNTIME_API."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._server = web.Server(self._handle, access_log=None)
        self._listener: asyncio.Server
        self.address = ""

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._server, "127.0.0.1", 0)
        host, port = self._listener.sockets[0].getsockname()
        self.address = f"{host}:{port}"

    async def close(self) -> None:
        self._listener.close()
        await self._server.shutdown(0)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if not path.startswith(PREFIX):
            return _problem(404, "NotFound", f"{request.method} {path} is not part of the Runtime API")
        action = path[len(PREFIX) :]
        if action == "invocation/next":
            work = await self._runtime.next()
            return web.Response(body=work.body, headers=work.headers)
        try:
            body = await _read(request)
        except ConnectionError:  # the process was killed while it spoke
            return _problem(400, "BadRequest", "the connection was lost")
        if action == "init/error":
            kind = request.headers.get("Lambda-Runtime-Function-Error-Type") or "Runtime.Unknown"
            self._runtime.init_failed(body, kind)
            return _accepted()
        parts = action.split("/")
        if len(parts) != 3 or parts[0] != "invocation" or parts[2] not in ("response", "error"):
            return _problem(404, "NotFound", f"{request.method} {path} is not part of the Runtime API")
        return self._answer(parts[1], parts[2], request, body)

    def _answer(
        self, request_id: str, verb: str, request: web.BaseRequest, body: bytes
    ) -> web.StreamResponse:
        error_type = None
        if verb == "error":
            error_type = request.headers.get("Lambda-Runtime-Function-Error-Type") or "Unhandled"
        too_large = len(body) > RESPONSE_BYTES_MAX
        if too_large:
            body, error_type = _too_large(), "Function.ResponseSizeTooLarge"
        if not self._runtime.answered(request_id, body, error_type):
            return _problem(400, "InvalidRequestID", f"{request_id} is not the request being processed")
        if too_large:
            return _problem(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
        return _accepted()


async def _read(request: web.BaseRequest) -> bytes:
    """The body, whatever its length: the size limit of the HTTP library is not Lambda's."""
    return b"".join([chunk async for chunk in request.content.iter_any()])


def _too_large() -> bytes:
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
    return json.dumps({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}).encode()


def _accepted() -> web.Response:
    return web.json_response({"status": "OK"}, status=202)


def _problem(status: int, kind: str, message: str) -> web.Response:
    return web.json_response({"errorType": kind, "errorMessage": message}, status=status)
