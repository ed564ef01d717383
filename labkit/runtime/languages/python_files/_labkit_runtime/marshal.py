"""Events from JSON and answers to JSON, with simplejson as on AWS."""

from __future__ import annotations

import math
import os
from decimal import Decimal

import simplejson
from simplejson.raw_json import RawJSON

from .faults import Fault

TYPE_CHECKING = False  # for the type checker only: importing typing would cost every cold start
if TYPE_CHECKING:
    from typing import Any

# From Python 3.12 on, Lambda answers in plain UTF-8; before, all but ASCII is escaped.
ESCAPING = ("AWS_Lambda_python3.9", "AWS_Lambda_python3.10", "AWS_Lambda_python3.11")


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return math.nan if value.is_nan() else RawJSON(str(value))
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


to_json = simplejson.JSONEncoder(
    use_decimal=False,
    allow_nan=True,
    default=_default,
    ensure_ascii=os.environ.get("AWS_EXECUTION_ENV", ESCAPING[0]) in ESCAPING,
).encode


def event_of(body: bytes, content_type: str | None) -> Any:
    """The event; bytes when it is not JSON."""
    if content_type != "application/json":
        return body
    try:
        return simplejson.loads(body)
    except Exception as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error


def answer_of(value: Any) -> tuple[bytes, str]:
    """Bytes to post and their content type."""
    if isinstance(value, bytes):
        return value, "application/unknown"
    try:
        text = to_json(value)
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
    return text.encode(), "application/json"
