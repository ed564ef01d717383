"""Measurements as plain text. The layout depends on counts only, so that recorded outputs can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.errors import LabError
from labkit.measure.rows import Status
from labkit.pricing import usd

if TYPE_CHECKING:
    from labkit.measure.rows import Measurements
    from labkit.measure.tuned import Step, Tuning

# A percentile is shown once as many calls are there as it divides the calls into.
_COLUMNS = (("fastest", 0, 1), ("median", 50, 1), ("p90", 90, 10), ("p99", 99, 100), ("slowest", 100, 1))
_WIDTH = 13
_SHOWN_PROBLEMS = 3


def to_text(m: Measurements) -> str:
    """Heading, table of latencies, what the function reported, problems, cost, and a sentence."""
    if not m.rows:
        return f"{m.function.name}: nothing measured yet"
    return "\n".join([heading(m), *_table(m), *remarks(m)])


def ms(value: float | None) -> str:
    """Milliseconds with three digits that count: ``0.82 ms``, ``12.3 ms``, ``1,234 ms``."""
    if value is None:
        return "–"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} ms"


def percentiles_for(count: int) -> dict[str, int]:
    """The percentiles that so many calls can speak of: ``{"median": 50, "p90": 90}``."""
    return {name: percent for name, percent, least in _COLUMNS if 0 < percent < 100 and count >= least}


def remarks(m: Measurements) -> list[str]:
    """The lines below the table: what Lambda reported, problems, cost, a sentence, notes."""
    return [*_reported(m), *_problems(m), *_cost(m), *_sentence(m), *m.notes]


def heading(m: Measurements) -> str:
    """One line: the function, how many calls of how many, and of which kinds."""
    counts = [f"{len(m.cold)} cold", f"{len(m.warm)} warm"]
    unknown = sum(row.cold is None and row.status in (Status.OK, Status.ERROR) for row in m)
    counts += [f"{unknown} without a REPORT line"] if unknown else []
    counts += [f"{n} {status}" for status in Status if status is not Status.OK and (n := _count(m, status))]
    of = f" of {m.planned:,} planned" if m.planned is not None and m.planned != len(m) else ""
    stopped = ", stopped" if m.interrupted else ""
    return f"{m.function.name}: {len(m):,} {calls(len(m))}{of}{stopped}: {', '.join(counts)}"


def latency_rows(m: Measurements) -> list[tuple[str, ...]]:
    """The table of latencies as cells, its head first: a row for cold and one for warm calls."""
    groups = [("cold", m.cold), ("warm", m.warm)]
    rows = [(name, group) for name, group in groups if group.rows] or [("all", m)]
    head = ("latency", "calls", *(name for name, _, _ in _COLUMNS))
    return [head, *((name, f"{len(group):,}", *_percentiles(group)) for name, group in rows)]


def _percentiles(m: Measurements) -> list[str]:
    return [ms(m.percentile(percent) if len(m) >= least else None) for _, percent, least in _COLUMNS]


def _table(m: Measurements) -> list[str]:
    return [
        f"{name:<9}{count:>7}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells)
        for name, count, *cells in latency_rows(m)
    ]


def _reported(m: Measurements) -> list[str]:
    """What Lambda itself reported: handler and init, and memory beside its setting."""
    if not m.values("duration_ms"):
        return []
    lines = [f"in the handler, median: {ms(m.percentile(50, 'duration_ms'))}"]
    if m.values("init_ms"):
        lines[0] += f"; init of a cold start, median: {ms(m.percentile(50, 'init_ms'))}"
    sizes = sorted({row.memory_mb for row in m if row.memory_mb is not None})
    used = max(m.values("max_memory_mb"), default=0)
    lines.append(f"memory: {', '.join(f'{size:,}' for size in sizes)} MB set, at most {used:,.0f} MB used")
    return lines


def _problems(m: Measurements) -> list[str]:
    errors: dict[str, int] = {}
    for row in m:
        if row.status is not Status.OK:
            text = f"{row.status}: {row.error}"
            errors[text] = errors.get(text, 0) + 1
    lines = [f"{count:,} × {text}" for text, count in list(errors.items())[:_SHOWN_PROBLEMS]]
    left = len(errors) - _SHOWN_PROBLEMS
    return [*lines, f"and {left} other errors"] if left > 0 else lines


def _cost(m: Measurements) -> list[str]:
    if not m.values("billed_ms"):
        return []
    try:
        return [f"on AWS: {usd(m.cost().cost_usd)} USD, without the free tier ({m.function.region})"]
    except LabError as unknown:
        return [f"on AWS: {unknown}"]


def _sentence(m: Measurements) -> list[str]:
    cold, warm = m.cold.percentile(50), m.warm.percentile(50)
    if not cold or not warm:
        return []
    return [f"A cold start took {cold / warm:,.1f} times as long as a warm one (medians)."]


def _count(m: Measurements, status: Status) -> int:
    return sum(row.status is status for row in m)


def calls(number: int) -> str:
    """The word after a number of calls."""
    return "call" if number == 1 else "calls"


_TUNING_HEAD = ("memory", "arch.", "warm runs", "duration", "GB-seconds", "USD/million", "init", "used")
_TUNING_WIDTHS = (9, 8, 10, 14, 12, 13, 12, 11)


def tuning_text(t: Tuning) -> str:
    """Heading, a row for each step, problems, the step to choose, and what the tuning cost."""
    return "\n".join([tuning_heading(t), *_tuning_table(t), *tuning_remarks(t)])


def tuning_heading(t: Tuning) -> str:
    """One line: the function, how many settings of how many, and how many calls each."""
    of = f" of {t.planned} planned" if t.planned is not None and t.planned != len(t.steps) else ""
    settings = "setting" if len(t.steps) == 1 else "settings"
    return (
        f"{t.function.name}: {len(t.steps)} {settings}{of}{', stopped' if t.interrupted else ''}, "
        f"{t.runs} calls each"
    )


def tuning_rows(t: Tuning) -> list[tuple[str, ...]]:
    """The table of steps as cells, its head first; nothing before the first step."""
    return [_TUNING_HEAD, *map(_step_row, t.steps)] if t.steps else []


def tuning_remarks(t: Tuning) -> list[str]:
    """The lines below the table: problems, the choice, what the tuning cost, notes."""
    return [*(f"{step}: {step.problem}" for step in t.steps if step.problem), *_choice(t), *t.notes]


def _tuning_table(t: Tuning) -> list[str]:
    return [
        "".join(f"{cell:>{width}}" for cell, width in zip(row, _TUNING_WIDTHS, strict=True))
        for row in tuning_rows(t)
    ]


def _step_row(step: Step) -> tuple[str, ...]:
    return (
        f"{step.memory_mb:,} MB",
        step.architecture,
        f"{step.runs:,}",
        ms(step.duration_ms),
        "–" if step.gb_seconds is None else f"{step.gb_seconds:.4f}",
        "–" if step.cost_usd is None else f"{step.cost_usd * 1_000_000:,.2f}",
        ms(step.init_ms),
        "–" if step.max_memory_mb is None else f"{step.max_memory_mb:,} MB",
    )


def _choice(t: Tuning) -> list[str]:
    if not t.measured:
        return []
    if not t.priced:
        return [f"fastest: {t.best('speed')}"]
    by = f"{t.strategy}, weight {t.weight:g}" if t.strategy == "balanced" else t.strategy
    spent = f"{usd(t.cost().cost_usd)} USD, without the free tier ({t.function.region})"
    return [f"best by {by}: {t.best()}", f"this tuning on AWS: {spent}"]
