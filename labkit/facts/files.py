"""Reads the JSON files of facts and says no in one voice. Knows nothing of what the facts are about."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

#: Confidence of entries that are handed out; whatever else is noted stays unknown.
SHOWN = frozenset({"high", "medium"})
HERE = Path(__file__).parent


def read(name: str) -> dict[str, Any]:
    """The whole of a packaged JSON file."""
    document: dict[str, Any] = json.loads((HERE / name).read_text(encoding="utf-8"))
    return document


@cache
def entries(name: str) -> dict[str, dict[str, Any]]:
    """The entries of a packaged JSON file, read once; not to be changed."""
    found: dict[str, dict[str, Any]] = read(name)["entries"]
    return found


_DATES = (
    "as_of",
    "deprecation",
    "block_create",
    "block_update",
    "block_create_earliest",
    "block_update_earliest",
)


def dated(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of an entry with its dates as dates."""
    return {key: day(value) if key in _DATES and value else value for key, value in fields.items()}


def day(text: str) -> date:
    """An ISO date."""
    return date.fromisoformat(text)


def no_such(kind: str, name: str, known: Iterable[str], where: str) -> str:
    """What to say of a name that is not known: the closest names, and where to look."""
    return f"There is no {kind} {name!r}.{guess(name, known)} {where}"


def guess(name: str, known: Iterable[str]) -> str:
    """`` Did you mean …?`` with a leading space, or nothing."""
    # imported here because only a mistake needs it
    from difflib import get_close_matches

    close = get_close_matches(str(name), list(known), n=3)
    return f" Did you mean {' or '.join(close)}?" if close else ""
