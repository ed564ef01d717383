"""How fast reports are read: 100,000 lines, as a ratio to splitting the same lines with str.split.

Run it as ``python benchmarks/reports.py``. Floor and candidate run in turns, so that the machine's drift
hits both; the best round of each counts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from uuid import UUID

from labkit import pricing, reports

LINES = 100_000
ROUNDS = 5


def report_line(n: int) -> str:
    """A REPORT line; one in a hundred is of a cold start, one in fifty was traced."""
    init = f"Init Duration: {100 + n % 300}.{n % 100:02d} ms\t" if n % 100 == 0 else ""
    line = (
        f"REPORT RequestId: {UUID(int=n)}\tDuration: {n % 1000}.{n % 100:02d} ms\t"
        f"Billed Duration: {n % 1000 + 1} ms\tMemory Size: 128 MB\tMax Memory Used: 75 MB\t{init}\n"
    )
    return line + (
        f"XRAY TraceId: 1-{n:08x}-{n:024x}\tSegmentId: {n:016x}\tSampled: true\t\n" if n % 50 == 0 else ""
    )


def log_line(n: int) -> str:
    """A log as functions write it: of six lines, one is a REPORT."""
    kind, request_id = n % 6, UUID(int=n // 6)
    if kind == 0:
        return f"START RequestId: {request_id} Version: $LATEST\n"
    if kind == 5:
        return report_line(n // 6)
    if kind == 4:
        return f"END RequestId: {request_id}\n"
    return f"[INFO]\t2026-10-08T12:00:01.123Z\t{request_id}\tstep {kind} of the handler\n"


def json_line(n: int) -> str:
    """The same as a platform.report record."""
    metrics = {
        "durationMs": n % 1000 + 0.5,
        "billedDurationMs": n % 1000 + 1,
        "memorySizeMB": 128,
        "maxMemoryUsedMB": 75,
    }
    record = {"requestId": str(UUID(int=n)), "metrics": metrics, "status": "success"}
    return (
        json.dumps({"time": "2026-10-08T12:00:01.123Z", "type": "platform.report", "record": record}) + "\n"
    )


def split_all(lines: list[str]) -> list[list[str]]:
    """The floor for text."""
    return [line.split() for line in lines]


def load_all(lines: list[str]) -> list[object]:
    """The floor for JSON."""
    return [json.loads(line) for line in lines]


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(what: str, floor_name: str, floor: Callable[[], object], candidate: Callable[[], object]) -> None:
    """Prints the best of both and their ratio."""
    rounds = [(seconds(floor), seconds(candidate)) for _ in range(ROUNDS)]
    best_floor, best = (min(column) for column in zip(*rounds, strict=True))
    print(f"{what:<46} {best:6.3f} s   {floor_name:<22} {best_floor:6.3f} s   ratio {best / best_floor:5.2f}")


def main() -> None:
    """Prints one line for each kind of log."""
    print(f"{LINES:,} lines, best of {ROUNDS} rounds")
    for what, make in (("parse_all, REPORT lines", report_line), ("parse_all, text log", log_line)):
        lines = [make(n) for n in range(LINES)]
        compare(what, "str.split", partial(split_all, lines), partial(reports.parse_all, lines))
    records = [json_line(n) for n in range(LINES)]
    loads, parse_all = partial(load_all, records), partial(reports.parse_all, records)
    compare("parse_all, platform.report records", "json.loads", loads, parse_all)
    found = reports.parse_all(records)
    compare(
        "to_frame",
        "list of tuples",
        lambda: [(r.request_id, r.duration_ms, r.billed_ms, r.memory_mb) for r in found],
        lambda: reports.to_frame(found),
    )
    compare(
        "pricing.invocations",
        "sum of a list",
        lambda: sum([r.billed_ms for r in found]),
        lambda: pricing.invocations(found),
    )


if __name__ == "__main__":
    main()
