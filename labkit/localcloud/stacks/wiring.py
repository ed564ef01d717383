"""Puts CloudFormation together; the local cloud's assembly needs only what comes out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import Identities
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.stacks.change_operations import ChangeOperations
from labkit.localcloud.stacks.engine import Engine
from labkit.localcloud.stacks.history import History
from labkit.localcloud.stacks.operations import Operations
from labkit.localcloud.stacks.reading import Reading
from labkit.localcloud.stacks.responses import Responses
from labkit.localcloud.stacks.service import Stacks
from labkit.localcloud.stacks.store import Store


@dataclass(frozen=True)
class ServedStacks:
    """The service, and where custom resources answer."""

    service: Stacks
    responses: Responses


def serve_stacks(
    endpoint: str,
    identities: Identities,
    guard: Guard,
    moto: MotoHost,
    clock: LessonClock,
    loop: asyncio.AbstractEventLoop,
) -> ServedStacks:
    """Stacks of one local cloud."""

    def call_later(delay_s: float, do: Callable[[], None]) -> None:
        async def due() -> None:
            do()

        loop.call_soon_threadsafe(lambda: clock.call_later(delay_s, due))

    store, history = Store(), History(clock.now)
    responses = Responses(endpoint, call_later)
    engine = Engine(endpoint, identities, guard, store, history, responses)
    operations = Operations(store, engine, history)
    changes = ChangeOperations(store, engine, history, operations)
    return ServedStacks(Stacks(moto, operations, changes, Reading(store, engine)), responses)
