"""Event patterns: what rules of EventBridge and filters of event source mappings let through. Pure.

Source: EventBridge user guide, "Creating EventBridge event patterns" and "Comparison operators"; Lambda
developer guide, "Filter rule syntax"; the sentences are those of AWS's open-source Event Ruler.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from labkit.errors import LabError

# EventBridge user guide, "Numeric matching": numbers from -5.0e9 to 5.0e9, 15 digits.
NUMBER_MAX = 5_000_000_000

Test = Callable[[Any], bool]
"""Asks one value of an event: a string, a number, true, false or null."""

Check = Callable[[Mapping[str, Any]], bool]
"""Asks an object of an event."""


class BadPattern(LabError):
    """A pattern that is none. ``reason`` goes behind AWS's "Event pattern is not valid. Reason: "."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason}")
        self.reason = reason


class Pattern:
    """A pattern, read once; ``keys`` are the names at its top."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.keys = frozenset(_top_keys(document))
        self.document = document
        self._check = _object(document)

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether an event, as parsed JSON, is let through."""
        return self._check(event)


def parse(text: str) -> Pattern:
    """Reads a pattern.

    Raises:
        BadPattern: no JSON, or not what a pattern may contain.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise BadPattern("Invalid JSON") from None
    if not isinstance(document, dict):
        raise BadPattern("Filter is not an object")
    return Pattern(document)


def _top_keys(document: Mapping[str, Any]) -> Iterator[str]:
    for key, value in document.items():
        if _is_or(key, value):
            for choice in value:
                yield from _top_keys(choice)
        else:
            yield key


def _object(document: Mapping[str, Any]) -> Check:
    if not document:
        raise BadPattern("Empty objects are not allowed")
    checks = [_member(key, value) for key, value in document.items()]
    return lambda event: all(check(event) for check in checks)


def _is_or(key: str, value: Any) -> bool:
    """``$or`` with two or more objects; anything else of that name is a field of the event."""
    return (
        key == "$or"
        and isinstance(value, list)
        and len(value) > 1
        and all(isinstance(choice, dict) and not _OPERATORS.keys() & choice.keys() for choice in value)
    )


def _member(key: str, value: Any) -> Check:
    if _is_or(key, value):
        choices = [_object(choice) for choice in value]
        return lambda event: any(choice(event) for choice in choices)
    if isinstance(value, dict):
        below = _object(value)
        return lambda event: any(below(part) for part in _objects(event.get(key)))
    if isinstance(value, list):
        return _field(key, value)
    raise BadPattern(f'"{key}" must be an object or an array')


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects at a place; an absent one counts as empty, so that fields may be asked not to exist."""
    if isinstance(value, dict):
        return [value]
    found = [part for item in value for part in _objects(item) if part] if isinstance(value, list) else []
    return found or [{}]


def _field(key: str, wanted: list[Any]) -> Check:
    if not wanted:
        raise BadPattern("Empty arrays are not allowed")
    tests: list[Test] = []
    absent_fits = False
    for item in wanted:
        if isinstance(item, dict) and "exists" in item:
            _one_key(item)
            if not isinstance(item["exists"], bool):
                raise BadPattern("exists match pattern must be either true or false.")
            absent_fits |= not item["exists"]
            tests += [lambda value: True] if item["exists"] else []
        else:
            tests.append(_test(item))

    def check(event: Mapping[str, Any]) -> bool:
        values = list(_leaves(event[key])) if key in event else []
        if not values:
            return absent_fits
        return any(test(value) for value in values for test in tests)

    return check


def _leaves(value: Any) -> Iterator[Any]:
    """The values of a field; objects have none of their own: ``exists`` asks leaves only."""
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif not isinstance(value, dict):
        yield value


def _test(wanted: Any) -> Test:
    if isinstance(wanted, dict):
        name = _one_key(wanted)
        if name not in _OPERATORS:
            raise BadPattern(f"Unrecognized match type {name}")
        return _OPERATORS[name](wanted[name])
    if isinstance(wanted, list):
        raise BadPattern("Match value must be String, number, true, false, or null")
    return _equals(wanted)


def _one_key(wanted: Mapping[str, Any]) -> str:
    if len(wanted) != 1:
        raise BadPattern("Only one key allowed in match expression")
    return next(iter(wanted))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _equals(wanted: Any) -> Test:
    if _is_number(wanted):
        return lambda value: _is_number(value) and value == wanted
    return lambda value: type(value) is type(wanted) and value == wanted


def _texts(name: str, wanted: Any) -> list[str]:
    texts = wanted if isinstance(wanted, list) else [wanted]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise BadPattern(f"{name} match pattern must be a string")
    return texts


def _text_test(name: str, wanted: Any, fits: Callable[[str, str], bool]) -> Test:
    """A test of strings, with any of several texts; ``equals-ignore-case`` inside folds the case."""
    fold: Callable[[str], str] = str
    if isinstance(wanted, dict):
        if _one_key(wanted) != "equals-ignore-case":
            raise BadPattern(f"Unsupported anything-but pattern: {_one_key(wanted)}")
        wanted, fold = wanted["equals-ignore-case"], str.lower
    texts = [fold(text) for text in _texts(name, wanted)]
    return lambda value: isinstance(value, str) and any(fits(fold(value), text) for text in texts)


def _prefix(wanted: Any) -> Test:
    return _text_test("prefix", wanted, str.startswith)


def _suffix(wanted: Any) -> Test:
    return _text_test("suffix", wanted, str.endswith)


def _ignore_case(wanted: Any) -> Test:
    folded = [text.lower() for text in _texts("equals-ignore-case", wanted)]
    return lambda value: isinstance(value, str) and value.lower() in folded


def _wildcard(wanted: Any) -> Test:
    found = [_glob(text) for text in _texts("wildcard", wanted)]
    return lambda value: isinstance(value, str) and any(glob.fullmatch(value) for glob in found)


def _glob(text: str) -> re.Pattern[str]:
    r"""``*`` stands for any characters; ``\*`` and ``\\`` are a star and a backslash."""
    if "**" in text:
        raise BadPattern(f"Consecutive wildcard characters at pos {text.index('**')}")
    parts = re.findall(r"\\[*\\]|\\|\*|[^*\\]+", text)
    if "\\" in parts:
        raise BadPattern("Invalid escape character at pos " + str(text.index("\\")))
    return re.compile(
        "".join(".*" if part == "*" else re.escape(part[1:] if part[0] == "\\" else part) for part in parts),
        re.DOTALL,
    )


def _anything_but(wanted: Any) -> Test:
    if isinstance(wanted, dict):
        name = _one_key(wanted)
        if name not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
            raise BadPattern(f"Unsupported anything-but pattern: {name}")
        fits = _OPERATORS[name](wanted[name])
        return lambda value: not fits(value)
    values = wanted if isinstance(wanted, list) else [wanted]
    if not values or not all(isinstance(value, str) or _is_number(value) for value in values):
        raise BadPattern("Inside anything but list, start|null|boolean is not supported.")
    tests = [_equals(value) for value in values]
    return lambda value: not any(test(value) for test in tests)


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda value, limit: value == limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}


def _numeric(wanted: Any) -> Test:
    if not isinstance(wanted, list):
        raise BadPattern("Value of numeric must be an array.")
    if len(wanted) not in (2, 4):
        raise BadPattern("Invalid member in numeric match: a condition is an operator and a number")
    steps: list[tuple[str, float]] = list(zip(wanted[::2], wanted[1::2], strict=True))
    for operator, limit in steps:
        if operator not in _COMPARE:
            raise BadPattern(f"Unrecognized numeric range operator: {operator}")
        if not _is_number(limit):
            raise BadPattern(f"Value of {operator} must be numeric")
        if abs(limit) > NUMBER_MAX:
            raise BadPattern(f"Value must be between -{NUMBER_MAX:.1e} and {NUMBER_MAX:.1e}, inclusive")
    if len(steps) == 2 and not (steps[0][0] in (">", ">=") and steps[1][0] in ("<", "<=")):
        raise BadPattern("Bad numeric range operator: a range is a lower and then an upper limit")
    if len(steps) == 2 and steps[0][1] >= steps[1][1]:
        raise BadPattern("Bottom must be less than top")
    return lambda value: (
        _is_number(value) and all(_COMPARE[operator](value, limit) for operator, limit in steps)
    )


def _cidr(wanted: Any) -> Test:
    try:
        network = ipaddress.ip_network(str(wanted), strict=False)
    except ValueError:
        raise BadPattern(f"Malformed CIDR, one '/' required: {wanted}") from None

    def inside(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return inside


_OPERATORS: dict[str, Callable[[Any], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignore_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}
