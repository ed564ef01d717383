"""CloudWatch Logs filter patterns: terms, space-delimited fields, and JSON (see json_patterns). Pure.

Source: AWS, "Filter pattern syntax for metric filters, subscription filters, filter log events, and
Live Tail".
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Protocol

from labkit.errors import LabError
from labkit.localcloud.telemetry import comparisons, json_patterns
from labkit.localcloud.telemetry.comparisons import BadPattern

PATTERN_MAX = 1024


class InvalidParameterException(LabError):
    """A filter pattern that CloudWatch Logs does not take."""


class Pattern(Protocol):
    """A parsed filter pattern."""

    def matches(self, message: str) -> bool:
        """Whether a log event's message fits."""

    def value(self, message: str, reference: str) -> object:
        """What ``$.selector`` or ``$field`` means in a message; None when there is no such thing."""


@functools.lru_cache(maxsize=256)
def parse(pattern: str | None) -> Pattern:
    """A filter pattern, ready to be applied.

    Raises:
        InvalidParameterException: the pattern breaks the syntax or is longer than 1,024 characters.
    """
    text = (pattern or "").strip()
    try:
        if len(text) > PATTERN_MAX:
            raise BadPattern(f"it is longer than {PATTERN_MAX} characters")
        if text.startswith("{"):
            return json_patterns.parse(text)
        if text.startswith("["):
            return _parse_fields(text)
        return _parse_terms(text)
    except BadPattern as problem:
        raise InvalidParameterException(
            f"Invalid filter pattern {text[:200]!r}: {problem}. "
            "Correct the pattern; JSON patterns stand in { }, space-delimited ones in [ ]."
        ) from None


def extracted(pattern: Pattern, message: str) -> dict[str, str] | None:
    """The fields of a space-delimited pattern, by name; None for patterns of other kinds."""
    return pattern.named(message) if isinstance(pattern, _Fields) else None


def matches(pattern: str | None, message: str) -> bool:
    """Whether a log event's message fits a filter pattern; the empty pattern fits all.

    Raises:
        InvalidParameterException: the pattern breaks the syntax.
    """
    return parse(pattern).matches(message)


# Terms


@dataclass(frozen=True)
class _Term:
    text: str
    regex: re.Pattern[str] | None = None

    def found_in(self, message: str) -> bool:
        return self.regex.search(message) is not None if self.regex else self.text in message


@dataclass(frozen=True)
class _Terms:
    """All of ``required`` and none of ``excluded``; beside them AWS ignores ``optional`` terms, which by
    themselves ask for one of them."""

    required: tuple[_Term, ...]
    optional: tuple[_Term, ...]
    excluded: tuple[_Term, ...]

    def matches(self, message: str) -> bool:
        return (
            all(term.found_in(message) for term in self.required)
            and not any(term.found_in(message) for term in self.excluded)
            and (bool(self.required or self.excluded) or self._one_optional(message))
        )

    def value(self, message: str, reference: str) -> object:
        return None

    def _one_optional(self, message: str) -> bool:
        return not self.optional or any(term.found_in(message) for term in self.optional)


_TERM = re.compile(r'\s*(?P<sign>[?-])?(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|%(?P<regex>[^%]+)%|(?P<bare>\S+))')


def _parse_terms(text: str) -> _Terms:
    kinds: dict[str, list[_Term]] = {"": [], "?": [], "-": []}
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None:
            break
        at = found.end()
        bare = found["bare"]
        if bare is not None and re.search(r"[^\w.:/@#=-]", bare):
            raise BadPattern(f"the term {bare!r} has characters that need double quotes around it")
        if found["regex"] is not None:
            term = _Term("", comparisons.regex(found["regex"]))
        else:
            term = _Term(bare if bare is not None else comparisons.unescape(found["quoted"]))
        kinds[found["sign"] or ""].append(term)
    return _Terms(tuple(kinds[""]), tuple(kinds["?"]), tuple(kinds["-"]))


# Fields between spaces: [ip, user, ..., status = 4*, bytes > 100]


@dataclass(frozen=True)
class _Field:
    name: str
    condition: comparisons.Condition | None


@dataclass(frozen=True)
class _Fields:
    """``rest`` is the position of ``...``, which stands for any number of fields, or None."""

    fields: tuple[_Field, ...]
    rest: int | None

    def matches(self, message: str) -> bool:
        values = self.named(message)
        return values is not None and all(
            field.condition is None or field.condition(values.get) for field in self.fields
        )

    def value(self, message: str, reference: str) -> object:
        values = self.named(message)
        return None if values is None else values.get(reference.removeprefix("$"))

    def named(self, message: str) -> dict[str, str] | None:
        """The words of a message by their fields' names; None when their number does not fit."""
        words = _words(message)
        missing = len(words) - len(self.fields)
        if missing < 0 or (self.rest is None and missing):
            return None
        if self.rest is not None:
            del words[self.rest : self.rest + missing]
        return {field.name: word for field, word in zip(self.fields, words, strict=True)}


_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|\[([^\]]*)\]|(\S+)')


def _words(message: str) -> list[str]:
    """What stands between spaces; quotes and brackets hold words together, as on AWS."""
    return [next(part for part in found.groups() if part is not None) for found in _WORD.finditer(message)]


def _parse_fields(text: str) -> _Fields:
    if not text.endswith("]"):
        raise BadPattern("the closing ] is missing")
    fields: list[_Field] = []
    rest = None
    for part in comparisons.split(text[1:-1], ","):
        if part == "...":
            if rest is not None:
                raise BadPattern("... may stand once")
            rest = len(fields)
            continue
        name = re.match(r"\(*\s*([A-Za-z_]\w*)", part)
        if name is None:
            raise BadPattern(f"{part!r} does not begin with the name of a field")
        plain = part == name[1]
        fields.append(_Field(name[1], None if plain else comparisons.parse(part, _field_name)))
    if not fields and rest is None:
        raise BadPattern("there are no fields")
    return _Fields(tuple(fields), rest)


def _field_name(text: str) -> str:
    if not re.fullmatch(r"\w+", text):
        raise BadPattern(f"{text!r} is no name of a field")
    return text
