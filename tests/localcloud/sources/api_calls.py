"""Plain HTTP to URLs and APIs of the running cloud, and signed HTTP where they ask for it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest


@dataclass
class Got:
    """An HTTP answer."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _AsItIs(urllib.request.HTTPErrorProcessor):
    """Errors and redirects are answers like any other."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response


def call(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Got:
    """One request; header names are written with underscores. Nothing is signed."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _send(urllib.request.Request(url, body, named, method=method))


def signed_call(credentials: Any, service: str, region: str, url: str, method: str = "GET") -> Got:
    """The same, signed with SigV4."""
    request = AWSRequest(method, url)
    SigV4Auth(credentials, service, region).add_auth(request)
    return _send(urllib.request.Request(url, headers=dict(request.headers.items()), method=method))


def _send(request: urllib.request.Request) -> Got:
    with urllib.request.build_opener(_AsItIs).open(request, timeout=60) as response:
        return Got(response.status, response.headers, response.read())
