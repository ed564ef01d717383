"""Events on their way to functions, answers on their way back: JSON, off the event loop when it is large."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

LARGE_BYTES = 1 << 20  # more would hold up everybody else while it is read or written


async def encode(event: Callable[[], dict[str, Any]], body: bytes) -> bytes:
    """The event as JSON. ``body``: of the request, which is most of it."""

    def encoded() -> bytes:
        return json.dumps(event(), ensure_ascii=False).encode("utf-8", "replace")

    return await asyncio.to_thread(encoded) if len(body) > LARGE_BYTES else encoded()


async def read(answer: Callable[[bytes], T], payload: bytes) -> T:
    """What a function's answer means."""
    return await asyncio.to_thread(answer, payload) if len(payload) > LARGE_BYTES else answer(payload)
