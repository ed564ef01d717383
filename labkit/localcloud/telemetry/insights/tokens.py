"""The words of a query, one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<regex>/(?:[^/\\\n]|\\.)+/)
      | (?P<span>\d+(?:ms|msec|mins?|[smhdw]|mo|q|y)\b)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<quoted>`[^`]+`)
      | (?P<name>@?[A-Za-z_][\w@]*(?:\.[\w@]+)*)
      | (?P<sign>!=|<=|>=|=~|[=<>+\-*/%^(),|\[\]])""",
    re.VERBOSE,
)
_AFTER_A_VALUE = ("number", "text", "name", "quoted", "span")


class MalformedQuery(Exception):
    """A query that Logs Insights, or this cloud, does not take."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word. ``kind``: text, regex, span, number, name or sign; ``value`` without quotes."""

    kind: str
    value: str
    position: int


def tokens(query: str) -> list[Token]:
    """All words of a query, comments and spaces left out.

    Raises:
        MalformedQuery: a character that has no place in a query.
    """
    found: list[Token] = []
    position = 0
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is not None and match.lastgroup == "regex" and _divides(found):
            match = re.compile("(?P<sign>/)").match(query, position)
        if match is None:
            raise MalformedQuery(f"unexpected symbol found {query[position]} at position {position + 1}")
        kind, value = str(match.lastgroup), match[0]
        position = match.end()
        if kind == "space":
            continue
        if kind == "text":
            value = re.sub(r"\\([\"'])", r"\1", value[1:-1])
        elif kind == "regex":
            value = value[1:-1].replace("\\/", "/")
        elif kind == "quoted":
            kind, value = "name", value[1:-1]
        found.append(Token(kind, value, match.start() + 1))
    return found


def _divides(before: list[Token]) -> bool:
    """Whether a slash after these words divides, as in ``a / b``: then it begins no pattern."""
    if not before:
        return False
    last = before[-1]
    if last.kind == "name":
        return last.value.lower() not in ("like", "parse", "in", "and", "or", "not") and not (
            len(before) > 1 and before[-2].value.lower() == "parse"
        )
    return last.kind in _AFTER_A_VALUE or last.value == ")"
