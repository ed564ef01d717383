"""JSON filter patterns: ``{ $.level = "ERROR" && $.ms > 100 }``. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from labkit.localcloud.telemetry.comparisons import MISSING, BadPattern, Condition
from labkit.localcloud.telemetry.comparisons import parse as parse_condition

Path = tuple[str | int, ...]
_STEP = re.compile(r"""\.(?P<name>[\w-]+)|\[(?P<index>\d+)\]|\[(?P<quote>['"])(?P<key>.*?)(?P=quote)\]""")


@dataclass(frozen=True)
class JsonPattern:
    """A condition on the fields of log events that are JSON; other events never match."""

    condition: Condition

    def matches(self, message: str) -> bool:
        document = _document(message)
        return document is not MISSING and self.condition(lambda path: find(document, path))

    def value(self, message: str, reference: str) -> object:
        """The value that a selector such as ``$.latency`` finds, None when there is none."""
        found = find(_document(message), selector(reference))
        return None if found is MISSING else found


def parse(text: str) -> JsonPattern:
    """A pattern in braces.

    Raises:
        BadPattern: a brace is missing, or it is no condition.
    """
    if not text.endswith("}"):
        raise BadPattern("the closing } is missing")
    return JsonPattern(parse_condition(text[1:-1], selector))


def selector(text: str) -> Path:
    """``$.errors[0].code`` as a path.

    Raises:
        BadPattern: it is no selector.
    """
    if not text.startswith("$"):
        raise BadPattern(f"{text!r} is no selector; selectors begin with $.")
    path: list[str | int] = []
    at = 1
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            raise BadPattern(f"{text!r} is no selector")
        at = step.end()
        path.append(int(step["index"]) if step["index"] else step["name"] or step["key"])
    if not path:
        raise BadPattern("$ alone selects nothing")
    return tuple(path)


def find(document: Any, path: Path) -> Any:
    """What stands at a path; MISSING when there is nothing, or when a list is asked for a name."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return MISSING
            document = document[step]
        else:
            if not isinstance(document, dict) or step not in document:
                return MISSING
            document = document[step]
    return document


def _document(message: str) -> Any:
    if not message.lstrip().startswith(("{", "[")):
        return MISSING
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return MISSING
