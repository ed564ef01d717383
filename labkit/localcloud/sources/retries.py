"""Deliveries that are tried again: backoff on the lesson clock, until a retry policy says: enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit import facts
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.sources.targets import NotDelivered

# AWS: "with exponential back off and jitter", without figures. 185 retries of at most this fill its 24 hours.
BACKOFF_MAX_S = 480
_LATER = frozenset({"TooManyRequestsException", "ResourceConflictException", "ServiceUnavailable"})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and for how long after the event, a delivery is tried again."""

    attempts: int
    age_s: int

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> RetryPolicy:
        """From AWS's names; what is not given is AWS's default."""
        given = given or {}
        attempts = given.get("MaximumRetryAttempts")
        age_s = given.get("MaximumEventAgeInSeconds")
        return cls(
            int(facts.quota("eventbridge_retries_max").value) if attempts is None else int(attempts),
            int(facts.quota("eventbridge_event_age_max_s").value) if age_s is None else int(age_s),
        )


@dataclass(frozen=True, slots=True)
class GivenUp:
    """``condition``: the member of the retry policy that was exhausted; None when another try is no use."""

    refusal: NotDelivered
    retries: int
    condition: str | None


@dataclass
class Retrying:
    """One delivery. ``attempt`` tries; later tries are appointments of the clock.

    Attributes:
        send: delivers, or raises NotDelivered.
        failed: told of each try that failed.
        given_up: what happens to an event that was not delivered in the end.
    """

    clock: LessonClock
    policy: RetryPolicy
    send: Callable[[], Awaitable[None]]
    failed: Callable[[NotDelivered], None]
    given_up: Callable[[GivenUp], Awaitable[None]]
    began: float = field(init=False)
    retries: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.began = self.clock.now()

    async def attempt(self) -> None:
        """Tries once; arranges the next try, or gives up."""
        try:
            await self.send()
        except NotDelivered as refusal:
            self.failed(refusal)
            await self._after(refusal)

    async def _after(self, refusal: NotDelivered) -> None:
        delay = min(2**self.retries, BACKOFF_MAX_S)
        if not (refusal.retryable or refusal.code in _LATER):
            await self.given_up(GivenUp(refusal, self.retries, None))
        elif self.retries >= self.policy.attempts:
            await self.given_up(GivenUp(refusal, self.retries, "MaximumRetryAttempts"))
        elif self.clock.now() + delay - self.began > self.policy.age_s:
            await self.given_up(GivenUp(refusal, self.retries, "MaximumEventAgeInSeconds"))
        else:
            self.retries += 1
            self.clock.call_later(delay, self.attempt)


def attributes(values: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    """Message attributes of a dead letter; empty ones are left out."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}
