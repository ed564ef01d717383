"""The constraints of the service model (required, length, range, pattern, enum), reported in AWS's words.

Wording: recorded answers of the Lambda API, such as "1 validation error detected: Value '64' at
'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128".
Limits that are tighter than the model are in limits.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from labkit.localcloud.functions.errors import violated
from labkit.localcloud.functions.model import members, operation_model

# A function's runtime: AWS has a sentence of its own, with the runtimes of the day. See limits.py.
_CHECKED_ELSEWHERE = "runtime"
_NOT_NULL = "Member must not be null"


def validate(operation: str, params: Mapping[str, Any]) -> None:
    """Hold a request against the model.

    Raises:
        ServiceError: ValidationException with every violation, in the model's order.
    """
    shape = operation_model(operation).input_shape
    if shape is not None and (found := violations(shape, params)):
        raise violated(*found)


def violations(shape: StructureShape, params: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with the parameters of any service's operation, one sentence each."""
    return tuple(_structure(shape, params, ""))


def null_at(place: str) -> str:
    """The sentence for a required member that is missing; ``place`` as AWS writes it, or as the API does."""
    return _sentence("null", _lower_first(place), _NOT_NULL)


def _structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, member in members(shape).items():
        at = f"{path}.{_lower_first(name)}" if path else _lower_first(name)
        if value.get(name) is not None:
            yield from _value(member, value[name], at)
        elif name in shape.required_members:
            yield null_at(at)


def _value(shape: Shape, value: Any, at: str) -> Iterator[str]:
    if at == _CHECKED_ELSEWHERE:
        return
    shown = "" if shape.metadata.get("sensitive") or isinstance(value, bytes) else f"'{_java(value)}'"
    for broken in _broken(shape, value):
        yield _sentence(shown, at, broken)
    match shape:
        case StructureShape():
            yield from _structure(shape, value, at)
        case ListShape() if isinstance(shape.member, StructureShape):
            for position, item in enumerate(value, start=1):
                yield from _structure(shape.member, item, f"{at}.{position}.member")
        case ListShape():
            if any(_breaks(shape.member, item) for item in value):
                yield _sentence(shown, at, _of_items(shape.member))
        case MapShape():
            if any(_breaks(shape.key, key) for key in value):
                yield _sentence(
                    shown, at, f"Map keys must satisfy constraint: [{', '.join(_rules(shape.key))}]"
                )
            if any(_breaks(shape.value, item) for item in value.values()):
                rules = ", ".join([*_rules(shape.value), _NOT_NULL])
                yield _sentence(shown, at, f"Map value must satisfy constraint: [{rules}]")


def _of_items(shape: Shape) -> str:
    if shape.name == "Runtime":  # AWS says it of a list of runtimes as of a single one
        return ", ".join(_rules(shape))
    return f"Member must satisfy constraint: [{', '.join([*_rules(shape), _NOT_NULL])}]"


def _sentence(shown: str, at: str, constraint: str) -> str:
    return f"Value {shown}{' ' if shown else ''}at '{at}' failed to satisfy constraint: {constraint}"


def _breaks(shape: Shape, value: Any) -> bool:
    return next(_broken(shape, value), None) is not None


def _broken(shape: Shape, value: Any) -> Iterator[str]:
    """The rules of a shape that a value breaks, the structure of the value aside."""
    limits = shape.metadata
    if isinstance(value, (str, bytes, list, tuple, dict)):
        measured, what = len(value), "length"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        measured, what = value, "value"  # type: ignore[assignment]
    else:
        return
    if "max" in limits and measured > limits["max"]:
        yield _at_most(what, limits["max"])
    if "min" in limits and measured < limits["min"]:
        yield _at_least(what, limits["min"])
    if isinstance(value, str) and isinstance(shape, StringShape):
        if "pattern" in limits and not _pattern(limits["pattern"]).fullmatch(value):
            yield f"Member must satisfy regular expression pattern: {limits['pattern']}"
        if shape.enum and value not in shape.enum:
            yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _rules(shape: Shape) -> Iterator[str]:
    """All rules of an item, as AWS lists them when one of them is broken."""
    limits = shape.metadata
    what = "length" if isinstance(shape, StringShape) else "value"
    if "max" in limits:
        yield _at_most(what, limits["max"])
    if "min" in limits:
        yield _at_least(what, limits["min"])
    if "pattern" in limits:
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}"
    if isinstance(shape, StringShape) and shape.enum:
        yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _at_most(what: str, limit: object) -> str:
    return f"Member must have {what} less than or equal to {limit}"


def _at_least(what: str, limit: object) -> str:
    return f"Member must have {what} greater than or equal to {limit}"


@cache
def _pattern(java: str) -> re.Pattern[str]:
    """A Java pattern for Python: Unicode classes are spelled out, and the ASCII ones stay ASCII.

    What has no counterpart (marks, punctuation, symbols of all scripts) lets everything pass.
    """
    # Java's strings are UTF-16: beyond the basic plane, ranges are of pairs of surrogates.
    java = java.replace(r"\uD800\uDC00-\uDBFF\uDFFF", "\U00010000-\U0010ffff").replace(r"\p{Print}", "[ -~]")
    java = java.replace(r"\p{ASCII}", r"[\x00-\x7f]").replace(r"\w-", r"\w\-")
    if r"\p{" not in java:
        return re.compile(java, re.ASCII)
    separators = "\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    java = java.replace(r"\p{L}", r"\w").replace(r"\p{N}", r"\d").replace(r"\p{Z}", separators)
    return re.compile(java if r"\p{" not in java else ".*", re.DOTALL)


def _java(value: object) -> str:
    """A value as AWS's messages show it."""
    match value:
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return f"[{', '.join(_java(item) for item in value)}]"
        case dict():
            return "{" + ", ".join(f"{key}={_java(item)}" for key, item in value.items()) + "}"
    return str(value)


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]
