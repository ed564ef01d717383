"""Expressions of the query language: read once, worked out for every record, or for a group of records."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labkit.localcloud.telemetry.insights.functions import GROUPS, VALUES, span_ms
from labkit.localcloud.telemetry.insights.records import Record, number
from labkit.localcloud.telemetry.insights.tokens import MalformedQuery, Token

Rows = Sequence[Record]
Expression = Callable[[Rows], Any]
"""Worked out on the records of a group; outside of aggregations on its first one, mostly the only one."""

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip
_SUMS = {"+": operator.add, "-": operator.sub}
_PRODUCTS = {"*": operator.mul, "/": operator.truediv, "%": operator.mod}


class Reader:
    """Reads expressions from the words of a query, from ``at`` on."""

    def __init__(self, words: list[Token], now_ms: int) -> None:
        self.words, self.at, self._now_ms = words, 0, now_ms
        self.aggregates = False  # whether an aggregation was read since this was last set to False

    def peek(self, *values: str) -> bool:
        """Whether the next word is one of these (no case)."""
        if self.at >= len(self.words):
            return False
        word = self.words[self.at]
        return word.kind in ("name", "sign") and word.value.lower() in values

    def take(self, *values: str) -> bool:
        """Goes on if the next word is one of these."""
        found = self.peek(*values)
        self.at += found
        return found

    def next(self, *kinds: str) -> Token:
        """The next word, which has to be of one of these kinds."""
        if self.at >= len(self.words):
            raise MalformedQuery("unexpected end of the query")
        word = self.words[self.at]
        if kinds and word.kind not in kinds:
            raise self.unexpected()
        self.at += 1
        return word

    def need(self, sign: str) -> None:
        if not self.take(sign):
            raise self.unexpected()

    def unexpected(self) -> MalformedQuery:
        if self.at >= len(self.words):
            return MalformedQuery("unexpected end of the query")
        word = self.words[self.at]
        return MalformedQuery(f"unexpected symbol found {word.value} at position {word.position}")

    def expression(self) -> Expression:
        """The whole of an expression: ``or`` binds least."""
        parts = [self._all()]
        while self.take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda rows: any(truth(part(rows)) for part in parts)

    def _all(self) -> Expression:
        parts = [self._negated()]
        while self.take("and"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else lambda rows: all(truth(part(rows)) for part in parts)

    def _negated(self) -> Expression:
        if self.take("not"):
            inner = self._negated()
            return lambda rows: not truth(inner(rows))
        return self._comparison()

    def _comparison(self) -> Expression:
        left = self._chain(_SUMS, lambda: self._chain(_PRODUCTS, self._power))
        if self.peek(*_COMPARISONS):
            compare = _COMPARISONS[self.next().value]
            right = self._chain(_SUMS, lambda: self._chain(_PRODUCTS, self._power))
            return lambda rows: _compare(compare, left(rows), right(rows))
        negated = self.take("not")
        if self.take("like", "=~"):
            found = self._pattern()
            return lambda rows: found(left(rows)) != negated
        if self.take("in"):
            self.need("[")
            choices = self.listed()
            self.need("]")
            return lambda rows: any(
                _compare(operator.eq, left(rows), choice(rows)) for choice in choices
            ) != negated  # fmt: skip
        if negated:
            raise self.unexpected()
        return left

    def _pattern(self) -> Callable[[Any], bool]:
        word = self.next("text", "regex")
        if word.kind == "text":
            return lambda value: value is not None and word.value in str(value)
        pattern = compiled(word.value)
        return lambda value: value is not None and pattern.search(str(value)) is not None

    def _chain(self, signs: Mapping[str, Callable[..., Any]], part: Callable[[], Expression]) -> Expression:
        left = part()
        while self.peek(*signs):
            left = _arithmetic(signs[self.next().value], left, part())
        return left

    def _power(self) -> Expression:
        base = self._single()
        return _arithmetic(operator.pow, base, self._power()) if self.take("^") else base

    def _single(self) -> Expression:
        if self.take("("):
            inner = self.expression()
            self.need(")")
            return inner
        if self.take("-"):
            inner = self._single()
            return _arithmetic(operator.sub, lambda rows: 0, inner)
        word = self.next("text", "number", "span", "name")
        if word.kind == "number":
            value = number(word.value)
            return lambda rows: value
        if word.kind == "span":
            return lambda rows: span_ms(word.value)
        if word.kind == "text":
            return lambda rows: word.value
        if self.take("("):
            return self._call(word)
        return lambda rows: rows[0].get(word.value) if rows else None

    def _call(self, word: Token) -> Expression:
        name = word.value.lower()
        if name == "count" and self.take("*"):
            self.need(")")
            self.aggregates = True
            return len
        arguments = [] if self.peek(")") else self.listed()
        self.need(")")
        if name == "now":
            return lambda rows: self._now_ms // 1000
        if name == "bin":
            (period,) = arguments or (lambda rows: None,)
            return lambda rows: VALUES["datefloor"](rows[0].get("@timestamp"), period(rows))
        if name in GROUPS:
            self.aggregates = True
            if not arguments:
                return len
            return _aggregation(name, arguments[0], arguments[1:])
        if name not in VALUES:
            raise MalformedQuery(f"no function {word.value} (position {word.position}) is supported here")
        apply = VALUES[name]
        return lambda rows: _applied(apply, [argument(rows) for argument in arguments])

    def listed(self) -> list[Expression]:
        """Expressions between commas."""
        found = [self.expression()]
        while self.take(","):
            found.append(self.expression())
        return found


def compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression, with groups named as in Java.

    Raises:
        MalformedQuery: it is none.
    """
    try:
        return re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern))
    except re.error as problem:
        raise MalformedQuery(f"invalid regular expression {pattern}: {problem}") from None


def truth(value: Any) -> bool:
    """Whether a record with this value of a filter stays."""
    return value is True or (value not in (None, False, "") and number(value) != 0)


def _compare(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """Numbers where both are; a field that is not there is unequal to everything."""
    if left is None or right is None:
        return compare is operator.ne
    numbers = number(left), number(right)
    if None not in numbers:
        return compare(*numbers)
    return compare(str(left), str(right))


def _arithmetic(apply: Callable[..., Any], left: Expression, right: Expression) -> Expression:
    def work(rows: Rows) -> Any:
        numbers = number(left(rows)), number(right(rows))
        if None in numbers:
            return None
        try:
            return apply(*numbers)
        except (ZeroDivisionError, OverflowError, ValueError):
            return None

    return work


def _aggregation(name: str, argument: Expression, more: list[Expression]) -> Expression:
    def work(rows: Rows) -> Any:
        if name in ("earliest", "latest"):
            rows = sorted(rows, key=lambda row: row.get("@timestamp") or 0)
        return GROUPS[name]([argument([row]) for row in rows], *(each(rows) for each in more))

    return work


def _applied(apply: Callable[..., Any], arguments: list[Any]) -> Any:
    try:
        return apply(*arguments)
    except (TypeError, ValueError):
        return None
