"""A run in progress: what its threads share, and what the caller sees of it while it goes on."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from labkit import pricing
from labkit.errors import LabError
from labkit.measure.attempt import Once, attempt
from labkit.measure.rows import Function, Measurement, Measurements

_SLICE_S = 0.25
_SHOW_EVERY_S = 0.5
_SHOW_SHARE = 10  # drawing may take one part in ten of the time


Seen = TypeVar("Seen")
_Seen_contra = TypeVar("_Seen_contra", contravariant=True)


class Watching(Protocol[_Seen_contra]):
    """What wants to see a run while it goes on, such as a widget."""

    def start(self) -> None:
        """Called once, before the first call."""

    def update(self, so_far: _Seen_contra, /) -> None:
        """Called now and then with all that was measured; never while a measured call is under way."""

    def finish(self, everything: _Seen_contra, /) -> None:
        """Called once, at the end, also after Ctrl-C."""


#: Sees the rows of a run, as the latency widget does.
Watch: TypeAlias = Watching[Measurements]


class Run:
    """The state of one run, and the only place where its threads meet.

    Drawing and measuring share one interpreter lock: a picture drawn while a call is under way would show in
    its latency. So threads ask to ``enter`` before each call, and ``quiet`` keeps them out.
    """

    def __init__(
        self,
        client: Any,
        function: Function,
        asked: dict[str, str],
        events: Sequence[bytes | None],
        planned: int,
    ) -> None:
        self.function = function
        self.planned = planned
        self.stopped = threading.Event()
        self.begun = time.perf_counter()
        self._client = client
        self._asked = asked
        self._events = events
        self._once = Once(client)
        self._rows: list[Measurement] = []
        self._changed = threading.Condition()
        self._entered = 0
        self._under_way = 0
        self._quiet = False

    @contextmanager
    def prepared(self) -> Iterator[Run]:
        """The client sends measured calls once, and the clock starts."""
        with self._once.installed():
            self.begun = time.perf_counter()
            yield self

    def enter(self) -> int | None:
        """Wait until a call may start; its number from 1, or None when there is none to make any more."""
        with self._changed:
            self._changed.wait_for(lambda: not self._quiet or self.stopped.is_set())
            if self.stopped.is_set() or self._entered == self.planned:
                return None
            self._entered += 1
            self._under_way += 1
            return self._entered

    def leave(self, row: Measurement | None = None) -> None:
        """The call that ``enter`` let in is over; without a row it was not made."""
        with self._changed:
            self._under_way -= 1
            if row is not None:
                self._rows.append(row)
            # Waking the waiting thread takes the interpreter from the next call: only when there is a reason.
            if self._quiet or self.stopped.is_set() or len(self._rows) == self.planned:
                self._changed.notify_all()

    def call(self, number: int, due_s: float | None = None) -> None:
        """Make call ``number`` and keep its row. Only after ``enter``."""
        row = None
        try:
            event = self._events[(number - 1) % len(self._events)]
            row = attempt(self._client, self._once, self._asked, event, number, self.begun, due_s)
            row = self._priced(row)
        finally:
            self.leave(row)

    def stop(self) -> None:
        """No further call starts; those under way go on."""
        self.stopped.set()
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, done: Callable[[int, int], bool], timeout_s: float = math.inf) -> bool:
        """Wait until ``done(rows, under_way)``; False when the time was up before."""
        until = time.perf_counter() + timeout_s
        with self._changed:
            while not (over := done(len(self._rows), self._under_way)) and time.perf_counter() < until:
                # In slices: not everywhere does Ctrl-C end a wait on a lock.
                self._changed.wait(min(_SLICE_S, timeout_s))
            return over

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """No call is under way inside the block, and none starts."""
        self._quiet = True
        self.wait_for(lambda _, under_way: under_way == 0)
        try:
            yield
        finally:
            with self._changed:
                self._quiet = False
                self._changed.notify_all()

    def measured(self, *, interrupted: bool = False, notes: Sequence[str] = ()) -> Measurements:
        """The rows so far, in the order of their numbers."""
        with self._changed:
            rows = tuple(sorted(self._rows, key=lambda row: row.number))
        return Measurements(self.function, rows, self.planned, interrupted, tuple(notes))

    def _priced(self, row: Measurement) -> Measurement:
        function = self.function
        if row.billed_ms is None or function.architecture is None:
            return row
        try:
            (cost_usd,) = pricing.cost_column(
                [row],
                architecture=function.architecture,
                region=function.region,
                ephemeral_mb=function.ephemeral_mb,
            )
        except LabError:  # a Region or a size without a price: the row stays without one
            return row
        return replace(row, cost_usd=cost_usd)


class Show(Generic[Seen]):
    """Shows a run to its watcher, not too often. A watcher that fails is let go, the run is not.

    Args:
        look: tells what was measured so far.
    """

    def __init__(self, look: Callable[[], Seen], watch: Watching[Seen] | None) -> None:
        self._look = look
        self._watch = watch
        self._next = 0.0
        self.took_s = 0.0
        self.notes: tuple[str, ...] = ()

    @property
    def due(self) -> bool:
        """Whether it is time to show the run again."""
        return self._watch is not None and time.perf_counter() >= self._next

    def start(self) -> None:
        """Before the first call."""
        if self._watch is not None:
            self._guarded(self._watch.start)

    def now(self) -> None:
        """Show what there is; the caller sees to it that no call is under way."""
        watch = self._watch
        if watch is None:
            return
        start = time.perf_counter()
        self._guarded(lambda: watch.update(self._look()))
        self.took_s = time.perf_counter() - start
        self._next = time.perf_counter() + max(_SHOW_EVERY_S, _SHOW_SHARE * self.took_s)

    def finish(self, everything: Seen) -> None:
        """After the last call."""
        if self._watch is not None:
            self._watch.finish(everything)

    def _guarded(self, show: Callable[[], None]) -> None:
        try:
            show()
        except Exception as error:  # what was measured is worth more than the picture of it
            self._watch = None
            self.notes = (f"The picture was given up: {type(error).__name__}: {error}",)
