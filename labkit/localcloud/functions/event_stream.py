"""application/vnd.amazon.eventstream, as InvokeWithResponseStream answers: one message after the other. Pure.

Source: AWS, "Amazon event stream encoding"; names and members of the events: the service model.
"""

from __future__ import annotations

import base64
import json
import struct
from zlib import crc32

from labkit.runtime.spec import Outcome
from labkit.runtime.streaming import TOO_LARGE, TRUNCATED

CONTENT_TYPE = "application/vnd.amazon.eventstream"
TEXT = 7  # the type of a header's value
PAYLOAD_BYTES_MAX = 1 << 20  # SDKs refuse very long messages


def payload_chunks(payload: bytes) -> bytes:
    """PayloadChunk events with these bytes of a function's answer."""
    starts = range(0, len(payload), PAYLOAD_BYTES_MAX)
    parts = (payload[start : start + PAYLOAD_BYTES_MAX] for start in starts)
    return b"".join(_event("PayloadChunk", "application/octet-stream", part) for part in parts)


def invoke_complete(outcome: Outcome, streamed: bool, with_log: bool) -> bytes:
    """The last event: whether the function failed, and the end of its log when asked for.

    A failure before the answer began is Unhandled, with the error object as its details; what breaks an
    answer off has a code of its own.
    """
    members = {}
    if outcome.function_error:
        members["ErrorCode"] = _broken_off(outcome) if streamed else outcome.function_error
        members["ErrorDetails"] = outcome.payload.decode("utf-8", "replace")
    if with_log:
        members["LogResult"] = base64.b64encode(outcome.log_tail).decode()
    return _event("InvokeComplete", "application/json", json.dumps(members).encode())


def _broken_off(outcome: Outcome) -> str:
    if outcome.status == "timeout":
        return "Sandbox.Timedout"
    if outcome.error_type is not None:  # the runtime ended
        return TRUNCATED
    try:
        kind = json.loads(outcome.payload)["errorType"]
    except (ValueError, KeyError, TypeError):
        return "Unhandled"
    return str(kind) if kind in (TOO_LARGE, TRUNCATED) else "Unhandled"


def _event(kind: str, content_type: str, payload: bytes) -> bytes:
    headers = b"".join(
        _header(*pair)
        for pair in ((":event-type", kind), (":content-type", content_type), (":message-type", "event"))
    )
    prelude = struct.pack("!II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack("!I", crc32(prelude)) + headers + payload
    return message + struct.pack("!I", crc32(message))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", TEXT, len(text)) + text
