"""Turns of asynchronous events: few at once while they are short, more when they take their time, an end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from labkit.localcloud.functions import lanes
from labkit.localcloud.functions.lanes import AT_ONCE_MAX, AT_ONCE_MIN, WAITING_MAX, Lanes


class Hall:
    """Work that lasts until it is let go."""

    def __init__(self) -> None:
        self.inside, self.most, self.done = 0, 0, 0
        self.open = asyncio.Event()
        self.lanes: Lanes[int] = Lanes(self.spawn, self.work)

    @staticmethod
    def spawn(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)

    async def work(self, event: int) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.open.wait()
        self.inside -= 1
        self.done += 1
        if event < 0:
            raise ValueError("this one fails")

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 20))


def test_a_burst_begins_with_a_few() -> None:
    """And goes on when one ends, whether it failed or not."""

    async def burst() -> None:
        hall = Hall()
        for number in range(40):
            hall.lanes.enter("f", -number, 1)
        hall.lanes.enter("other", 1, 1)
        await hall.settle()
        assert hall.inside == AT_ONCE_MIN + 1
        hall.open.set()
        while hall.done < 41:
            await asyncio.sleep(0)
        assert hall.most == AT_ONCE_MIN + 1
        await hall.lanes.close()

    run(burst())


def test_work_that_takes_long_gets_more(monkeypatch: Any) -> None:
    """When nothing has ended for a while, up to the most."""
    monkeypatch.setattr(lanes, "SLOW_S", 0.01)

    async def slow() -> None:
        hall = Hall()
        for number in range(AT_ONCE_MAX + 20):
            hall.lanes.enter("f", number, 1)
        while hall.inside < AT_ONCE_MAX:
            await asyncio.sleep(0.005)
        await hall.settle()
        assert hall.inside == AT_ONCE_MAX
        await hall.lanes.close()

    run(slow())


def test_a_lane_is_full_by_number_or_by_size() -> None:
    """Another function's lane is not."""

    async def fill() -> None:
        hall = Hall()
        for number in range(WAITING_MAX + AT_ONCE_MIN):
            assert not hall.lanes.full("f")
            hall.lanes.enter("f", number, 1)
        assert hall.lanes.full("f") and not hall.lanes.full("g")
        for number in range(AT_ONCE_MIN + 1):
            hall.lanes.enter("g", number, lanes.WAITING_MAX_BYTES)
        assert hall.lanes.full("g")
        await hall.lanes.close()

    run(fill())
