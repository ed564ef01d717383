"""From an event to its effect: how long it took, and what a function logged meanwhile."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from labkit.checks.functions import Function
from labkit.checks.look import Look

Seen = TypeVar("Seen")
# How long an effect may take before it is looked for elsewhere: in a log, or in what forbids it.
PATIENCE_S = {"local": 5.0, "aws": 60.0}
LOOK_EVERY_S = {"local": 0.05, "aws": 1.0}
ERROR = re.compile(r"^\[ERROR\] (.*?)(?:\r|\n|$)", re.M)


@dataclass
class Effect:
    """Looks for what an event brings about. Made just before the event is sent."""

    look: Look
    sent_at: datetime = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self.sent_at, self._began = self.look.lab.clock.now(), time.monotonic()

    @property
    def took(self) -> str:
        """The time since the event was sent: ``431 ms``."""
        return f"{(time.monotonic() - self._began) * 1000:,.0f} ms"

    def of(self, seen: Callable[[], Seen], function: Function | None = None) -> Seen | None:
        """What is seen in the end; None if it does not come, or as soon as the function has failed."""

        target = self.look.lab.target
        deadline = time.monotonic() + PATIENCE_S[target]
        while not (found := seen()) and time.monotonic() < deadline:
            if function is not None and self.errors(function):
                break
            # The time is shown, so it is looked for at an even pace that does not blur it much.
            time.sleep(LOOK_EVERY_S[target])
        return found or seen() or None

    def errors(self, function: Function) -> list[str]:
        """The errors that a function has raised since: ``KeyError: 'rating'``."""
        found = self.logged(function, "[ERROR]")
        return [match[1] for message in found for match in ERROR.finditer(message)]

    def logged(self, function: Function, text: str) -> list[str]:
        """What a function has logged since that contains a text."""
        logs, since_ms = self.look.client("logs"), int(self.sent_at.timestamp() * 1000)
        asked = {"logGroupName": function.log_group, "startTime": since_ms, "filterPattern": f'"{text}"'}
        try:
            return [event["message"] for event in logs.filter_log_events(**asked)["events"]]
        except logs.exceptions.ResourceNotFoundException:  # it was never invoked
            return []
