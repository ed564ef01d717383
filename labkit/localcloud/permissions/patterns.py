"""Wildcards and policy variables of IAM: ``*``, ``?``, ``${aws:username}``. Knows no policy, only patterns.

Rules: IAM User Guide, "IAM JSON policy elements: Resource" (wildcards in ARNs) and "Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

_VARIABLE = re.compile(r"\$\{([^}]*)\}")

Resolve = Callable[[str], str | None]
"""Gives the value of a condition key (any case), None when the request does not have it."""


class _Value(str):
    """The value of a variable: its own ``*``, ``?`` and ``:`` mean themselves."""


@lru_cache(maxsize=8192)
def glob(pattern: str) -> re.Pattern[str]:
    """``*`` for any run of characters, ``?`` for any one; everything else means itself."""
    return re.compile(_glob_expression(pattern), re.DOTALL)


@lru_cache(maxsize=8192)
def arn_glob(pattern: str) -> re.Pattern[str]:
    """As ``glob``, but a ``*`` inside one of an ARN's first five segments stays inside that segment.

    At the end of a segment it may run on over the colons, as AWS documents for the Resource element.
    """
    return re.compile(_arn_expression(pattern), re.DOTALL)


def has_variables(pattern: str) -> bool:
    """Whether a pattern has ``${...}`` in it."""
    return "${" in pattern


def expand(pattern: str, resolve: Resolve) -> re.Pattern[str] | None:
    """``glob`` for a pattern with variables; None when a variable has no value in this request."""
    tokens = _substituted(pattern, resolve)
    return None if tokens is None else _compiled(_glob_expression(tokens))


def expand_arn(pattern: str, resolve: Resolve) -> re.Pattern[str] | None:
    """``arn_glob`` for a pattern with variables; None when a variable has no value in this request."""
    tokens = _substituted(pattern, resolve)
    return None if tokens is None else _compiled(_arn_expression(tokens))


def substitute(text: str, resolve: Resolve) -> str | None:
    """The text with its variables replaced, for comparisons without wildcards."""
    if not has_variables(text):
        return text
    tokens = _substituted(text, resolve)
    return None if tokens is None else "".join(tokens)


@lru_cache(maxsize=2048)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)


def _substituted(pattern: str, resolve: Resolve) -> list[str] | None:
    """The pattern as single characters and values."""
    tokens: list[str] = []
    position = 0
    for match in _VARIABLE.finditer(pattern):
        value = _value(match[1], resolve)
        if value is None:
            return None
        tokens += [*pattern[position : match.start()], _Value(value)]
        position = match.end()
    return [*tokens, *pattern[position:]]


def _value(name: str, resolve: Resolve) -> str | None:
    """``${*}``, ``${?}`` and ``${$}`` write these characters; ``${key, 'default'}`` has a default."""
    if name in ("*", "?", "$"):
        return name
    key, comma, default = name.partition(",")
    value = resolve(key.strip())
    if value is None and comma:
        return default.strip().strip("'")
    return value


def _glob_expression(tokens: Sequence[str]) -> str:
    return "".join(_token(token, ".*", ".") for token in tokens)


def _arn_expression(tokens: Sequence[str]) -> str:
    segments: list[list[str]] = [[]]
    for token in tokens:
        if token == ":" and not isinstance(token, _Value) and len(segments) < 6:
            segments.append([])
        else:
            segments[-1].append(token)
    if segments[0] != list("arn"):
        return _glob_expression(tokens)
    heads, tail = segments[:5], segments[5:]
    return ":".join([*map(_head_expression, heads), *map(_glob_expression, tail)])


def _head_expression(segment: Sequence[str]) -> str:
    expression = "".join(_token(token, "[^:]*", "[^:]") for token in segment)
    return expression.removesuffix("[^:]*") + ".*" if expression.endswith("[^:]*") else expression


def _token(token: str, star: str, question: str) -> str:
    if not isinstance(token, _Value):
        if token == "*":
            return star
        if token == "?":
            return question
    return re.escape(token)
