"""Turns one parameter of an API call into the words of a command line. Knows types, not services.

Scalars stand as they are, lists of scalars as separate words, everything deeper as JSON; bytes go into files,
because versions 1 and 2 of the CLI disagree on what bytes on a command line mean.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from botocore.model import Shape

from labkit.awscli.call import Note

# What the CLI opens or downloads instead of taking it as the value (version 1 follows the last two).
_FETCHED = ("file://", "fileb://", "http://", "https://")
_DEEP = ("structure", "map", "list")
_BYTES_AS_TEXT = "# for AWS CLI version 2 add --cli-binary-format raw-in-base64-out: the bytes are not base64"
_BYTES_AS_BASE64 = "# holds bytes that are no text, as base64: for AWS CLI version 2 only"


def is_fetched(value: object) -> bool:
    """Whether the CLI would open or download what a text names."""
    return isinstance(value, str) and value.startswith(_FETCHED)


def scalar(value: Any) -> str:
    """A number, text, boolean or time as one word."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value)


def words(shape: Shape, value: Any) -> tuple[str, ...]:
    """The words after an option: one for most values, several for a list of scalars."""
    if shape.type_name == "list" and _is_list_of_words(shape, value):
        return tuple(scalar(item) for item in value)
    if shape.type_name in _DEEP:
        return (as_json(value),)
    return (scalar(value),)


def as_json(value: Any) -> str:
    """A structure as JSON, as the CLI reads it."""
    return json.dumps(_jsonable(value), ensure_ascii=False)


def notes(value: Any) -> tuple[str, ...]:
    """Comments on bytes inside a structure, which the two versions of the CLI read differently."""
    inside = [_text_of(blob) for blob in _blobs(value)]
    if not inside:
        return ()
    return (_BYTES_AS_BASE64,) if any(text is None for text in inside) else (_BYTES_AS_TEXT,)


def _is_list_of_words(shape: Shape, value: Sequence[Any]) -> bool:
    """An empty list, odd texts and a first word that looks like JSON or a shorthand go as JSON."""
    member: Shape = shape.member  # type: ignore[attr-defined]
    odd = (*_FETCHED, "-", "[", "{", " ", "\t", "\n")
    if member.type_name in (*_DEEP, "blob", "boolean") or not value:
        return False
    return not any(isinstance(item, str) and (item == "" or item.startswith(odd)) for item in value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_jsonable(item) for item in value]
    if isinstance(value, bytes | bytearray):
        text = _text_of(value)
        return base64.b64encode(value).decode() if text is None else text
    if isinstance(value, Note):
        return "…"
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _blobs(value: Any) -> list[bytes | Note]:
    if isinstance(value, bytes | bytearray):
        return [bytes(value)]
    if isinstance(value, Note):
        return [value]
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [blob for item in items for blob in _blobs(item)]


def _text_of(blob: bytes | bytearray | Note) -> str | None:
    try:
        return None if isinstance(blob, Note) else blob.decode()
    except UnicodeDecodeError:
        return None
