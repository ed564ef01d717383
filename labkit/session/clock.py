"""The lesson clock: makes the local cloud's retries and schedules come sooner. AWS has no such thing."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from labkit.cloud import Cloud
from labkit.errors import TargetError
from labkit.session.say import say

LONGEST_REAL_WAIT = timedelta(minutes=15)


@dataclass(frozen=True)
class LessonClock:
    """The clock that everything in the cloud waits on. Without a local cloud it is the real one."""

    cloud: Cloud | None

    def __repr__(self) -> str:
        return (
            f"<LessonClock {'local' if self.cloud else 'AWS: real time'} now={self.now():%Y-%m-%dT%H:%M:%SZ}>"
        )

    def now(self) -> datetime:
        """The time in the cloud, UTC."""
        if self.cloud is None:
            return datetime.now(UTC)
        return datetime.fromisoformat(self.cloud.call("GET", "/_labkit/clock")["now"])

    def advance(
        self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0, wait: bool = True
    ) -> datetime:
        """Moves the clock forward; what was due in between has happened when this returns.

        On AWS time cannot be moved: this waits, with a progress bar, if it is no longer than 15 minutes.

        Args:
            wait: whether the lesson allows to wait on AWS.

        Returns:
            The time in the cloud afterwards.

        Raises:
            TargetError: on AWS, where it would take too long.
            ValueError: the time given is not positive.
        """
        step = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        if step <= timedelta(0):
            raise ValueError("a clock goes forward: give a positive time, such as minutes=3")
        if self.cloud is not None:
            answer = self.cloud.call(
                "POST", "/_labkit/clock", {"advance_s": step.total_seconds()}, timeout_s=900.0
            )
            return datetime.fromisoformat(answer["now"])
        if not wait or step > LONGEST_REAL_WAIT:
            raise TargetError(
                f"AWS's time cannot be moved, and {step} is too long to wait here. Come back then, "
                "or do this part with target='local'."
            )
        say(f"AWS's time cannot be moved, so this waits {step}.")
        _wait(step.total_seconds())
        return self.now()


def _wait(seconds: float) -> None:
    from rich.progress import Progress

    idle, ends = threading.Event(), time.monotonic() + seconds
    with Progress() as progress:
        task = progress.add_task("waiting", total=seconds)
        while (left := ends - time.monotonic()) > 0:
            idle.wait(min(1.0, left))
            progress.update(task, completed=seconds - max(0.0, ends - time.monotonic()))
