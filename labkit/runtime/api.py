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

from labkit import facts
from labkit.runtime.http import Answer, Request, Server

PREFIX = "/2018-06-01/runtime/"
# The figure in AWS's own error text is 100 bytes above the documented 6 MB.
RESPONSE_BYTES_MAX = int(facts.quota("payload_sync_response_max_bytes").value) + 100
JSON = ("Content-Type", "application/json")


@dataclass(frozen=True)
class Work:
    """One event handed to the runtime by ``/invocation/next``."""

    headers: list[tuple[str, str]]
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
        self._server = Server(self._handle)
        self.address = ""

    async def start(self) -> None:
        host, port = await self._server.listen(host="127.0.0.1", port=0)
        self.address = f"{host}:{port}"

    async def close(self) -> None:
        await self._server.close()

    async def _handle(self, request: Request) -> Answer:
        path = request.raw_path
        action = path.removeprefix(PREFIX)
        if action == "invocation/next":
            work = await self._runtime.next()
            return Answer(200, work.headers, work.body)
        parts = action.split("/")
        kind = request.header("lambda-runtime-function-error-type")
        if action == "init/error":
            self._runtime.init_failed(request.body, kind or "Runtime.Unknown")
            return ACCEPTED
        if len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
            error_type = (kind or "Unhandled") if parts[2] == "error" else None
            answer = self._answer(parts[1], request.body, error_type)
            await asyncio.sleep(0)  # the caller's answer goes out first; the runtime can wait for its 202
            return answer
        return _problem(404, "NotFound", f"{request.method} {path} is not part of the Runtime API")

    def _answer(self, request_id: str, body: bytes, error_type: str | None) -> Answer:
        too_large = len(body) > RESPONSE_BYTES_MAX
        if too_large:
            body, error_type = _too_large(), "Function.ResponseSizeTooLarge"
        if not self._runtime.answered(request_id, body, error_type):
            return _problem(400, "InvalidRequestID", f"{request_id} is not the request being processed")
        if too_large:
            return _problem(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
        return ACCEPTED


ACCEPTED = Answer(202, [JSON], b'{"status":"OK"}')


def _too_large() -> bytes:
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
    return json.dumps({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}).encode()


def _problem(status: int, kind: str, message: str) -> Answer:
    return Answer(status, [JSON], json.dumps({"errorType": kind, "errorMessage": message}).encode())
