"""Something done again and again while a notebook stands open: between cells, in the kernel's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

SHORTEST_S = 2.0
LONGEST_S = 1800.0  # a notebook that was left open must not ask a cloud for ever


class Repeater:
    """A check box; while it is set, ``work`` is done every ``every_s`` seconds, for half an hour at most.

    In no thread: matplotlib's settings are those of the process, and a picture that is drawn while a call is
    measured would show in its latency.

    Attributes:
        box: the check box.
    """

    def __init__(self, work: Callable[[], None], every_s: float) -> None:
        import ipywidgets

        self._work = work
        self._every_s = max(every_s, SHORTEST_S)
        self._left_s = 0.0
        self._next: asyncio.TimerHandle | None = None
        self.box = ipywidgets.Checkbox(
            False,
            description=f"every {self._every_s:g} s",
            indent=False,
            layout={"width": "150px", "margin": "2px 0 2px 14px"},
        )
        self.box.observe(self._changed, "value")
        self.box.value = True

    def _changed(self, _: Any) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._left_s = LONGEST_S
        if self.box.value:
            self._plan()

    def _plan(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a script: nobody would see it
            self.box.value = False
            return
        self._next = loop.call_later(self._every_s, self._do)

    def _do(self) -> None:
        self._left_s -= self._every_s
        if self._left_s <= 0:
            self.box.value = False
            return
        self._plan()
        self._work()
