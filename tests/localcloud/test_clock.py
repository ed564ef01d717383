"""The lesson clock: what falls due runs in order, what it sets in motion ends before time moves on."""

from __future__ import annotations

import asyncio

from labkit.localcloud.clock import LessonClock


def test_advance_waits_for_what_an_appointment_sets_in_motion() -> None:
    """A delivery that asks for a retry a minute later gets it in the same advance, at the right moment."""
    seen: list[tuple[str, float]] = []

    async def lesson() -> int:
        clock = LessonClock()
        begin = clock.now()

        async def deliver(name: str) -> None:
            await asyncio.sleep(0)
            seen.append((name, round(clock.now() - begin)))
            if name == "first":
                clock.call_later(60, fire_retry)

        async def fire() -> None:
            _ = clock.spawn(deliver("first"))

        async def fire_retry() -> None:
            _ = clock.spawn(deliver("retry"))

        clock.call_later(120, fire)
        return await clock.advance(200)

    assert asyncio.run(lesson()) == 2
    assert seen == [("first", 120), ("retry", 180)]


def test_a_delivery_that_fails_is_told_and_holds_up_nothing(caplog: object) -> None:
    """Work that raises is logged; the clock goes on."""

    async def lesson() -> int:
        clock = LessonClock()

        async def broken() -> None:
            raise ValueError("lost")

        _ = clock.spawn(broken())
        return await clock.advance(1)

    assert asyncio.run(lesson()) == 0
    assert "lost" in caplog.text  # type: ignore[attr-defined]
