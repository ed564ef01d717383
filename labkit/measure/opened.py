"""Open loop: calls are sent at a rate, whether or not those before are answered, as users do."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from labkit.measure.closed import connection_notes, give_up
from labkit.measure.rows import Measurements
from labkit.measure.run import Run, Show, Watch
from labkit.measure.target import MeasureError, asked, events, look_up

_MOST_AT_ONCE = 200
_SPARE = 3  # a picture is drawn in a gap of at least three times what the last one took


def invoke_at(
    client: Any,
    name: str,
    rate_per_s: float,
    duration_s: float,
    payload: Any = None,
    *,
    qualifier: str | None = None,
    payloads: Sequence[Any] | None = None,
    most_at_once: int = _MOST_AT_ONCE,
    watch: Watch | None = None,
) -> Measurements:
    """Call a function at a steady rate for some time, and measure each call.

    Concurrency is then what Lambda sees of real traffic: rate times duration. A call that this machine could
    not send in time says so in ``late_ms``.

    Args:
        rate_per_s: calls a second.
        duration_s: for how long calls are sent; answers may come later.
        most_at_once: how many calls may be under way; beyond that, sending waits (``late_ms`` grows).

    Other arguments, return value and errors are those of `invoke`.
    """
    planned = round(rate_per_s * duration_s)
    if rate_per_s <= 0 or planned < 1 or most_at_once < 1:
        raise MeasureError(
            f"rate_per_s={rate_per_s}, duration_s={duration_s}, most_at_once={most_at_once}: "
            "nothing would be sent. Give more."
        )
    wanted = events(payload, payloads)
    function, notes = look_up(client, name, qualifier)
    run = Run(client, function, asked(name, qualifier), wanted, planned)
    show = Show(run.measured, watch)
    show.start()
    slots = _Slots(most_at_once)
    with run.prepared():
        interrupted = _measure(run, show, slots, rate_per_s)
    measurements = run.measured(
        interrupted=interrupted, notes=(*notes, *connection_notes(client, slots.most), *show.notes)
    )
    show.finish(measurements)
    return measurements


class _Slots:
    """How many calls are under way, how many may be, and how many were at most."""

    def __init__(self, limit: int) -> None:
        self._free = threading.Semaphore(limit)
        self._lock = threading.Lock()
        self._used = 0
        self.most = 0

    def take(self) -> None:
        self._free.acquire()
        with self._lock:
            self._used += 1
            self.most = max(self.most, self._used)

    def give_back(self) -> None:
        with self._lock:
            self._used -= 1
        self._free.release()


def _measure(run: Run, show: Show[Measurements], slots: _Slots, rate_per_s: float) -> bool:
    try:
        for number in range(1, run.planned + 1):
            _send_when_due(run, show, slots, number, rate_per_s)
        run.wait_for(lambda rows, _: rows >= run.planned)
    except KeyboardInterrupt:
        give_up(run)
        return True
    return False


def _send_when_due(run: Run, show: Show[Measurements], slots: _Slots, number: int, rate_per_s: float) -> None:
    due_s = (number - 1) / rate_per_s
    slots.take()
    if show.due and _gap_s(run, due_s) > _SPARE * show.took_s and run.wait_for(_nothing_under_way, 0):
        show.now()
    run.stopped.wait(max(0.0, _gap_s(run, due_s)))
    threading.Thread(target=_call, args=(run, slots, rate_per_s), daemon=True).start()


def _call(run: Run, slots: _Slots, rate_per_s: float) -> None:
    try:
        if number := run.enter():
            run.call(number, (number - 1) / rate_per_s)
    finally:
        slots.give_back()


def _gap_s(run: Run, due_s: float) -> float:
    return run.begun + due_s - time.perf_counter()


def _nothing_under_way(_: int, under_way: int) -> bool:
    return under_way == 0
