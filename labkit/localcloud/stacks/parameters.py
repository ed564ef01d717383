"""The parameters of a template: what was given, checked, with defaults and with what SSM keeps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.localcloud.stacks.errors import format_error, invalid, not_here

HIDDEN = "****"
_PLAIN = ("String", "Number", "CommaDelimitedList", "List<Number>")
_LISTS = ("CommaDelimitedList", "List<")
_SSM = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
_ATTRIBUTES = frozenset(
    [
        "Type",
        "Default",
        "NoEcho",
        "AllowedValues",
        "AllowedPattern",
        "MaxLength",
        "MinLength",
        "MaxValue",
        "MinValue",
        "Description",
        "ConstraintDescription",
    ]
)


@dataclass(frozen=True)
class Value:
    """The value of one parameter.

    Attributes:
        given: the text that was given, or the default.
        value: what Ref answers, a text or a list.
        hidden: NoEcho.
        resolved: what SSM keeps, where the type says so.
    """

    given: str
    value: str | list[str]
    hidden: bool = False
    resolved: str | None = None

    @property
    def shown(self) -> str:
        return HIDDEN if self.hidden else self.given


def values(
    declared: Mapping[str, Mapping[str, Any]],
    given: Mapping[str, str],
    look_up: Callable[[str, str], str],
) -> dict[str, Value]:
    """The values of all declared parameters.

    Args:
        look_up: the value that SSM keeps under a name, for a parameter.

    Raises:
        StackError: ValidationError: one is missing, unknown or breaks its constraints.
    """
    for name, definition in declared.items():
        _check_declared(name, definition)
    if unknown := [name for name in given if name not in declared]:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name in declared if name not in given and "Default" not in declared[name]]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return {
        name: _value(name, definition, text_of(given.get(name, definition.get("Default"))), look_up)
        for name, definition in declared.items()
    }


def text_of(value: Any) -> str:
    """A default as text: templates may write numbers and booleans."""
    if isinstance(value, list):
        return ",".join(map(text_of, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_declared(name: str, definition: Any) -> None:
    kind = definition.get("Type") if isinstance(definition, Mapping) else None
    if kind is None:
        raise format_error("Every Parameters object must contain a Type member.")
    if unknown := [each for each in definition if each not in _ATTRIBUTES]:
        raise format_error(f"Invalid template parameter property '{unknown[0]}'")
    stored = _SSM.fullmatch(kind)
    inner = stored[1] if stored else kind
    if inner not in _PLAIN and inner not in ("List<String>", "AWS::SSM::Parameter::Name"):
        if inner.startswith(("AWS::", "List<AWS::")):
            raise not_here(f"The parameter type {kind} of {name}", "Use String.")
        raise format_error(f"Unrecognized parameter type: {kind}")


def _value(name: str, definition: Mapping[str, Any], given: str, look_up: Callable[[str, str], str]) -> Value:
    kind = definition["Type"]
    hidden = str(definition.get("NoEcho", "")).lower() == "true"
    stored = _SSM.fullmatch(kind)
    if stored:
        kind, resolved = stored[1], look_up(name, given)
        return Value(given, _listed(kind, resolved), hidden, resolved)
    _check(name, definition, given)
    return Value(given, _listed(kind, given), hidden)


def _listed(kind: str, text: str) -> str | list[str]:
    if not kind.startswith(_LISTS):
        return text
    return [each.strip() for each in text.split(",")] if text else []


def _check(name: str, definition: Mapping[str, Any], given: str) -> None:
    said = definition.get("ConstraintDescription")

    def refuse(otherwise: str) -> Exception:
        return invalid(f"Parameter '{name}' {f'failed to satisfy constraint: {said}' if said else otherwise}")

    kind = definition["Type"]
    items = _listed(kind, given)
    for item in items if isinstance(items, list) else [items]:
        allowed = definition.get("AllowedValues")
        if allowed is not None and item not in map(text_of, allowed):
            raise refuse(f"must be one of AllowedValues: [{', '.join(map(text_of, allowed))}]")
        pattern = definition.get("AllowedPattern")
        if pattern is not None and not re.fullmatch(pattern, item):
            raise refuse(f"must match pattern {pattern}")
        if "Number" in kind:
            _check_number(definition, item, refuse)
    if kind == "String":
        if len(given) < int(definition.get("MinLength", 0)):
            raise refuse(f"must contain at least {definition['MinLength']} characters")
        if "MaxLength" in definition and len(given) > int(definition["MaxLength"]):
            raise refuse(f"must contain at most {definition['MaxLength']} characters")


def _check_number(definition: Mapping[str, Any], item: str, refuse: Callable[[str], Exception]) -> None:
    try:
        number = float(item)
    except ValueError:
        raise refuse("must be a number") from None
    if "MinValue" in definition and number < float(definition["MinValue"]):
        raise refuse(f"must be a number not less than {definition['MinValue']}")
    if "MaxValue" in definition and number > float(definition["MaxValue"]):
        raise refuse(f"must be a number not greater than {definition['MaxValue']}")
