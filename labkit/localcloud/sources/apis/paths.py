"""Paths with variables, ``/pets/{id}`` and ``/files/{proxy+}``, as routes and resources have them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

GREEDY, VARIABLE, LITERAL = range(3)

Fit = tuple[tuple[int, ...], dict[str, str]]


def fit(wanted: Sequence[str], given: Sequence[str]) -> Fit | None:
    """Whether the segments of a path fit those of a pattern.

    Returns:
        How specifically, segment by segment (the larger tuple is the more specific one), and the variables as
        they were sent; None when the path does not fit.
    """
    ranks: list[int] = []
    variables: dict[str, str] = {}
    for place, segment in enumerate(wanted):
        value = given[place] if place < len(given) else None
        if value is None:
            return None
        if segment.startswith("{") and segment.endswith("+}"):
            rest = "/".join(given[place:])
            return ((*ranks, GREEDY), {**variables, segment[1:-2]: rest}) if rest else None
        if segment.startswith("{") and segment.endswith("}"):
            if not value:
                return None
            variables[segment[1:-1]] = value
            ranks.append(VARIABLE)
        elif segment == unquote(value):
            ranks.append(LITERAL)
        else:
            return None
    return (tuple(ranks), variables) if len(given) == len(wanted) else None
