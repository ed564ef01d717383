"""The functions of the query language, of values and of groups of records."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labkit.localcloud.telemetry.insights.records import number

_UNITS_MS = {
    "ms": 1, "msec": 1, "s": 1000, "m": 60_000, "min": 60_000, "mins": 60_000, "h": 3_600_000,
    "d": 86_400_000, "w": 604_800_000,
}  # fmt: skip


def span_ms(text: str) -> int | None:
    """``5m`` in milliseconds; None for what has no fixed length (months, quarters, years)."""
    count, unit = re.fullmatch(r"(\d+)([a-z]+)", text).groups()  # type: ignore[union-attr]
    return int(count) * _UNITS_MS[unit] if unit in _UNITS_MS else None


def _numeric(apply: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*values: Any) -> Any:
        numbers = [number(value) for value in values]
        if None in numbers:
            return None
        try:
            return apply(*numbers)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None

    return checked


def _floor(value: Any, period_ms: Any) -> Any:
    time_ms = number(value)
    return None if time_ms is None or not period_ms else int(time_ms // period_ms * period_ms)


def _ceiling(value: Any, period_ms: Any) -> Any:
    time_ms = number(value)
    return None if time_ms is None or not period_ms else int(-(-time_ms // period_ms) * period_ms)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _substr(value: Any, start: Any, length: Any = None) -> str:
    begin = int(start)
    return _text(value)[begin:] if length is None else _text(value)[begin : begin + int(length)]


def _present(values: Sequence[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def _kept(values: Sequence[Any]) -> list[float | int]:
    return [found for value in values if (found := number(value)) is not None]


VALUES: Mapping[str, Callable[..., Any]] = {
    "abs": _numeric(abs),
    "ceil": _numeric(math.ceil),
    "floor": _numeric(math.floor),
    "greatest": _numeric(max),
    "least": _numeric(min),
    "log": _numeric(math.log),
    "sqrt": _numeric(math.sqrt),
    "strlen": lambda value: len(_text(value)),
    "toupper": lambda value: _text(value).upper(),
    "tolower": lambda value: _text(value).lower(),
    "trim": lambda value, what=None: _text(value).strip(what),
    "ltrim": lambda value, what=None: _text(value).lstrip(what),
    "rtrim": lambda value, what=None: _text(value).rstrip(what),
    "concat": lambda *values: "".join(map(_text, values)),
    "replace": lambda value, old, new: _text(value).replace(_text(old), _text(new)),
    "substr": _substr,
    "strcontains": lambda value, part: int(_text(part) in _text(value)),
    "isempty": lambda value: value is None or value == "",
    "isblank": lambda value: value is None or not _text(value).strip(),
    "ispresent": lambda value: value is not None,
    "coalesce": lambda *values: _present(values),
    "datefloor": _floor,
    "dateceil": _ceiling,
    "frommillis": lambda value: number(value),
    "tomillis": lambda value: number(value),
}


def percentile(values: Sequence[Any], percent: Any) -> float | None:
    """The value that so many percent of all do not exceed, between the two nearest where it falls between."""
    ordered = sorted(_kept(values))
    if not ordered:
        return None
    place = (len(ordered) - 1) * float(percent) / 100
    low, part = int(place), place - int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * part


GROUPS: Mapping[str, Callable[..., Any]] = {
    "count": lambda values: sum(value is not None for value in values),
    "count_distinct": lambda values: len({_text(value) for value in values if value is not None}),
    "sum": lambda values: math.fsum(_kept(values)),
    "avg": lambda values: statistics.fmean(kept) if (kept := _kept(values)) else None,
    "min": lambda values: min(_kept(values), default=None),
    "max": lambda values: max(_kept(values), default=None),
    "stddev": lambda values: statistics.stdev(kept) if len(kept := _kept(values)) > 1 else 0,
    "median": lambda values: percentile(values, 50),
    "pct": percentile,
    "sortsfirst": lambda values: min((_text(value) for value in values if value is not None), default=None),
    "sortslast": lambda values: max((_text(value) for value in values if value is not None), default=None),
    "earliest": lambda values: _present(values),
    "latest": lambda values: _present(list(reversed(values))),
}
