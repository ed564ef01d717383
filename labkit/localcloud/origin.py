"""Who made the AWS call that a thread of moto is serving: notifications tell of it, loops are found by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
_handed_on: ContextVar[str | None] = ContextVar("handed on", default=None)
_afterwards: ContextVar[list[Callable[[], None]] | None] = ContextVar("afterwards", default=None)


def current() -> Origin | None:
    """The call being served in this thread; None in the cloud's own work."""
    return _current.get()


def trace_header() -> str | None:
    """The X-Amzn-Trace-Id of the call being served, or of the message that is being handed on."""
    call = _current.get()
    return call.trace_header if call is not None else _handed_on.get()


@contextmanager
def handing_on(trace_header: str | None) -> Iterator[None]:
    """While the cloud itself delivers a message: what follows from it belongs to the same trace."""
    token = _handed_on.set(trace_header)
    try:
        yield
    finally:
        _handed_on.reset(token)


def afterwards(work: Callable[[], None]) -> None:
    """Runs ``work`` when the call being served has done all that it does; at once if there is none.

    moto tells of a new object before it has its metadata: nobody may hear of it that early.
    """
    waiting = _afterwards.get()
    if waiting is None:
        work()
    else:
        waiting.append(work)


@contextmanager
def serving(origin: Origin) -> Iterator[None]:
    """While a call is served."""
    token, waiting = _current.set(origin), _afterwards.set([])
    try:
        yield
    finally:
        works = _afterwards.get() or []
        _afterwards.reset(waiting)
        for work in works:
            work()
        _current.reset(token)
