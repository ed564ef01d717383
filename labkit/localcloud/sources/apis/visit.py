"""One HTTP request to a URL or an API, with what AWS adds to it on the way in. Data, and how to read it."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from labkit.localcloud.front import Request
from labkit.localcloud.tracing.header import new_trace_id

SOURCE_IP = "127.0.0.1"  # the cloud listens on the loopback only
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")
_TEXT_SUFFIXES = ("+json", "+xml")

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Visit:
    """A request as functions are told of it.

    Attributes:
        path: below the URL's or API's address, still percent-encoded.
        query: without the ``?``, still percent-encoded.
        headers: as sent, with the forwarding and tracing headers that AWS adds.
        domain: the host form of the address, whatever form the caller used.
        time_s: seconds since the epoch, on the lesson clock.
    """

    method: str
    path: str
    query: str
    headers: Pairs
    body: bytes
    api_id: str
    domain: str
    request_id: str
    time_s: float
    trace_header: str

    def header(self, name: str) -> str | None:
        """The first header of this (lower-case) name."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def user_agent(self) -> str | None:
        return self.header("user-agent")

    @property
    def time(self) -> str:
        """As in access logs: ``12/Mar/2020:19:03:58 +0000``."""
        return datetime.fromtimestamp(self.time_s, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")

    @property
    def time_ms(self) -> int:
        return int(self.time_s * 1000)

    @property
    def query_pairs(self) -> Pairs:
        """Names and values, decoded, in order."""
        return parse_qsl(self.query, keep_blank_values=True)


def arrive(
    request: Request,
    path: str,
    api_id: str,
    domain: str,
    port: int,
    time_s: float,
    request_id: str | None = None,
) -> Visit:
    """A request as it comes out of AWS's front door: with forwarding headers and a trace."""
    trace = request.header("x-amzn-trace-id") or f"Root={new_trace_id()}"
    ours = ("x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "connection")
    headers = [(name, value) for name, value in request.headers if name.lower() not in ours]
    before = request.header("x-forwarded-for")
    headers += [
        ("X-Amzn-Trace-Id", trace),
        ("X-Forwarded-For", f"{before}, {SOURCE_IP}" if before else SOURCE_IP),
        ("X-Forwarded-Port", str(port)),
        ("X-Forwarded-Proto", "http"),
    ]
    return Visit(
        request.method,
        path,
        request.query,
        headers,
        request.body,
        api_id,
        domain,
        request_id or str(uuid.uuid4()),
        time_s,
        trace,
    )


def text_or_base64(body: bytes, content_type: str | None) -> tuple[str, bool]:
    """A body as JSON can hold it, and whether that is base64.

    Function URLs and HTTP APIs take text, JSON, JavaScript and XML for text, everything else for binary, a
    form and a body without a type too (API Gateway guide, "Working with binary media types for HTTP APIs").
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind.startswith(_TEXT) or kind.endswith(_TEXT_SUFFIXES):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
