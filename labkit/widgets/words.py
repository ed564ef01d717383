"""Numbers as people read them off sliders, axes and cards."""

from __future__ import annotations

from datetime import UTC, datetime

_POWERS = ((10**9, "billion", "B"), (10**6, "million", "M"), (10**3, "thousand", "k"))


def in_words(number: int) -> str:
    """``2 million``, ``500 thousand``, ``1 billion``: powers that people can read off a slider."""
    for size, word, _ in _POWERS:
        if number >= size and number % size == 0:
            return f"{number // size} {word}"
    return f"{number:,}"


def short(value: float) -> str:
    """``8.72 M``, ``50 k``, ``1 B``: for axes and marks, three digits at most."""
    for size, _, letter in _POWERS:
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.3g}"


def seconds(value_s: float) -> str:
    """A span as three digits that count: ``0.8 ms``, ``120 ms``, ``2.5 s``, ``3 min 20 s``."""
    if value_s >= 120:
        return f"{int(value_s // 60)} min {int(value_s % 60)} s"
    if value_s >= 1:
        return f"{value_s:.3g} s"
    return f"{value_s * 1000:.3g} ms"


def clock(at: float) -> str:
    """A time of day to the millisecond, UTC, from seconds since the epoch."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f}"[:-3]
