"""A Lambda endpoint whose answers a test decides: throttles, failures, silence, exact durations.

What a real cloud does is tested against the local cloud; this one does what a cloud cannot be asked to do.
"""

from __future__ import annotations

import base64
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config


@dataclass
class Answer:
    """What one invocation gets."""

    duration_ms: float = 5.0
    init_ms: float | None = None
    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    report: bool = True
    hang_up: bool = False
    wait_for: threading.Event | None = None
    pause_s: float = 0.0


Decide = Callable[[int, bytes], Answer]


def warm_after_first(number: int, _: bytes) -> Answer:
    """The first call is cold, the others are warm."""
    return Answer(init_ms=80.0) if number == 1 else Answer()


class Stub:
    """A running endpoint with one function, ``orders``."""

    def __init__(self, decide: Decide = warm_after_first) -> None:
        self.decide = decide
        self.calls: list[bytes] = []
        self.updates: list[dict[str, str]] = []
        self.configuration: dict[str, Any] = {
            "FunctionName": "orders",
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:orders",
            "Architectures": ["x86_64"],
            "MemorySize": 128,
            "Timeout": 3,
            "LastUpdateStatus": "Successful",
            "State": "Active",
        }
        self.refuse_updates_after: int | None = None
        self.at_once = 0
        self.most_at_once = 0
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @contextmanager
    def running(self) -> Iterator[Stub]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def client(self, **config: Any) -> Any:
        """A plain boto3 client, retries and all."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        return boto3.client("lambda", region_name="us-east-1", endpoint_url=url, config=Config(**config))

    def invoked(self, body: bytes) -> Answer:
        with self._lock:
            number = next(self._numbers)
            self.calls.append(body)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            answer = self.decide(number, body)
            if answer.wait_for is not None:
                answer.wait_for.wait(30)
            time.sleep(answer.pause_s)
            return answer
        finally:
            with self._lock:
                self.at_once -= 1

    def update(self, wanted: dict[str, Any]) -> bool:
        if self.refuse_updates_after is not None and len(self.updates) >= self.refuse_updates_after:
            return False
        self.updates.append(wanted["Environment"]["Variables"])
        self.configuration["Environment"] = wanted["Environment"]
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet an answer: several would wait for each other's acknowledgement

            def do_GET(self) -> None:
                if "/orders" not in self.path:
                    self._send(
                        404,
                        {"Message": "Function not found"},
                        {"x-amzn-ErrorType": "ResourceNotFoundException"},
                    )
                elif self.path.split("?")[0].endswith("/configuration"):
                    self._send(200, stub.configuration)
                else:
                    self._send(200, {"Configuration": stub.configuration})

            def do_PUT(self) -> None:
                if stub.update(json.loads(self._body())):
                    self._send(200, stub.configuration)
                else:
                    kind = {"x-amzn-ErrorType": "ResourceConflictException"}
                    self._send(409, {"Message": "An update is in progress", "Type": "User"}, kind)

            def do_POST(self) -> None:
                answer = stub.invoked(self._body())
                if answer.hang_up:
                    self.close_connection = True
                    return
                headers = {"X-Amz-Executed-Version": "$LATEST", **answer.headers}
                request_id = f"id-{len(stub.calls)}"
                if answer.report:
                    headers["X-Amz-Log-Result"] = base64.b64encode(_report(answer, request_id)).decode()
                headers["x-amzn-RequestId"] = request_id
                self._send(answer.status, answer.body, headers)

            def _body(self) -> bytes:
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))

            def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def _report(answer: Answer, request_id: str) -> bytes:
    init = "" if answer.init_ms is None else f"Init Duration: {answer.init_ms:.2f} ms\t"
    billed = int(answer.duration_ms + (answer.init_ms or 0)) + 1
    return (
        f"START RequestId: {request_id} Version: $LATEST\nEND RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: {answer.duration_ms:.2f} ms\t"
        f"Billed Duration: {billed} ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t{init}\n"
    ).encode()


def throttled() -> Answer:
    """What a function with no concurrency left answers."""
    body = {
        "Type": "User",
        "message": "Rate Exceeded.",
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
    }
    return Answer(
        status=429, body=body, headers={"x-amzn-ErrorType": "TooManyRequestsException"}, report=False
    )


def failed() -> Answer:
    """A handler that raised."""
    body = {"errorType": "ValueError", "errorMessage": "no such order", "stackTrace": []}
    return Answer(body=body, headers={"X-Amz-Function-Error": "Unhandled"})
