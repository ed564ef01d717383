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
    parts = [_heading(m), *_table(m), *_reported(m), *_problems(m), *_cost(m), *_sentence(m), *m.notes]
    return "\n".join(parts)


def ms(value: float | None) -> str:
    """Milliseconds with three digits that count: ``0.82 ms``, ``12.3 ms``, ``1,234 ms``."""
    if value is None:
        return "–"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} ms"


def percentiles_for(count: int) -> dict[str, int]:
    """The percentiles that so many calls can speak of: ``{"median": 50, "p90": 90}``."""
    return {name: percent for name, percent, least in _COLUMNS if 0 < percent < 100 and count >= least}


def _heading(m: Measurements) -> str:
    counts = [f"{len(m.cold)} cold", f"{len(m.warm)} warm"]
    unknown = sum(row.cold is None and row.status in (Status.OK, Status.ERROR) for row in m)
    counts += [f"{unknown} without a REPORT line"] if unknown else []
    counts += [f"{n} {status}" for status in Status if status is not Status.OK and (n := _count(m, status))]
    of = f" of {m.planned:,} planned" if m.planned is not None and m.planned != len(m) else ""
    stopped = ", stopped" if m.interrupted else ""
    return f"{m.function.name}: {len(m):,} {calls(len(m))}{of}{stopped}: {', '.join(counts)}"


def _table(m: Measurements) -> list[str]:
    groups = [("cold", m.cold), ("warm", m.warm)]
    rows = [(name, group) for name, group in groups if group.rows] or [("all", m)]
    head = f"{'latency':<9}{'calls':>7}" + "".join(f"{name:>{_WIDTH}}" for name, _, _ in _COLUMNS)
    lines = [
        f"{name:<9}{len(group):>7,}"
        + "".join(
            f"{ms(group.percentile(percent) if len(group) >= least else None):>{_WIDTH}}"
            for _, percent, least in _COLUMNS
        )
        for name, group in rows
    ]
    return [head, *lines]


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


def tuning_text(t: Tuning) -> str:
    """Heading, a row for each step, problems, the step to choose, and what the tuning cost."""
    of = f" of {t.planned} planned" if t.planned is not None and t.planned != len(t.steps) else ""
    stopped = ", stopped" if t.interrupted else ""
    sizes = "setting" if len(t.steps) == 1 else "settings"
    head = f"{t.function.name}: {len(t.steps)} {sizes}{of}{stopped}, {t.runs} calls each"
    lines = [head]
    if t.steps:
        lines += [_tuning_row(*_TUNING_HEAD), *(_step_row(step) for step in t.steps)]
    lines += [f"{step}: {step.problem}" for step in t.steps if step.problem]
    return "\n".join([*lines, *_choice(t), *t.notes])


_TUNING_HEAD = ("memory", "arch.", "warm runs", "duration", "GB-seconds", "USD per million", "init", "used")


def _tuning_row(*cells: str) -> str:
    memory, architecture, *rest = cells
    return f"{memory:>9} {architecture:<7}{rest[0]:>10}" + "".join(f"{cell:>16}" for cell in rest[1:])


def _step_row(step: Step) -> str:
    return _tuning_row(
        f"{step.memory_mb:,} MB",
        step.architecture,
        f"{step.runs:,}",
        ms(step.duration_ms),
        "–" if step.gb_seconds is None else f"{step.gb_seconds:.4f}",
        "–" if step.cost_usd is None else usd(round(step.cost_usd * 1_000_000, 2)),
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
