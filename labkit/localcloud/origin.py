"""Who made the AWS call that a thread of moto is serving: notifications tell of it, loops are found by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from labkit.localcloud.identities.principal import Principal


@dataclass(frozen=True, slots=True)
class Origin:
    """``trace_header`` is the caller's X-Amzn-Trace-Id; SDKs inside functions send it along."""

    principal: Principal
    region: str
    service: str
    operation: str
    trace_header: str | None = None
    source_ip: str = "127.0.0.1"


_current: ContextVar[Origin | None] = ContextVar("origin", default=None)


def current() -> Origin | None:
    """The call being served in this thread; None in the cloud's own work."""
    return _current.get()


@contextmanager
def serving(origin: Origin) -> Iterator[None]:
    """While a call is served."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)
