"""Events and threads for moto's interpreter: they wait on the lesson clock, and it knows who is at work.

An interpreter's thread is either at work or it waits: for the time, for another thread, for a task token.
When the lesson clock is advanced, all that is at work has to come to rest before it goes on.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from labkit.localcloud.clock import Appointment, LessonClock

FOR_EVER_S = 99_999_999  # AWS's default of TimeoutSeconds: three years, which nobody waits for


class Work:
    """Counts the threads at work, and keeps the lesson clock from moving on while there are any."""

    def __init__(self, clock: LessonClock, loop: asyncio.AbstractEventLoop) -> None:
        self._clock, self._loop = clock, loop
        self._lock = threading.Lock()
        self._count = 0
        self._rest = asyncio.Event()
        self._watched: asyncio.Task[None] | None = None

    @property
    def now(self) -> Callable[[], float]:
        """The lesson clock's time, in seconds since the epoch."""
        return self._clock.now

    def begin(self) -> None:
        """One more is at work. From any thread."""
        with self._lock:
            self._count += 1
            first = self._count == 1
        if first:
            self._on_the_loop(self.watch)

    def end(self) -> None:
        """One of them waits or is done. From any thread."""
        with self._lock:
            self._count -= 1
            last = self._count == 0
        if last:
            self._on_the_loop(self._rest.set)

    def watch(self) -> None:
        """Holds the clock until all is at rest. On the event loop only."""
        if self._watched is None or self._watched.done():
            self._watched = self._clock.spawn(self._until_rest())

    def wake_later(self, delay_s: float, wake: Callable[[], None]) -> Callable[[], None]:
        """Calls ``wake`` on the event loop when the time has come. Returns how to forget it."""
        when = self._clock.now() + delay_s
        kept: list[Appointment] = []

        async def due() -> None:
            wake()
            self.watch()

        self._on_the_loop(lambda: kept.append(self._clock.call_at(when, due)))
        return lambda: self._on_the_loop(lambda: kept[0].cancel())

    async def _until_rest(self) -> None:
        while self._count:
            self._rest.clear()
            await self._rest.wait()

    def _on_the_loop(self, call: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the cloud has ended: nobody waits any more
            self._loop.call_soon_threadsafe(call)


class _Waiter:
    def __init__(self) -> None:
        self.gate = threading.Event()
        self.woken = False


class Event:
    """An event on the lesson clock. ``set`` wakes all who wait, even when it is cleared at once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._flag = False
        self._waiters: list[_Waiter] = []

    def is_set(self) -> bool:
        return self._flag

    def set(self) -> None:
        with self._lock:
            self._flag = True
            woken, self._waiters = self._waiters, []
            for waiter in woken:
                self._wake(waiter, True)

    def clear(self) -> None:
        self._flag = False

    def wait(self, timeout: float | None = None) -> bool:
        waiter = _Waiter()
        with self._lock:
            if self._flag:
                return True
            self._waiters.append(waiter)
        forget = None
        if timeout is not None and timeout < FOR_EVER_S:
            forget = self._work.wake_later(max(timeout, 0), lambda: self._expire(waiter))
        self._work.end()
        waiter.gate.wait()
        if waiter.woken and forget is not None:
            forget()
        return waiter.woken

    def _expire(self, waiter: _Waiter) -> None:
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                self._wake(waiter, False)

    def _wake(self, waiter: _Waiter, woken: bool) -> None:
        """Counts the woken thread as at work before the waker comes to rest: there is no gap between them."""
        self._work.begin()
        waiter.woken = woken
        waiter.gate.set()


class Thread(threading.Thread):
    """A thread that is at work while it runs; it keeps the context of the one that started it."""

    def __init__(self, work: Work, **options: Any) -> None:
        super().__init__(**{**options, "daemon": True})
        self._work = work
        self._over = Event(work)
        self._inherited = contextvars.copy_context()

    def start(self) -> None:
        self._work.begin()
        try:
            super().start()
        except RuntimeError:  # the machine has no more threads
            self._work.end()
            raise

    def run(self) -> None:
        try:
            self._inherited.run(super().run)
        finally:
            self._over.set()
            self._work.end()

    def join(self, timeout: float | None = None) -> None:
        self._over.wait(timeout)

    def is_alive(self) -> bool:
        return not self._over.is_set()
