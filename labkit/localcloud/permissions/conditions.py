"""The Condition element: operators, qualifiers and how absent keys count. Knows no request and no service.

Rules: IAM User Guide, "Condition operators" and "Conditions with multiple context keys or values". An
operator that is not understood raises PolicyUnsupported: it never decides anything by accident.
"""

from __future__ import annotations

import ipaddress
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from labkit.localcloud.permissions.errors import PolicyUnsupported
from labkit.localcloud.permissions.patterns import Resolve, expand, glob, has_variables, substitute

Values = tuple[str, ...]
Compare = Callable[[str, str, Resolve], bool]
"""``(value of the request, value of the policy, variables) -> do they match?``"""


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key. ``negated`` operators hold when no value matches."""

    operator: str
    key: str
    values: Values
    compare: Compare
    negated: bool
    if_exists: bool
    qualifier: Literal["", "ForAllValues", "ForAnyValue"]

    def holds(self, present: Values | None, resolve: Resolve) -> bool:
        """Whether the condition holds for the key's values in a request (None: the request has no such key).

        Raises:
            PolicyUnsupported: several values for an operator without ForAllValues or ForAnyValue.
        """
        if self.operator == "Null":
            return (not present) == (self.values[0].lower() == "true")
        if not present:
            return self._absent()
        if self.qualifier == "ForAllValues":
            return all(self._one(value, resolve) for value in present)
        if self.qualifier == "ForAnyValue":
            return any(self._one(value, resolve) for value in present)
        if len(present) > 1:
            raise PolicyUnsupported(
                f"{self.key} has several values here: write ForAllValues:{self.operator} or "
                f"ForAnyValue:{self.operator} in the policy's condition."
            )
        return self._one(present[0], resolve)

    def _absent(self) -> bool:
        if self.qualifier == "ForAnyValue":
            return False
        return self.if_exists or self.negated or self.qualifier == "ForAllValues"

    def _one(self, given: str, resolve: Resolve) -> bool:
        return any(self.compare(given, value, resolve) for value in self.values) != self.negated


def parse_conditions(element: Any, variables: bool = True) -> tuple[Condition, ...]:
    """The conditions of a statement; all must hold. Without ``variables`` a ``${...}`` means itself.

    Raises:
        PolicyUnsupported: an operator that IAM does not have, or that is not understood here.
    """
    if not isinstance(element, Mapping):
        raise PolicyUnsupported(f"A policy's Condition is not an object: {element!r}")
    return tuple(
        _condition(str(operator), str(key), values, variables)
        for operator, keys in element.items()
        for key, values in _mapping(operator, keys).items()
    )


def _mapping(operator: Any, keys: Any) -> Mapping[Any, Any]:
    if not isinstance(keys, Mapping):
        raise PolicyUnsupported(f"A policy's condition operator {operator} has no keys: {keys!r}")
    return keys


def _condition(written: str, key: str, values: Any, variables: bool) -> Condition:
    qualifier, colon, operator = written.rpartition(":")
    if colon and qualifier.lower() not in _QUALIFIERS:
        raise PolicyUnsupported(f"The condition operator {written} is not supported by the local cloud.")
    if_exists = operator.lower().endswith("ifexists")
    base = operator[: -len("IfExists")] if if_exists else operator
    known = _OPERATORS.get(base.lower())
    if known is None or (if_exists and known[0] == "Null"):
        raise PolicyUnsupported(f"The condition operator {written} is not supported by the local cloud.")
    name, compare, negated = known
    texts = tuple(map(_text, values)) if isinstance(values, list) else (_text(values),)
    if not variables:
        texts = tuple(text.replace("${", "${$}{") for text in texts)
    return Condition(name, key, texts, compare, negated, if_exists, _QUALIFIERS[qualifier.lower()])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _string_equals(given: str, value: str, resolve: Resolve) -> bool:
    return given == substitute(value, resolve)


def _string_equals_ignore_case(given: str, value: str, resolve: Resolve) -> bool:
    expected = substitute(value, resolve)
    return expected is not None and given.casefold() == expected.casefold()


def _string_like(given: str, value: str, resolve: Resolve) -> bool:
    pattern = expand(value, resolve) if has_variables(value) else glob(value)
    return pattern is not None and pattern.fullmatch(given) is not None


def _arn_like(given: str, value: str, resolve: Resolve) -> bool:
    """Each of the six segments on its own. Source: IAM User Guide, ARN condition operators."""
    given_segments, segments = given.split(":", 5), _split_arn(value)
    if len(given_segments) != 6 or len(segments) != 6:
        return value == "*"
    return all(_string_like(one, other, resolve) for one, other in zip(given_segments, segments, strict=True))


def _split_arn(value: str) -> list[str]:
    """Splits at the colons that are not inside ``${aws:...}``."""
    segments, depth = [""], 0
    for char in value:
        depth += (char == "{") - (char == "}" and depth > 0)
        if char == ":" and not depth and len(segments) < 6:
            segments.append("")
        else:
            segments[-1] += char
    return segments


def _bool(given: str, value: str, resolve: Resolve) -> bool:
    return given.lower() == value.lower()


def _binary(given: str, value: str, resolve: Resolve) -> bool:
    try:
        return b64decode(given, validate=True) == b64decode(value, validate=True)
    except Base64Error:
        return False


def _numeric(test: Callable[[Decimal, Decimal], bool]) -> Compare:
    def compare(given: str, value: str, resolve: Resolve) -> bool:
        try:
            return test(Decimal(given), Decimal(value))
        except InvalidOperation:
            return False

    return compare


def _dated(test: Callable[[float, float], bool]) -> Compare:
    def compare(given: str, value: str, resolve: Resolve) -> bool:
        left, right = _moment(given), _moment(value)
        return left is not None and right is not None and test(left, right)

    return compare


def _moment(text: str) -> float | None:
    """ISO 8601 (UTC when no zone is written) or seconds since the epoch."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _ip(given: str, value: str, resolve: Resolve) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False


def _null(given: str, value: str, resolve: Resolve) -> bool:
    raise AssertionError("Null is decided by presence alone")


_QUALIFIERS: Mapping[str, Literal["", "ForAllValues", "ForAnyValue"]] = {
    "": "",
    "forallvalues": "ForAllValues",
    "foranyvalue": "ForAnyValue",
}

_TABLE: tuple[tuple[str, Compare, bool], ...] = (
    ("StringEquals", _string_equals, False),
    ("StringNotEquals", _string_equals, True),
    ("StringEqualsIgnoreCase", _string_equals_ignore_case, False),
    ("StringNotEqualsIgnoreCase", _string_equals_ignore_case, True),
    ("StringLike", _string_like, False),
    ("StringNotLike", _string_like, True),
    ("ArnEquals", _arn_like, False),
    ("ArnNotEquals", _arn_like, True),
    ("ArnLike", _arn_like, False),
    ("ArnNotLike", _arn_like, True),
    ("NumericEquals", _numeric(lambda a, b: a == b), False),
    ("NumericNotEquals", _numeric(lambda a, b: a == b), True),
    ("NumericLessThan", _numeric(lambda a, b: a < b), False),
    ("NumericLessThanEquals", _numeric(lambda a, b: a <= b), False),
    ("NumericGreaterThan", _numeric(lambda a, b: a > b), False),
    ("NumericGreaterThanEquals", _numeric(lambda a, b: a >= b), False),
    ("DateEquals", _dated(lambda a, b: a == b), False),
    ("DateNotEquals", _dated(lambda a, b: a == b), True),
    ("DateLessThan", _dated(lambda a, b: a < b), False),
    ("DateLessThanEquals", _dated(lambda a, b: a <= b), False),
    ("DateGreaterThan", _dated(lambda a, b: a > b), False),
    ("DateGreaterThanEquals", _dated(lambda a, b: a >= b), False),
    ("Bool", _bool, False),
    ("BinaryEquals", _binary, False),
    ("IpAddress", _ip, False),
    ("NotIpAddress", _ip, True),
    ("Null", _null, False),
)
_OPERATORS = {name.lower(): (name, compare, negated) for name, compare, negated in _TABLE}
