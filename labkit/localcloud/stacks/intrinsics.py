"""The intrinsic functions. What cannot be known yet stays in the template's form: ``{"Ref": "Bucket"}``."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from labkit.localcloud.stacks.errors import template_error

NO_VALUE = object()
# AWS's sentences.
_WRONG = {
    "Fn::FindInMap": "every Fn::FindInMap object requires three parameters, the map name, map key and the "
    "attribute for return value",
    "Fn::GetAtt": "Fn::GetAtt object requires two non-empty parameters, the resource name and the "
    "resource attribute",
    "Fn::Join": "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
    "strings to be joined",
    "Fn::Select": "Fn::Select requires a list argument with two elements: an integer index and a list",
    "Fn::Split": "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string "
    "to be split",
    "Fn::Sub": "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string "
    "as first argument, and an optional second argument to specify a mapping of values to replace in the "
    "string",
}
_VARIABLE = re.compile(r"\$\{(!?)([^{}]+)\}")


class Scope(Protocol):
    """What functions can ask for. ``ref`` and ``attribute`` answer with the open form while unknown."""

    mappings: Mapping[str, Any]

    def ref(self, name: str) -> Any:
        """The value of a parameter or a pseudo parameter, or the physical id of a resource."""

    def attribute(self, logical_id: str, name: str) -> Any:
        """An attribute of a resource."""

    def condition(self, name: str) -> bool:
        """Whether a condition holds."""

    def imported(self, name: str) -> str:
        """The value that another stack exports."""


def evaluate(node: Any, scope: Scope) -> Any:
    """A template's value with its functions applied; NO_VALUE where ``AWS::NoValue`` was said.

    Raises:
        StackError: ValidationError: a function is misused, or names what is not there.
    """
    if isinstance(node, list):
        values = (evaluate(item, scope) for item in node)
        return [value for value in values if value is not NO_VALUE]
    if not isinstance(node, Mapping):
        return node
    name = function_of(node)
    if name is not None:
        return FUNCTIONS[name](node[name], scope)
    found = {key: evaluate(value, scope) for key, value in node.items()}
    return {key: value for key, value in found.items() if value is not NO_VALUE}


def function_of(node: Any) -> str | None:
    """The function that a map is a call of."""
    if isinstance(node, Mapping) and len(node) == 1:
        name = next(iter(node))
        if name in FUNCTIONS and (name != "Condition" or isinstance(node[name], str)):
            return str(name)
    return None


def is_open(value: Any) -> bool:
    """Whether something in a value is not known yet."""
    if isinstance(value, list):
        return any(map(is_open, value))
    if isinstance(value, Mapping):
        return function_of(value) is not None or any(map(is_open, value.values()))
    return False


def references(node: Any, condition: Callable[[str], bool] | None = None) -> Iterator[tuple[str, str | None]]:
    """Every name that a value asks for, with the attribute or None.

    Args:
        condition: says which branch of Fn::If counts; without it both do.
    """
    if isinstance(node, list):
        for item in node:
            yield from references(item, condition)
        return
    if not isinstance(node, Mapping):
        return
    match function_of(node):
        case "Ref":
            yield str(node["Ref"]), None
        case "Fn::GetAtt":
            yield _get_att(node["Fn::GetAtt"])
        case "Fn::Sub":
            yield from _in_text(node["Fn::Sub"])
            if isinstance(node["Fn::Sub"], list):
                yield from references(node["Fn::Sub"][1:], condition)
        case "Fn::If" if (
            condition is not None and isinstance(node["Fn::If"], list) and len(node["Fn::If"]) == 3
        ):
            name, yes, no = node["Fn::If"]
            yield from references(yes if condition(name) else no, condition)
        case _:
            for value in node.values():
                yield from references(value, condition)


def _in_text(value: Any) -> Iterator[tuple[str, str | None]]:
    text, given = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, {})
    for literal, name in _VARIABLE.findall(str(text)):
        if not literal and name not in given:
            logical_id, _, attribute = name.strip().partition(".")
            yield logical_id, attribute or None


def _get_att(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        value = value.split(".", 1)
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(each, str) for each in value):
        raise template_error(_WRONG["Fn::GetAtt"])
    return value[0], ".".join(value[1:])


def _ref(value: Any, scope: Scope) -> Any:
    if not isinstance(value, str):
        raise template_error("every Ref object must have a single String value.")
    return NO_VALUE if value == "AWS::NoValue" else scope.ref(value)


def _attribute(value: Any, scope: Scope) -> Any:
    if isinstance(value, list):
        value = [evaluate(each, scope) for each in value]
    return scope.attribute(*_get_att(value))


def _sub(value: Any, scope: Scope) -> Any:
    text, given = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, {})
    if not isinstance(text, str) or not isinstance(given, Mapping):
        raise template_error(_WRONG["Fn::Sub"])
    variables = {name: evaluate(each, scope) for name, each in given.items()}
    waiting: list[bool] = []

    def replaced(match: re.Match[str]) -> str:
        literal, name = match[1], match[2].strip()
        if literal:
            return f"${{{match[2]}}}"
        logical_id, _, attribute = name.partition(".")
        if name in variables:
            found = variables[name]
        elif attribute:
            found = scope.attribute(logical_id, attribute)
        else:
            found = scope.ref(logical_id)
        if is_open(found):
            waiting.append(True)
        return _text(found, f"Fn::Sub of {name}")

    made = _VARIABLE.sub(replaced, text)
    return {"Fn::Sub": value} if waiting else made


def _join(value: Any, scope: Scope) -> Any:
    value = evaluate(value, scope)
    if is_open(value):
        return {"Fn::Join": value}
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], list):
        raise template_error(_WRONG["Fn::Join"])
    return str(value[0]).join(_text(each, "Fn::Join") for each in value[1])


def _select(value: Any, scope: Scope) -> Any:
    value = evaluate(value, scope)
    if is_open(value):
        return {"Fn::Select": value}
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], list):
        raise template_error(_WRONG["Fn::Select"])
    index = str(value[0])
    if not index.isdecimal() or int(index) >= len(value[1]):
        raise template_error(f"Fn::Select cannot select nonexistent value at index {index}")
    return value[1][int(index)]


def _split(value: Any, scope: Scope) -> Any:
    value = evaluate(value, scope)
    if is_open(value):
        return {"Fn::Split": value}
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(each, str) for each in value):
        raise template_error(_WRONG["Fn::Split"])
    return value[1].split(value[0])


def _if(value: Any, scope: Scope) -> Any:
    if not isinstance(value, list) or len(value) != 3:
        raise template_error("Fn::If requires a list argument with three elements")
    return evaluate(value[1] if scope.condition(str(value[0])) else value[2], scope)


def _find_in_map(value: Any, scope: Scope) -> Any:
    value = evaluate(value, scope)
    if not isinstance(value, list) or len(value) != 3 or is_open(value):
        raise template_error(_WRONG["Fn::FindInMap"])
    name, top, second = map(str, value)
    try:
        return scope.mappings[name][top][second]
    except (KeyError, TypeError):
        raise template_error(f"Unable to get mapping for {name}::{top}::{second}") from None


def _base64(value: Any, scope: Scope) -> Any:
    value = evaluate(value, scope)
    if is_open(value):
        return {"Fn::Base64": value}
    return base64.b64encode(_text(value, "Fn::Base64").encode()).decode()


def _import(value: Any, scope: Scope) -> Any:
    value = evaluate(value, scope)
    return {"Fn::ImportValue": value} if is_open(value) else scope.imported(str(value))


def _equals(value: Any, scope: Scope) -> bool:
    value = evaluate(value, scope)
    if not isinstance(value, list) or len(value) != 2:
        raise template_error("Fn::Equals requires a list argument with two elements")
    first, second = (_scalar(each) for each in value)
    return bool(first == second)


def _not(value: Any, scope: Scope) -> bool:
    return not _booleans("Fn::Not", value, scope, 1, 1)[0]


def _and(value: Any, scope: Scope) -> bool:
    return all(_booleans("Fn::And", value, scope, 2, 10))


def _or(value: Any, scope: Scope) -> bool:
    return any(_booleans("Fn::Or", value, scope, 2, 10))


def _booleans(name: str, value: Any, scope: Scope, least: int, most: int) -> list[bool]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise template_error(
            f"every {name} object requires a list of at least {least} and at most {most} boolean parameters."
        )
    return [_true(evaluate(each, scope)) for each in value]


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _scalar(value: Any) -> Any:
    return value if isinstance(value, list | Mapping) else _text(value, "Fn::Equals")


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is NO_VALUE or value is None:
        return ""
    if isinstance(value, list):
        raise template_error(f"{where} needs a string, not a list")
    return str(value)


def _condition(value: Any, scope: Scope) -> bool:
    return scope.condition(str(value))


FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Condition": _condition,
    "Fn::And": _and,
    "Fn::Base64": _base64,
    "Fn::Equals": _equals,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _attribute,
    "Fn::If": _if,
    "Fn::ImportValue": _import,
    "Fn::Join": _join,
    "Fn::Not": _not,
    "Fn::Or": _or,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
}
_LANGUAGE = "It belongs to AWS::LanguageExtensions: write it out, or use an AWS account."
_NO_VPC = "There is no VPC here: leave networks out."
NOT_HERE_FUNCTIONS = {
    "Fn::Cidr": _NO_VPC,
    "Fn::GetAZs": _NO_VPC,
    "Fn::ForEach": _LANGUAGE,
    "Fn::Length": _LANGUAGE,
    "Fn::ToJsonString": _LANGUAGE,
}
