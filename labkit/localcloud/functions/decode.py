"""Values off the wire, with the types of the service model. Another type is an error, never a guess."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

from labkit.localcloud.functions.errors import ServiceError, invalid
from labkit.localcloud.functions.model import members


def wrong_type(where: str, expected: str, value: object) -> ServiceError:
    """``where`` holds something else than ``expected``."""
    return ServiceError(
        "SerializationException", f"{where} must be {expected}, not {_json_name(value)}.", 400
    )


def text(shape: Shape, value: str, where: str) -> Any:
    """A value that came as text, in the path, a header or the query string."""
    try:
        match shape.type_name:
            case "integer" | "long":
                return int(value)
            case "boolean":
                return {"true": True, "false": False}[value.lower()]
            case "timestamp":
                return datetime.fromisoformat(value)
    except (ValueError, KeyError):
        article = "an" if shape.type_name == "integer" else "a"
        raise ServiceError(
            "SerializationException", f"{where} must be {article} {shape.type_name}, not '{value}'.", 400
        ) from None
    return value


def query(shape: Shape, values: list[str], where: str) -> Any:
    """A member of the query string; lists repeat their name."""
    if shape.type_name == "list":
        return [text(shape.member, value, where) for value in values]  # type: ignore[attr-defined]
    return text(shape, values[-1], where)


def structure(known: Mapping[str, Shape], document: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A JSON object as a structure; null members count as absent.

    Raises:
        ServiceError: a member of the wrong type, or one that the structure does not have: it would
            be ignored, and nothing accepted may be ignored.
    """
    unknown = sorted(document.keys() - known.keys())
    if unknown:
        raise invalid(f"{where} has no parameter {', '.join(unknown)}. It has: {', '.join(sorted(known))}.")
    return {
        name: json_value(known[name], value, name) for name, value in document.items() if value is not None
    }


def json_value(shape: Shape, value: object, where: str) -> Any:
    """A JSON value as the shape says."""
    match shape.type_name, value:
        case "structure", dict():
            return structure(members(shape), value, where)
        case "list", list():
            return [json_value(shape.member, item, where) for item in value]  # type: ignore[attr-defined]
        case "map", dict():
            return {
                key: json_value(shape.value, item, f"{where}.{key}")  # type: ignore[attr-defined]
                for key, item in value.items()
            }
        case ("string", str()) | ("boolean", bool()):
            return value
        case "integer" | "long", bool():
            raise wrong_type(where, "an integer", value)
        case "integer" | "long", int():
            return value
        case "integer" | "long", float() if value.is_integer():
            return int(value)
        case "double" | "float", int() | float() if not isinstance(value, bool):
            return float(value)
        case "timestamp", int() | float() if not isinstance(value, bool):
            return _epoch(value, where)
        case "blob", str():
            return _blob(value, where)
    raise wrong_type(where, _EXPECTED.get(shape.type_name, f"a {shape.type_name}"), value)


_EXPECTED = {
    "structure": "an object",
    "map": "an object",
    "integer": "an integer",
    "long": "an integer",
    "double": "a number",
    "float": "a number",
    "blob": "base64 text",
}


def _epoch(value: float, where: str) -> datetime:
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise ServiceError("SerializationException", f"{where} is no time: {value}.", 400) from None


def _blob(value: str, where: str) -> bytes:
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except (binascii.Error, ValueError):
        raise ServiceError("SerializationException", f"{where} is not valid base64.", 400) from None


def _json_name(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
    return "an object"
