"""The floors that the local cloud is measured against: bare servers and bare runtimes, nothing of ours."""

from __future__ import annotations

import contextlib
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Amz-Executed-Version: $LATEST\r\n"
    b"x-amzn-RequestId: 00000000-0000-0000-0000-000000000000\r\nContent-Length: 4\r\n\r\nnull"
)
BARE_SERVER = f"""
import socket, threading
def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    waiting = b""
    while True:
        chunk = connection.recv(65536)
        if not chunk:
            return
        waiting += chunk
        while b"\\r\\n\\r\\n" in waiting:
            head, _, rest = waiting.partition(b"\\r\\n\\r\\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\\r\\n")[0] or 0)
            if len(rest) < length:
                break
            waiting = rest[length:]
            connection.sendall({ANSWER!r})
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen(128)
print(listening.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""


@contextlib.contextmanager
def bare_server() -> Iterator[str]:
    """A socket server, in a process of its own, that answers every request at once. Yields its endpoint."""
    process = subprocess.Popen([sys.executable, "-c", BARE_SERVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


class _RuntimeApi(http.server.BaseHTTPRequestHandler):
    """The least Runtime API that keeps a bare awslambdaric busy."""

    protocol_version = "HTTP/1.1"
    server: _BareRuntimeServer

    def do_GET(self) -> None:
        self.server.asked.set()
        self.server.go.acquire()
        if self.server.closing:
            return
        self.send_response(200)
        for name, value in (
            ("Lambda-Runtime-Aws-Request-Id", "1"),
            ("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 3000)),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f"),
            ("Content-Type", "application/json"),
            ("Content-Length", "2"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.done.release()

    def log_message(self, *_: object) -> None:
        pass


class _BareRuntimeServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeApi)
        self.asked = threading.Event()
        self.go, self.done = threading.Semaphore(0), threading.Semaphore(0)
        self.closing = False

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address


class BareRuntime:
    """``python -m awslambdaric`` and the least server for it; ``first_next_s``: spawn to first /next."""

    def __init__(self, code_dir: Path, handler: str = "app.handler") -> None:
        self._server = _BareRuntimeServer()
        threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True).start()
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=code_dir,
            env={
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}",
                "AWS_DEFAULT_REGION": "us-east-1",
                "PATH": os.environ["PATH"],
                "HOME": str(code_dir),
            },
            stdout=subprocess.DEVNULL,
        )
        self._server.asked.wait()
        self.first_next_s = time.perf_counter() - begin

    def round_trip_s(self) -> float:
        """One event in and its answer out."""
        begin = time.perf_counter()
        self._server.go.release()
        self._server.done.acquire()
        return time.perf_counter() - begin

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._server.closing = True
        self._server.go.release()
        self._server.shutdown()
        self._server.server_close()
