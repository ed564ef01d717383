"""FilterCriteria: which records a mapping lets through. Pure.

Source: Lambda Developer Guide, "Filtering event records": a body or data that is JSON is matched by an
object, one that is plain text by a list of texts; what is of the other sort than the pattern is kept out.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from labkit.localcloud.functions.mapping_state import Kind
from labkit.localcloud.sources.patterns import Pattern, parse

Record = Mapping[str, Any]
Lets = Callable[[Record], bool]


def lets_through(kind: Kind, patterns: tuple[str, ...]) -> Lets:
    """Tells whether a record of the event fits one of the patterns; any does where there are none."""
    if not patterns:
        return lambda record: True
    parsed = [parse(text) for text in patterns]
    view = _VIEWS[kind]

    def lets(record: Record) -> bool:
        seen, key = view(record)
        return any(_fits(pattern, seen, key) for pattern in parsed)

    return lets


def _fits(pattern: Pattern, record: Record, key: str) -> bool:
    """``key`` holds what may be JSON or text; the pattern says as which of the two it is to be read."""
    if key not in pattern.keys:
        return pattern.matches(record)
    wants_text = isinstance(pattern.document.get(key), list)
    content = record[key]
    try:
        read = json.loads(content)
    except ValueError:
        read = None
    is_json = isinstance(read, (dict, list))
    if wants_text == is_json:
        return False
    return pattern.matches({**record, key: content if wants_text else read})


def _message(record: Record) -> tuple[Record, str]:
    return record, "body"


def _item(record: Record) -> tuple[Record, str]:
    return record, ""


def _data(record: Record) -> tuple[Record, str]:
    """Of Kinesis, ``data`` decoded; it and the partition key stand at the top, as AWS's examples have it."""
    inner = record["kinesis"]
    try:
        text = base64.b64decode(inner["data"]).decode()
    except (binascii.Error, ValueError):
        text = ""
    return {**record, **inner, "data": text}, "data"


_VIEWS: dict[Kind, Callable[[Record], tuple[Record, str]]] = {
    "sqs": _message,
    "dynamodb": _item,
    "kinesis": _data,
}
