"""Mapping templates: text with references, the small part of VTL that needs no program. Pure.

A template with a directive (``#set``, ``#if``, ``#foreach``) or a reference that is not known here is refused
when it is put, not when the first request comes. Source: API Gateway guide, "Mapping template reference".
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, unquote_plus

_DIRECTIVE = re.compile(r"#(?:[a-zA-Z@{*\[#])")
_NAME = re.compile(r"[\w-]+", re.ASCII)
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']*)'\]", re.ASCII)


class BadTemplate(ValueError):
    """A template has something that is not supported here. The text names it."""


@dataclass(frozen=True)
class Input:
    """What templates read of a request or an answer.

    Attributes:
        params: path, query string and headers, for ``$input.params('name')``, in that order.
    """

    body: str
    params: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)
    stage_variables: Mapping[str, str] = field(default_factory=dict)


Part = Callable[[Input], str]


def parse(text: str) -> tuple[Part, ...]:
    """The parts of a template, in order.

    Raises:
        BadTemplate: a directive, or a reference that is not known here.
    """
    if (found := _DIRECTIVE.search(text)) is not None:
        raise BadTemplate(f"the directive at '{text[found.start() : found.start() + 12]}'")
    parts: list[Part] = []
    at = 0
    while (start := text.find("$", at)) >= 0:
        parts.append(_literal(text[at:start]))
        part, at = _reference(text, start)
        parts.append(part)
    return (*parts, _literal(text[at:]))


def render(text: str, given: Input) -> str:
    """The template filled in."""
    return "".join(part(given) for part in parse(text))


def _literal(text: str) -> Part:
    return lambda _: text


def _reference(text: str, at: int) -> tuple[Part, int]:
    """The reference that begins at a ``$``, and where it ends."""
    for name, read in _SIMPLE.items():
        if text.startswith(name, at) and not _NAME.match(text, at + len(name)):
            return read, at + len(name)
    for name, call in _WITH_TEXT.items():
        if text.startswith(f"{name}(", at) and (found := _QUOTED.match(text, at + len(name) + 1)):
            return call(found[1] or found[2] or ""), _closed(text, found.end())
    for name, change in _UTILITIES.items():
        if text.startswith(f"{name}(", at):
            inner, end = _reference(text, at + len(name) + 1)
            return _changed(change, inner), _closed(text, end)
    for name, look in (("$context.", _context), ("$stageVariables.", _variable)):
        if text.startswith(name, at) and (found := _NAME.match(text, at + len(name))):
            return look(found[0]), found.end()
    raise BadTemplate(f"'{text[at : at + 30]}'")


def _closed(text: str, at: int) -> int:
    if text[at : at + 1] != ")":
        raise BadTemplate(f"what stands at '{text[at : at + 12]}' instead of a closing parenthesis")
    return at + 1


def _changed(change: Callable[[str], str], inner: Part) -> Part:
    return lambda given: change(inner(given))


def _path(path: str) -> Part:
    """A string without its quotes, everything else as JSON."""
    steps = _steps(path)

    def read(given: Input) -> str:
        value = _dig(given.body, steps)
        return value if isinstance(value, str) else "" if value is None else json.dumps(value)

    return read


def _json(path: str) -> Part:
    steps = _steps(path)

    def read(given: Input) -> str:
        if not steps:
            return given.body or "{}"
        value = _dig(given.body, steps)
        return '""' if value is None else json.dumps(value)

    return read


def _steps(path: str) -> list[str | int]:
    if not path.startswith("$"):
        raise BadTemplate(f"the JSONPath '{path}'")
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            raise BadTemplate(f"the JSONPath '{path}'")
        steps.append(int(found[2]) if found[2] is not None else found[1] or found[3])
        at = found.end()
    return steps


def _dig(body: str, steps: list[str | int]) -> Any:
    try:
        value: Any = json.loads(body)
        for step in steps:
            value = value[step]
    except (ValueError, LookupError, TypeError):
        return None
    return value


def _param(name: str) -> Part:
    return lambda given: given.params.get(name, "")


def _context(name: str) -> Part:
    if name not in CONTEXT:
        raise BadTemplate(f"'$context.{name}'")
    return lambda given: given.context.get(name, "")


def _variable(name: str) -> Part:
    return lambda given: given.stage_variables.get(name, "")


def _escape(text: str) -> str:
    """As in a JavaScript string: JSON's escapes, and the apostrophe."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("'", "\\'").replace("/", "\\/")


def _decode(text: str) -> str:
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except ValueError:
        return ""


CONTEXT = ("requestId", "httpMethod", "stage", "apiId", "resourcePath", "requestTimeEpoch", "accountId")
_SIMPLE: dict[str, Part] = {"$input.body": lambda given: given.body}
_WITH_TEXT: dict[str, Callable[[str], Part]] = {
    "$input.path": _path,
    "$input.json": _json,
    "$input.params": _param,
}
_UTILITIES: dict[str, Callable[[str], str]] = {
    "$util.urlEncode": quote_plus,
    "$util.urlDecode": unquote_plus,
    "$util.escapeJavaScript": _escape,
    "$util.base64Encode": lambda text: base64.b64encode(text.encode()).decode(),
    "$util.base64Decode": _decode,
}
