"""Puts moto on the lesson clock: queues, streams and objects are as old as the lesson says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import moto.core.utils

_utcnow = moto.core.utils.utcnow


def install(now: Callable[[], float]) -> None:
    """Teaches moto, once for the process. ``now`` is in seconds since the epoch.

    What moto imports later takes the new function by itself; what is there already has its own name for it.
    """

    def utcnow() -> datetime:
        return datetime.fromtimestamp(now(), UTC).replace(tzinfo=None)  # moto's times have no zone

    known: set[Any] = {_utcnow, moto.core.utils.utcnow}
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.") and getattr(module, "utcnow", None) in known:
            module.utcnow = utcnow  # type: ignore[attr-defined]
