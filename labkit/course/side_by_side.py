"""Runs notebooks side by side, each in a process of its own, with a workspace and a cloud of its own."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from types import FrameType

from labkit.course.places import Course
from labkit.course.run import Order, Outcome, run, separate
from labkit.errors import CourseError


def run_side_by_side(course: Course, order: Order, jobs: int) -> Iterator[Outcome]:
    """Runs up to ``jobs`` notebooks at a time; gives the outcomes in the order of the notebooks.

    What a notebook measures is slower beside others. Stopped in the middle, nothing stays behind.

    Raises:
        CourseError: there is no such notebook or parameter; or they are to share a workspace; or a process
            was killed.
    """
    if order.workspace is not None or order.in_sequence:
        raise CourseError("Notebooks that share a workspace run one after the other: leave --jobs out.")
    orders = separate(course, order)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(orders)), context, _end_in_order)
    try:
        for running in [pool.submit(_run_one, course, one) for one in orders]:
            yield running.result()
    except BrokenProcessPool as broken:
        raise CourseError(
            "A process that ran a notebook was killed. Is there memory for so many?"
        ) from broken
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in multiprocessing.active_children():
            worker.terminate()
            worker.join()


def _run_one(course: Course, order: Order) -> Outcome:
    _worker.busy = True
    try:
        if _worker.ends:  # told so while it was between two notebooks
            raise KeyboardInterrupt
        [outcome] = run(course, order)
        return outcome
    finally:
        _worker.busy = False


@dataclass
class _Worker:
    """What this process, as one that runs notebooks, is doing."""

    busy: bool = False
    ends: bool = False


_worker = _Worker()


def _end_in_order() -> None:
    """A worker ends when its parent says so, after it has cleared up; Ctrl-C goes to the parent alone."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _worker.ends = True
        raise KeyboardInterrupt if _worker.busy else SystemExit

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, interrupt)
