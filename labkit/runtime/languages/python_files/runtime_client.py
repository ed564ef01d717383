"""The four calls that awslambdaric makes of its compiled client, in pure Python and as fast to import.

Takes that client's place for interpreters it was not compiled for. One kept connection to the Runtime API.
"""

from __future__ import annotations

import os
import socket

_HOST, _PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)
_PREFIX = "/2018-06-01/runtime/invocation/"
_connection: socket.socket | None = None
_agent = ""


def initialize_client(user_agent: str) -> None:
    global _agent
    _agent = user_agent


def next() -> tuple[bytes, dict[str, object]]:
    """Waits for an event; returns its body and the headers of the answer."""
    status, headers, body = _request("GET", "next", {}, b"")
    if status != 200:
        raise RuntimeError(f"Failed to get next invocation, error code: {status}")
    return body, {**headers, "Lambda-Runtime-Deadline-Ms": int(headers["Lambda-Runtime-Deadline-Ms"])}


def post_invocation_result(
    invoke_id: str, result: bytes, content_type: str = "application/json", invocation_id: str | None = None
) -> None:
    _post(invoke_id, "response", {"Content-Type": content_type, **_tag(invocation_id)}, result)


def post_error(
    invoke_id: str, error_response: str, xray_fault: str, invocation_id: str | None = None
) -> None:
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-Error-Type": "Unhandled",
        "Lambda-Runtime-Function-XRay-Error-Cause": xray_fault,
        **_tag(invocation_id),
    }
    _post(invoke_id, "error", headers, error_response.encode())


def _tag(invocation_id: str | None) -> dict[str, str]:
    return {"Lambda-Runtime-Invocation-Id": invocation_id} if invocation_id else {}


def _post(invoke_id: str, verb: str, headers: dict[str, str], body: bytes) -> None:
    status, _, _ = _request("POST", f"{invoke_id}/{verb}", headers, body)
    if status != 202 and status != 413:
        raise RuntimeError(f"Failed to post {verb}, error code: {status}")


def _request(
    method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    lines = [f"{method} {_PREFIX}{path} HTTP/1.1", f"Host: {_HOST}:{_PORT}", f"User-Agent: {_agent}"]
    lines += [f"{name}: {_one_line(value)}" for name, value in headers.items()]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    message = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    global _connection
    if _connection is None:
        _connection = _connect()
    _connection.sendall(message)
    return _answer(_connection)


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _connect() -> socket.socket:
    connection = socket.create_connection((_HOST, int(_PORT)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    length = int(_value(headers, "content-length") or 0)
    chunks, have = [body], len(body)
    while have < length:
        chunks.append(_some(connection))
        have += len(chunks[-1])
    return int(first.split(" ")[1]), headers, b"".join(chunks)


def _value(headers: dict[str, str], name: str) -> str | None:
    for key, value in headers.items():
        if key.lower() == name:
            return value
    return None


def _some(connection: socket.socket) -> bytes:
    chunk = connection.recv(1 << 16)
    if not chunk:
        raise RuntimeError("The Runtime API closed the connection")
    return chunk
