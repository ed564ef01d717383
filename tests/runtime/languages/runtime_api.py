"""A small Lambda Runtime API for tests: hands out events, keeps what the runtime process posts."""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# X-Ray's cause of a deep recursion is a long header: Lambda takes up to 1 MB.
http.client._MAXLINE = 1 << 21  # type: ignore[attr-defined]

PREFIX = "/2018-06-01/runtime/"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:probe"
REQUEST_ID = "00000000-0000-0000-0000-00000000000{}"


@dataclass(frozen=True)
class Event:
    """What ``/invocation/next`` answers."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Post:
    """One thing that the runtime process said. ``what``: ``response``, ``error`` or ``init/error``."""

    what: str
    body: bytes
    headers: dict[str, str]
    trailers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RuntimeApi:
    """Serves one runtime process; a context manager."""

    def __init__(self, *, status: int = 202, close_after_answer: bool = False) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.posts: queue.Queue[Post] = queue.Queue()
        self.idle = threading.Event()  # the process asks for an event, and there is none left
        self.status, self.close_after_answer = status, close_after_answer
        self.sent = 0
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> RuntimeApi:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def next(self) -> Event | None:
        """The next event with all headers; None when there is none left, after a wait for the end."""
        try:
            event = self.events.get_nowait()
        except queue.Empty:
            self.idle.set()
            self._over.wait()
            return None
        self.sent += 1
        defaults = {
            "Lambda-Runtime-Aws-Request-Id": REQUEST_ID.format(self.sent),
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60_000),
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
            "Content-Type": "application/json",
        }
        return Event(event.body, defaults | event.headers)

    def _handler_class(api) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                event = api.next()
                if event is not None:
                    self._answer(200, event.body, event.headers)

            def do_POST(self) -> None:
                body, trailers = self._read()
                what = self.path.removeprefix(PREFIX)
                what = what.rsplit("/", 1)[1] if what.startswith("invocation/") else what
                api.posts.put(Post(what, body, {k.lower(): v for k, v in self.headers.items()}, trailers))
                self._answer(api.status, b'{"status":"OK"}', {"Content-Type": "application/json"})
                self.close_connection = api.close_after_answer

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response_only(status)
                for name, value in (headers | {"Content-Length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def _read(self) -> tuple[bytes, dict[str, str]]:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0))), {}
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size + 2)[:-2]
                trailers = {}
                while line := self.rfile.readline().strip():
                    name, _, value = line.decode().partition(":")
                    trailers[name.lower()] = value.strip()
                return body, trailers

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
