"""The Lambda Runtime API (2018-06-01) of one execution environment, on a loopback port of its own.

The Extensions and the Telemetry API share the port; their calls are handed on as they are.

Speaks HTTP with the runtime process; what its requests mean is decided by the environment.
Sources: AWS, "Using the Lambda runtime API"; texts as AWS's open runtime interface emulator has them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from labkit import facts
from labkit.runtime.http import Answer, Request, Server
from labkit.runtime.streaming import BINARY, TOO_LARGE, Receiver, StreamEnd, transfer

PREFIX = "/2018-06-01/runtime/"
# The figure in AWS's own error text is 100 bytes above the documented 6 MB.
RESPONSE_BYTES_MAX = int(facts.quota("payload_sync_response_max_bytes").value) + 100
TURN_S, UNCHANGED_TURNS = 0.002, 5  # an extension, or a child of the runtime, may hold connections for long
JSON = ("Content-Type", "application/json")
RESPONSE_MODE = "lambda-runtime-function-response-mode"


@dataclass(frozen=True)
class Work:
    """One event handed to the runtime by ``/invocation/next``."""

    headers: list[tuple[str, str]]
    body: bytes


class Runtime(Protocol):
    """What the environment does when the runtime process speaks."""

    def next(self) -> Awaitable[Work | None]: ...

    def answered(self, request_id: str, body: bytes, error_type: str | None) -> bool: ...

    def streaming(self, request_id: str, content_type: str) -> Receiver | None: ...

    async def streamed(self, request_id: str, receiver: Receiver, end: StreamEnd) -> None: ...

    def init_failed(self, body: bytes, error_type: str) -> None: ...

    async def other_call(self, request: Request) -> Answer | None: ...


class RuntimeApi:
    """Serves one environment. ``address`` is ``host:port`` for AWS_LAMBDA_RUNTIME_API."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._server = Server(self._handle, streams=(RESPONSE_MODE, "streaming"))
        self.address = ""

    async def start(self) -> None:
        host, port = await self._server.listen(host="127.0.0.1", port=0)
        self.address = f"{host}:{port}"

    async def close(self) -> None:
        await self._server.close()

    async def read_up(self) -> None:
        """After the runtime's end: returns when what it sent has been read, to all that can be told."""
        unchanged = 0
        while unchanged < UNCHANGED_TURNS:
            before = len(self._server.connections)
            await asyncio.sleep(TURN_S)
            after = len(self._server.connections)
            unchanged = unchanged + 1 if after == before else 0
            if before == after == 0:
                return

    async def _handle(self, request: Request) -> Answer:
        path = request.raw_path
        action = path.removeprefix(PREFIX)
        if action == "invocation/next":
            work = await self._runtime.next()
            if work is None:
                return NOT_YET
            return Answer(200, work.headers, work.body)
        parts = action.split("/")
        if action == "init/error":
            self._runtime.init_failed(request.body, _error_type(request) or "Runtime.Unknown")
            return ACCEPTED
        if len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
            if parts[2] == "response" and (mode := request.header(RESPONSE_MODE)) is not None:
                return await self._stream(parts[1], request, mode)
            body = request.body
            if request.stream is not None:
                body = b"".join([piece async for piece in request.stream])
            error_type = (_error_type(request) or "Unhandled") if parts[2] == "error" else None
            answer = self._answer(parts[1], body, error_type)
            await asyncio.sleep(0)  # the caller's answer goes out first; the runtime can wait for its 202
            return answer
        other = await self._runtime.other_call(request)
        return other or _problem(404, "NotFound", f"{request.method} {path} is not part of the Runtime API")

    def _answer(self, request_id: str, body: bytes, error_type: str | None) -> Answer:
        too_large = len(body) > RESPONSE_BYTES_MAX
        if too_large:
            body, error_type = too_large_error(RESPONSE_BYTES_MAX), TOO_LARGE
        if not self._runtime.answered(request_id, body, error_type):
            return INVALID_REQUEST_ID
        return ENTITY_TOO_LARGE if too_large else ACCEPTED

    async def _stream(self, request_id: str, request: Request, mode: str) -> Answer:
        if request.stream is None:
            self._runtime.answered(request_id, invalid_mode_error(mode), INVALID_MODE)
            return _problem(400, "InvalidFunctionResponseMode", "Invalid function response mode")
        receiver = self._runtime.streaming(request_id, request.header("content-type") or BINARY)
        if receiver is None:
            return INVALID_REQUEST_ID
        end = await transfer(request.stream, receiver)
        await self._runtime.streamed(request_id, receiver, end)
        return ENTITY_TOO_LARGE if end.error_type == TOO_LARGE else ACCEPTED


def _error_type(request: Request) -> str | None:
    return request.header("lambda-runtime-function-error-type")


def too_large_error(max_bytes: int) -> bytes:
    """What the caller gets when the answer is larger than it may be."""
    message = f"Response payload size exceeded maximum allowed payload size ({max_bytes} bytes)."
    return json.dumps({"errorMessage": message, "errorType": TOO_LARGE}).encode()


def invalid_mode_error(mode: str) -> bytes:
    """What the caller gets of a runtime that names another response mode than streaming."""
    message = f"Invalid function response mode: {mode}"
    return json.dumps({"errorMessage": message, "errorType": INVALID_MODE}).encode()


def _problem(status: int, kind: str, message: str) -> Answer:
    return Answer(status, [JSON], json.dumps({"errorType": kind, "errorMessage": message}).encode())


ACCEPTED = Answer(202, [JSON], b'{"status":"OK"}')
INVALID_REQUEST_ID = _problem(400, "InvalidRequestID", "Invalid request ID")
ENTITY_TOO_LARGE = _problem(
    413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
)
NOT_YET = _problem(
    403,
    "InvalidStateTransition",
    "State transition from Running to Ready failed for runtime. Error: State transition is not allowed",
)
INVALID_MODE = "Runtime.InvalidResponseModeHeader"
