"""Deliveries that fail are tried again on the lesson clock, until the retry policy says that it is enough."""

from __future__ import annotations

import asyncio

import pytest

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.sources.retries import GivenUp, Retrying, RetryPolicy
from labkit.localcloud.sources.targets import NotDelivered

BUSY = NotDelivered("TooManyRequestsException", "Rate Exceeded.")
GONE = NotDelivered("ResourceNotFoundException", "Function not found")


def deliver(policy: RetryPolicy, *refusals: NotDelivered) -> tuple[list[float], list[GivenUp]]:
    """Seconds from the event to each try, and how it was given up; refusals come first, then success."""
    tries: list[float] = []
    ends: list[GivenUp] = []

    async def lesson() -> None:
        clock = LessonClock()
        left, begin = list(refusals), clock.now()

        async def send() -> None:
            tries.append(round(clock.now() - begin, 1))
            if left:
                raise left.pop(0)

        async def given_up(end: GivenUp) -> None:
            ends.append(end)

        retrying = Retrying(clock, policy, send, lambda refusal: None, given_up)
        await retrying.attempt()
        await clock.advance(2 * 86400)

    asyncio.run(lesson())
    return tries, ends


def test_a_busy_target_is_tried_again_with_growing_waits() -> None:
    """And has the event in the end."""
    assert deliver(RetryPolicy.of(None), *[BUSY] * 4) == ([0, 1, 3, 7, 15], [])


def test_a_target_that_is_gone_is_given_up_at_once() -> None:
    """No retry would help."""
    tries, [end] = deliver(RetryPolicy.of(None), GONE)
    assert (tries, end.retries, end.condition) == ([0], 0, None)


@pytest.mark.parametrize(
    ("policy", "retries", "condition"),
    [
        ({"MaximumRetryAttempts": 2}, 2, "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 0}, 0, "MaximumRetryAttempts"),
        ({"MaximumEventAgeInSeconds": 60}, 5, "MaximumEventAgeInSeconds"),
        ({}, 185, "MaximumRetryAttempts"),
    ],
)
def test_the_retry_policy_ends_it(policy: dict[str, int], retries: int, condition: str) -> None:
    """By tries, or by age; AWS's default is 185 tries within a day."""
    tries, [end] = deliver(RetryPolicy.of(policy), *[BUSY] * 500)
    assert (len(tries), end.retries, end.condition) == (retries + 1, retries, condition)
    assert tries[-1] <= 86400
