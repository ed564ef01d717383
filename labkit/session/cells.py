"""Which API calls belong to which cell of a notebook, for the AWS CLI commands that do the same."""

from __future__ import annotations

import sys
import weakref
from collections import deque
from typing import Any

from labkit.awscli import Command, Recorder

REMEMBERED_CELLS = 500


class CellCommands:
    """Records a session's calls and where each cell began. Outside a notebook all is one cell."""

    def __init__(self) -> None:
        self._recorder = Recorder()
        self._starts: deque[int] = deque([0], maxlen=REMEMBERED_CELLS)

    def attach(self, session: Any) -> None:
        """Watches the clients that the session makes from now on, and the cells of the notebook around it."""
        self._recorder.attach(session)
        ipython = sys.modules.get("IPython")
        if shell := ipython.get_ipython() if ipython else None:
            # Weak: a lab that was opened anew must not be kept alive by the notebook's list of callbacks.
            begin = weakref.WeakMethod(self._begin_cell)
            shell.events.register("pre_run_cell", lambda *_: (call := begin()) and call())

    def commands(self, endpoint_url: str | None = None) -> tuple[Command, ...]:
        """What this cell's calls amount to, or those of the last cell that made any."""
        for start in reversed(self._starts):
            if found := self._recorder.commands(since=start, endpoint_url=endpoint_url):
                return found
        return ()

    def _begin_cell(self) -> None:
        self._starts.append(self._recorder.mark())
