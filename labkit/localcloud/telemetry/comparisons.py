"""Conditions of filter patterns: comparisons joined by && and ||, with parentheses. Pure.

The same grammar serves JSON and space-delimited patterns; what a name means is told by whoever asks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MISSING = object()
Lookup = Callable[[Any], Any]
Condition = Callable[[Lookup], bool]


class BadPattern(Exception):
    """Why a pattern is none, as part of a sentence."""


_TOKEN = re.compile(
    r"""\s*(?: (?P<join>&&|\|\|) | (?P<paren>[()]) | (?P<operator>!=|>=|<=|=|<|>)
    | (?P<word>(?:IS\s+(?:NULL|TRUE|FALSE)|NOT\s+EXISTS)\b)
    | "(?P<quoted>(?:[^"\\]|\\.)*)" | %(?P<regex>[^%]+)%
    | (?P<bare>(?:\['[^']*'\]|\["[^"]*"\]|[^\s()"%=<>!&|])+) )""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def parse(text: str, name: Callable[[str], Any]) -> Condition:
    """A condition such as ``$.level = "ERROR" && ($.ms > 100 || $.retry IS TRUE)``.

    Args:
        name: makes of the left side what the lookup will be asked for.

    Raises:
        BadPattern: the text is no condition.
    """
    parser = _Parser(_tokens(text), name)
    condition = parser.either()
    if parser.tokens:
        raise BadPattern(f"there is something after its end: {parser.tokens[0].text!r}")
    return condition


def split(text: str, at: str) -> list[str]:
    """Splits at a character outside of quotes and regular expressions; parts are stripped."""
    parts = re.findall(rf'(?:"(?:[^"\\]|\\.)*"|%[^%]*%|[^{re.escape(at)}])+', text)
    return [part.strip() for part in parts]


def unescape(quoted: str) -> str:
    """The text that stands between double quotes, where a backslash protects the next character."""
    return re.sub(r"\\(.)", r"\1", quoted)


def regex(text: str) -> re.Pattern[str]:
    """A regular expression from between two ``%``."""
    try:
        return re.compile(text)
    except re.error as problem:
        raise BadPattern(f"%{text}% is no regular expression ({problem})") from None


def _tokens(text: str) -> list[_Token]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadPattern(f"{text[at:].strip()!r} cannot be read")
        at, kind = found.end(), found.lastgroup or ""
        tokens.append(_Token(kind, found[kind]))
    return tokens


class _Parser:
    def __init__(self, tokens: list[_Token], name: Callable[[str], Any]) -> None:
        self.tokens, self._name = tokens, name

    def either(self) -> Condition:
        parts = [self.both()]
        while self._next_is("join", "||"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda lookup: any(part(lookup) for part in parts)

    def both(self) -> Condition:
        parts = [self.one()]
        while self._next_is("join", "&&"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else lambda lookup: all(part(lookup) for part in parts)

    def one(self) -> Condition:
        if self._next_is("paren", "("):
            inside = self.either()
            if not self._next_is("paren", ")"):
                raise BadPattern("a closing parenthesis is missing")
            return inside
        reference = self._name(self._take("bare", "the name of a field").text)
        if self.tokens and self.tokens[0].kind == "word":
            return _state(reference, " ".join(self.tokens.pop(0).text.upper().split()))
        operator = self._take("operator", "a comparison").text
        return _compare(reference, operator, self._operand())

    def _operand(self) -> _Token:
        if self.tokens and self.tokens[0].kind in ("quoted", "regex", "bare"):
            return self.tokens.pop(0)
        raise BadPattern("a comparison has no value")

    def _take(self, kind: str, what: str) -> _Token:
        if not self.tokens or self.tokens[0].kind != kind:
            seen = repr(self.tokens[0].text) if self.tokens else "its end"
            raise BadPattern(f"{what} is expected before {seen}")
        return self.tokens.pop(0)

    def _next_is(self, kind: str, text: str) -> bool:
        if self.tokens and self.tokens[0] == _Token(kind, text):
            self.tokens.pop(0)
            return True
        return False


def _state(reference: Any, word: str) -> Condition:
    if word == "NOT EXISTS":
        return lambda lookup: lookup(reference) is MISSING
    wanted = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False}[word]
    return lambda lookup: lookup(reference) is wanted


def _compare(reference: Any, operator: str, operand: _Token) -> Condition:
    if operand.kind == "regex":
        if operator not in ("=", "!="):
            raise BadPattern("a regular expression goes with = and != only")
        return _textual(reference, operator, regex(operand.text), None)
    text = unescape(operand.text) if operand.kind == "quoted" else operand.text
    number = _number(text) if operand.kind == "bare" else None
    if operator in ("=", "!="):
        literal = operand.kind == "quoted" and not re.search(r"(?<!\\)\*", operand.text)
        pieces = [re.escape(piece) for piece in ([text] if literal else text.split("*"))]
        return _textual(reference, operator, re.compile(f"^{'.*'.join(pieces)}$", re.DOTALL), number)
    if number is None:
        raise BadPattern(f"{operator} goes with numbers only, not with {text!r}")
    return _ordered(reference, operator, number)


def _textual(reference: Any, operator: str, wanted: re.Pattern[str], number: float | None) -> Condition:
    """Equality: numbers by value, texts with wildcards; other kinds of values are never equal."""

    def equal(value: Any) -> bool:
        if number is not None and (have := _number(value)) is not None:
            return have == number
        return isinstance(value, str) and wanted.search(value) is not None

    def condition(lookup: Lookup) -> bool:
        value = lookup(reference)
        if value is MISSING or value is None:
            return False
        return equal(value) == (operator == "=")

    return condition


def _ordered(reference: Any, operator: str, number: float) -> Condition:
    def condition(lookup: Lookup) -> bool:
        have = _number(lookup(reference))
        if have is None:
            return False
        return {
            "<": have < number,
            ">": have > number,
            "<=": have <= number,
            ">=": have >= number,
        }[operator]

    return condition


def _number(value: Any) -> float | None:
    """A number of JSON, or a text that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None
