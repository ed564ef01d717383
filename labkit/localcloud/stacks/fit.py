"""Property values of a template in the form that an operation of an API wants, by botocore's model.

Templates write ``"5"`` for 5 and ``true`` for "true"; some APIs spell their members in lower case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from labkit.localcloud.stacks.errors import StackError, invalid

_INTEGERS = ("integer", "long")
_FLOATS = ("float", "double")


def fit(shape: Shape, value: Any, at: str = "") -> Any:
    """The value as the shape wants it.

    Args:
        at: where it is in the properties, for messages.

    Raises:
        StackError: ValidationError: there is no such member, or it is of another kind.
    """
    match shape:
        case StructureShape():
            return _structure(shape, _map(value, at), at)
        case ListShape():
            items = value if isinstance(value, list) else [value]
            return [fit(shape.member, item, f"{at}/{number}") for number, item in enumerate(items)]
        case MapShape():
            return {str(key): fit(shape.value, item, f"{at}/{key}") for key, item in _map(value, at).items()}
    return _scalar(shape.type_name, value, at)


def _structure(shape: StructureShape, value: Mapping[str, Any], at: str) -> dict[str, Any]:
    names = {name.lower(): name for name in shape.members}
    fitted = {}
    for key, item in value.items():
        name = key if key in shape.members else names.get(str(key).lower())
        if name is None:
            raise invalid(f"Encountered unsupported property {f'{at}/{key}'.lstrip('/')}")
        if item is not None:
            fitted[name] = fit(shape.members[name], item, f"{at}/{key}")
    return fitted


def _map(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _other("a map", value, at)
    return value


def _scalar(kind: str, value: Any, at: str) -> Any:
    if isinstance(value, list) or (isinstance(value, Mapping) and kind != "string"):
        raise _other(kind, value, at)
    try:
        if kind in _INTEGERS:
            return _integer(value)
        if kind in _FLOATS:
            return float(value)
    except (ValueError, TypeError):
        raise _other(kind, value, at) from None
    if kind == "boolean":
        if str(value).lower() not in ("true", "false"):
            raise _other(kind, value, at)
        return str(value).lower() == "true"
    if kind == "blob":
        return value if isinstance(value, bytes) else str(value).encode()
    return value if kind == "timestamp" else text(value)


def text(value: Any) -> str:
    """A value where the API wants text: documents (policies, filters) as JSON."""
    if isinstance(value, Mapping | list):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError
    number = float(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _other(wanted: str, value: Any, at: str) -> StackError:
    return invalid(f"Value of property {at.lstrip('/') or '.'} must be {wanted}, not {text(value)[:80]}")
