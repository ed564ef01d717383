"""Resource ARNs from a request's parameters: ``table/{TableName}/index/{IndexName}``. Knows no service.

A template is written after ``arn:aws:<service>:{region}:{account}:`` unless it starts with ``arn:`` or is
``*``. A slot is ``{Path.To.Member|filter=default}``; lists on the way give one ARN for each element, ``%``
stands for the keys of a map. A first slot whose value is already an ARN replaces all that precedes it. A slot
without value and default makes the whole template give nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SLOT = re.compile(r"\{([\w.%-]+)(?:\|(\w+))?(?:=([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a call was made, and its parameters. ``bound``: those outside the body, which cost nothing."""

    region: str
    account_id: str
    params: Mapping[str, Any]
    bound: Mapping[str, Any]


Filter = Callable[[str, Scope], str]
"""Turns a parameter's value into what the ARN holds, or into a whole ARN."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a template, or a condition key's source: a parameter, filtered, or a default."""

    path: tuple[str, ...]
    filter: Filter | None = None
    default: str | None = None

    def values(self, scope: Scope) -> list[str]:
        """The values in this request; a structure in a list that lacks the member counts as the default."""
        if self.default is None:
            return self._found(scope.params, self.path, scope)
        elements = scope.params.get(self.path[0]) if len(self.path) > 1 else None
        if isinstance(elements, list):
            each = [self._found(element, self.path[1:], scope) or [self.default] for element in elements]
            return [value for values in each for value in values] or [self.default]
        return self._found(scope.params, self.path, scope) or [self.default]

    def _found(self, node: Any, path: tuple[str, ...], scope: Scope) -> list[str]:
        values = [_text(value) for value in dig(node, path) if not isinstance(value, Mapping)]
        return values if self.filter is None else [self.filter(value, scope) for value in values]


class Template:
    """A compiled template; ``fill`` gives the ARNs."""

    def __init__(self, text: str, service: str, filters: Mapping[str, Filter]) -> None:
        if text != "*" and not text.startswith("arn:"):
            text = f"arn:aws:{service}:{{region}}:{{account}}:{text}"
        self._literals: list[str] = []
        self._slots: list[Slot | str] = []
        position = 0
        for match in _SLOT.finditer(text):
            self._literals.append(text[position : match.start()])
            position = match.end()
            place = match[1]
            self._slots.append(place if place in ("region", "account") else slot_of(match, filters))
        self._literals.append(text[position:])

    def fill(self, scope: Scope) -> list[str]:
        """The ARNs, none when a slot has no value."""
        filled = [self._literals[0]]
        replaceable = True
        for slot, literal in zip(self._slots, self._literals[1:], strict=True):
            if isinstance(slot, str):
                place = scope.region if slot == "region" else scope.account_id
                filled = [head + place + literal for head in filled]
                continue
            values = slot.values(scope)
            if replaceable:
                head = filled[0]
                filled = [(value if value.startswith("arn:") else head + value) + literal for value in values]
                replaceable = False
            else:
                filled = [head + value + literal for head in filled for value in values]
        return filled


def slot_of(match: re.Match[str], filters: Mapping[str, Filter]) -> Slot:
    """The slot written as ``{path|filter=default}``."""
    return Slot(tuple(match[1].split(".")), filters[match[2]] if match[2] else None, match[3])


def dig(node: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """All values at a path, through lists; empty texts and None count as absent."""
    if isinstance(node, list):
        for element in node:
            yield from dig(element, path)
    elif not path:
        if node is not None and node != "":
            yield node
    elif isinstance(node, Mapping):
        if path[0] == "%":
            for key in node:
                yield from dig(key, path[1:])
        elif path[0] in node:
            yield from dig(node[path[0]], path[1:])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
