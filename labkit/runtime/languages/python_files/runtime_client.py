"""The calls of awslambdaric's compiled Runtime API client, in pure Python, for interpreters that it was not
compiled for. Same names, arguments, results and errors; one kept connection; nothing to import but C modules.
"""

from __future__ import annotations

import _socket
import os
import time

_HOST, _, _PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].rpartition(":")
_PREFIX = "/2018-06-01/runtime/"
_TEXT_HEADERS = (
    "Lambda-Runtime-Aws-Request-Id", "Lambda-Runtime-Trace-Id", "Lambda-Runtime-Invoked-Function-Arn",
    "Lambda-Runtime-Client-Context", "Content-Type", "Lambda-Runtime-Cognito-Identity",
    "Lambda-Runtime-Aws-Tenant-Id", "Lambda-Runtime-Invocation-Id",
)  # fmt: skip
_connection: _socket.socket | None = None
_agent = ""


def initialize_client(user_agent: str) -> None:
    global _agent
    _agent = user_agent


def next() -> tuple[bytes, dict[str, str | int | None]]:
    """Waits for an event; returns its body and its headers under the names that the compiled client uses."""
    status, headers, body = _exchange("GET", "invocation/next")
    if status != 200:
        reason = f"Http Response code: {status}" if status else "No Response from endpoint"
        _complain(f"Failed to get next invocation. {reason}")
        raise RuntimeError("Failed to get next")
    found: dict[str, str | int | None] = {name: headers.get(name.lower()) or None for name in _TEXT_HEADERS}
    found["Lambda-Runtime-Deadline-Ms"] = int(headers.get("lambda-runtime-deadline-ms") or 0)
    return body, found


def post_invocation_result(
    invoke_id: str, result: bytes, content_type: str = "application/json", invocation_id: str | None = None
) -> None:
    headers = {"content-type": content_type}
    _post(invoke_id, "response", headers, result, invocation_id, "Failed to post invocation response")


def post_error(
    invoke_id: str, error_response: str, xray_fault: str, invocation_id: str | None = None
) -> None:
    headers = {"content-type": "application/json", "lambda-runtime-function-xray-error-cause": xray_fault}
    body = error_response.encode()
    _post(invoke_id, "error", headers, body, invocation_id, "Failed to post invocation error")


def post_init_error(error_type: str, error_response: str) -> None:
    """For a client without http.client: awslambdaric reports a failed init by other means."""
    headers = {"lambda-runtime-function-error-type": error_type}
    status, _, body = _exchange("POST", "init/error", headers, error_response.encode())
    if status != 202:
        raise RuntimeError(f"Failed to post init error: {status} {body!r}")


def _post(
    invoke_id: str, verb: str, headers: dict[str, str], body: bytes, invocation_id: str | None, failure: str
) -> None:
    if invocation_id:
        headers["lambda-runtime-invocation-id"] = invocation_id
    status, _, answer = _exchange("POST", f"invocation/{invoke_id}/{verb}", headers, body)
    if not 200 <= status < 300:
        if status:
            _complain(f"Failed to post handler success response. Http response code: {status}. ", answer)
        raise RuntimeError(failure)


def _complain(text: str, detail: bytes = b"") -> None:
    """Writes to the log as the compiled client does."""
    line = f"[ERROR] [{time.time_ns() // 1_000_000}] LAMBDA_RUNTIME {text}".encode()
    os.write(1, line + detail + b"\n")


def _exchange(
    method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in lower case) and body of the answer; status 0 when there is none."""
    lines = [f"{method} {_PREFIX}{path} HTTP/1.1", f"Host: {_HOST}:{_PORT}", f"User-Agent: {_agent}"]
    lines += [f"{name}: {_one_line(value)}" for name, value in (headers or {}).items()]
    if method == "POST":
        lines.append(f"content-length: {len(body)}")
    message = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    global _connection
    kept = _connection is not None
    try:
        return _speak(message)
    except OSError:
        _connection = None
    if kept:  # the other side may close a connection that was idle while the handler ran
        try:
            return _speak(message)
        except OSError:
            _connection = None
    return 0, {}, b""


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _speak(message: bytes) -> tuple[int, dict[str, str], bytes]:
    global _connection
    if _connection is None:
        _connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        _connection.connect((_HOST, int(_PORT)))
        _connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    _connection.sendall(message)
    head, _, data = _until(b"", b"\r\n\r\n")
    first, *lines = head.decode(errors="replace").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _chunks(data)
    else:
        body = _exactly(data, int(headers.get("content-length", 0)))[0]
    if headers.get("connection", "").lower() == "close":
        _connection = None
    return int(first.split(" ")[1]), headers, body


def _chunks(data: bytes) -> bytes:
    parts: list[bytes] = []
    while True:
        size, _, data = _until(data, b"\r\n")
        length = int(size.split(b";")[0], 16)
        part, data = _exactly(data, length + 2)
        if not length:
            return b"".join(parts)
        parts.append(part[:-2])


def _until(data: bytes, mark: bytes) -> tuple[bytes, bytes, bytes]:
    while mark not in data:
        data += _some()
    return data.partition(mark)


def _exactly(data: bytes, length: int) -> tuple[bytes, bytes]:
    """``length`` bytes, and what came after them."""
    parts, have = [data], len(data)
    while have < length:
        parts.append(_some())
        have += len(parts[-1])
    data = b"".join(parts)
    return data[:length], data[length:]


def _some() -> bytes:
    chunk = _connection.recv(1 << 18) if _connection else b""
    if not chunk:
        raise ConnectionError("the Runtime API closed the connection")
    return chunk
