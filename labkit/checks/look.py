"""What a check sees: boto3 clients, the lab's names, its design record. Cells are out of sight."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from labkit.session import Lab

Found = TypeVar("Found")
# Logs and permissions of AWS arrive late; those of this machine hardly so.
PATIENCE_S = {"local": 1.0, "aws": 45.0}
LOOK_EVERY_S = {"local": 0.1, "aws": 2.0}


class NotYet(Exception):
    """Ends a look: the goal is not reached.

    Attributes:
        seen: what is there.
        expected: what should be.
        next_step: what to do.
    """

    def __init__(self, seen: str, expected: str, next_step: str) -> None:
        super().__init__(seen)
        self.seen, self.expected, self.next_step = seen, expected, next_step


class Skip(Exception):
    """Ends a look: this cannot be done here, for a reason that is not the learner's."""


@dataclass(frozen=True)
class Look:
    """The view that a check gets of a lab."""

    lab: Lab

    @property
    def prefix(self) -> str:
        """What the names of the lab's resources begin with."""
        return self.lab.prefix

    @property
    def local(self) -> bool:
        """Whether the cloud is this machine's."""
        return self.lab.target == "local"

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self.lab.client(service)

    def decided(self, key: str) -> Any:
        """What was kept under this key by ``lab.save``; None if nothing was. For what no cloud can show."""
        return self.lab.load(key, None)

    def name(self, base: str) -> str:
        """The name that the task gives to a resource."""
        return self.lab.name(base)

    def wait(self, service: str, waiter: str, **params: Any) -> None:
        """Waits by one of boto3's waiters."""
        self.lab.wait(service, waiter, **params)

    def eventually(self, look: Callable[[], Found | None], *, work_s: float = 0.0) -> Found | None:
        """Looks again until something is there, or what arrives late should have arrived.

        Args:
            work_s: how long what is waited for takes by itself.
        """
        deadline = time.monotonic() + work_s + PATIENCE_S[self.lab.target]
        while not (found := look()) and time.monotonic() < deadline:
            # A cloud has no event that says "this log line is here now"; the pace is set for its API.
            time.sleep(LOOK_EVERY_S[self.lab.target])
        return found
