"""How long a widget takes to follow a change with 2,000 points, beside what matplotlib itself takes to draw.

Run it as ``python benchmarks/widgets.py``. An update is what a learner waits for: figures, picture, page and
twin. matplotlib's own draw is the time inside ``Figure.savefig`` meanwhile; the best of the rounds counts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "widgets"))

import made_up
import made_up_logs

from labkit import widgets
from labkit.measure import Tuning
from labkit.measure.tuned import step_of

POINTS = 2_000
ROUNDS = 7
MARK_MS = 100.0


@contextmanager
def drawing() -> Iterator[list[float]]:
    """The seconds that each ``savefig`` inside the block takes."""
    took: list[float] = []
    original = Figure.savefig

    def timed(figure: Figure, *arguments: Any, **options: Any) -> None:
        start = time.perf_counter()
        original(figure, *arguments, **options)
        took.append(time.perf_counter() - start)

    Figure.savefig = timed  # type: ignore[method-assign]
    try:
        yield took
    finally:
        Figure.savefig = original  # type: ignore[method-assign]


def latency() -> Callable[[int], object]:
    runs = [made_up.run(POINTS, cold=40, seed=seed) for seed in range(2)]
    view = widgets.latency(runs[0])
    return lambda n: view.update(runs[n % 2])


def cost_meter() -> Callable[[int], object]:
    runs = [made_up.run(POINTS, cold=40, seed=seed) for seed in range(2)]
    view = widgets.cost_meter(runs[0])
    return lambda n: view.update(runs[n % 2])


def break_even() -> Callable[[int], object]:
    view = widgets.break_even()
    return lambda n: setattr(view.requests, "value", 10_000_000 * (1 + n % 2))


def timeline() -> Callable[[int], object]:
    logs = made_up_logs.Logs(made_up_logs.busy_log(50, POINTS))
    seen = made_up_logs.measured([f"r{n}" for n in range(POINTS)], throttled=100)
    view = widgets.timeline(lambda _: logs, seen)
    return lambda n: view.update()


def tuning() -> Callable[[int], object]:
    rows = made_up.run(POINTS // 6)
    steps = tuple(step_of(rows, size, "x86_64", 0.2) for size in (128, 256, 512, 1024, 1769, 3008))
    view = widgets.tuning(Tuning(made_up.ORDERS, steps, 6, POINTS // 6))
    return lambda n: setattr(view.weight, "value", 0.5 * (n % 2))


def trace() -> Callable[[int], object]:
    xray = made_up_logs.XRay({made_up_logs.TRACE_ID: made_up_logs.documents()})
    view = widgets.trace(lambda _: xray)
    return lambda n: view.update()


def dashboard() -> Callable[[int], object]:
    cloud = {
        "lambda": made_up_logs.Lambda(),
        "logs": made_up_logs.Logs(made_up_logs.busy_log(50, POINTS)),
        "cloudwatch": made_up_logs.CloudWatch(),
    }
    view = widgets.dashboard(cloud.__getitem__, ["orders"], region="us-east-1")
    return lambda n: view.update()


def event_path() -> Callable[[int], object]:
    events = made_up_logs.busy_log(50, POINTS)
    cloud = {"lambda": made_up_logs.Lambda(), "logs": made_up_logs.Logs(events)}
    view = widgets.event_path(cloud.__getitem__, "orders", request_id="r7", timeout_s=0)
    return lambda n: view.update()


def main() -> None:
    """Prints a line for each widget."""
    print(f"{POINTS:,} points, best of {ROUNDS} updates, mark {MARK_MS:.0f} ms")
    for make in (latency, cost_meter, break_even, timeline, tuning, trace, dashboard, event_path):
        update = make()
        best_ms, drawn_ms = float("inf"), 0.0
        for number in range(1, ROUNDS + 1):
            with drawing() as took:
                start = time.perf_counter()
                update(number)
                all_ms = (time.perf_counter() - start) * 1000
            if all_ms < best_ms:
                best_ms, drawn_ms = all_ms, sum(took) * 1000
        said = "ok" if best_ms <= MARK_MS else "MISSED"
        print(f"{make.__name__:<12} {best_ms:7.1f} ms   matplotlib's own draw {drawn_ms:6.1f} ms   {said}")


if __name__ == "__main__":
    main()
