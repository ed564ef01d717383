"""HTTP to the local cloud over loopback: one exchange, one health question. No proxies, no AWS."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any

Answer = dict[str, Any]


def request(
    port: int, method: str, path: str, data: bytes, headers: Mapping[str, str], timeout_s: float
) -> tuple[int, Answer]:
    """One HTTP exchange over loopback. http.client knows no proxies, which is the point."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path, body=data or None, headers=dict(headers))
        response = connection.getresponse()
        answer = json.loads(response.read() or b"{}")
    finally:
        connection.close()
    return response.status, answer if isinstance(answer, dict) else {"answer": answer}


def health_pid(port: int, timeout_s: float = 2.0) -> int | None:
    try:
        status_code, answer = request(port, "GET", "/_labkit/health", b"", {}, timeout_s)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    pid = answer.get("pid") if status_code == 200 else None
    return pid if isinstance(pid, int) else None
