"""What moto is taught, and when: a service's lessons at its first use, whoever uses it.

moto loads a service at its first request; loading them all, with what the local cloud changes in them, would
take seconds. So everybody, moto's own dispatcher among them, gets at a service's state through this door. A
service that nobody has used holds nothing: others of moto's services may know it untaught.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Part = TypeVar("Part")

CORE = "core"  # what all of moto's services share: its lessons come before any service is loaded

_lessons: dict[str, list[Callable[[], None]]] = {}
_known: dict[str, Any] = {}  # moto's backends of the services whose lessons are over
_turn = threading.RLock()
_teaching = False


def add(service: str, lesson: Callable[[], None]) -> None:
    """Has a service of moto's (by moto's name for it) changed when it is first used; now, if it was."""
    with _turn:
        _lessons.setdefault(service, []).append(lesson)
        if service in _known:
            _teach(service)


def learned(service: str) -> Any:
    """moto's backends of a service, by account and Region, as they behave here. From any thread.

    The first use loads the service, which takes from some milliseconds to a second: not on the event loop.
    """
    known = _known.get(service)
    if known is None:
        with _turn:
            load_core()
            known = _get_backend(service)
            _teach(service)
            if not _teaching:  # else others would find it half taught
                _known[service] = known
    return known


def backend(service: str, account_id: str, region: str) -> Any:
    """moto's backend; ``aws`` is the Region of services that have none.

    Raises:
        KeyError: there is no such Region.
    """
    return learned(service)[account_id][region]


def present(service: str, account_id: str, region: str) -> Any | None:
    """moto's backend; None while nobody has used the service. Loads nothing.

    Raises:
        KeyError: there is no such Region.
    """
    known = _known.get(service)
    return None if known is None else known[account_id][region]


def load_core() -> None:
    """Loads what all services share, a fifth of a second the first time. From any thread."""
    with _turn:
        import moto.backends

        if moto.backends.get_backend is not learned:
            moto.backends.get_backend = learned  # type: ignore[assignment]  # what moto's dispatcher asks
            _teach(CORE)


def _get_backend(service: str) -> Any:
    """As moto's own function of this name."""
    from moto.backends import ALT_BACKEND_NAMES, ALT_SERVICE_NAMES, _import_backend

    name = service.replace("-", "")
    module = ALT_SERVICE_NAMES.get(name, name)
    return _import_backend(module, f"{ALT_BACKEND_NAMES.get(name, name)}_backends")


def _teach(service: str) -> None:
    global _teaching
    already, _teaching = _teaching, True
    try:
        for lesson in _lessons.pop(service, ()):
            lesson()
    finally:
        _teaching = already


class Later(Generic[Part]):
    """A part of the cloud that is made when it is first needed, because its modules take long to load."""

    def __init__(self, make: Callable[[], Part]) -> None:
        self._make = make
        self.made: Part | None = None

    def get(self) -> Part:
        """The part. From any thread; the first time not on the event loop."""
        if self.made is None:
            with _turn:
                if self.made is None:
                    self.made = self._make()
        return self.made
