"""Loads moto's interpreter, which takes a second, and gives it our clock, threads, clients and JSONata.

Its modules name `threading`, `time`, `datetime` and a client factory; those names are what is replaced.
"""

from __future__ import annotations

import datetime
import functools
import importlib
import logging
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from labkit.localcloud.sources.states import expressions
from labkit.localcloud.sources.states.waiting import Event, Thread, Work

PACKAGE = "moto.stepfunctions.parser"
CALLBACKS = f"{PACKAGE}.asl.component.state.exec.state_task.service.state_task_service_callback"
ClientFor = Callable[..., Any]


class Endings:
    """Lets states that wait for a child execution look again whenever an execution has ended."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._event = Event(work)
        self._count = 0
        self._seen = threading.local()

    def one_more(self) -> None:
        self._count += 1
        self._event.set()
        self._event.clear()

    def pause(self, _seconds: float) -> None:
        """Returns at the first call and after each ending: none is missed between looking and waiting."""
        if getattr(self._seen, "count", -1) == self._count:
            self._event.wait()
        self._seen.count = self._count


class Interpreter:
    """moto's interpreter, ready to run executions."""

    def __init__(self, work: Work, client_for: ClientFor) -> None:
        self.work = work
        self.endings = Endings(work)
        self._client_for = client_for
        self._lock = threading.Lock()
        self._ready = False

    def load(self) -> None:
        """Imports it and gives it ours, once. Not for the event loop's thread."""
        with self._lock:
            if not self._ready:
                self._install()
                self._ready = True

    def _install(self) -> None:
        importlib.import_module(f"{PACKAGE}.models")
        importlib.import_module(f"{PACKAGE}.asl.static_analyser.express_static_analyser")
        logging.getLogger(PACKAGE).setLevel(logging.CRITICAL)  # it tells of every state that fails
        from labkit.localcloud.sources.states import mended

        mended.install()
        for name, module in list(sys.modules.items()):
            if name.startswith(PACKAGE):
                self._replace_names(module, mended.extract_json, mended.pause)
        sys.modules[CALLBACKS].time = SimpleNamespace(sleep=self.endings.pause)  # type: ignore[attr-defined]
        sys.modules[f"{PACKAGE}.asl.jsonata.jsonata"]._eval_jsonata = expressions.evaluate  # type: ignore[attr-defined]

    def _replace_names(
        self, module: Any, extract_json: Callable[..., Any], pause: Callable[[float], None]
    ) -> None:
        event, thread = functools.partial(Event, self.work), functools.partial(Thread, self.work)
        ours = {
            threading: SimpleNamespace(
                Event=event,
                Thread=thread,
                Lock=threading.Lock,
                RLock=threading.RLock,
                Condition=threading.Condition,
            ),
            threading.Event: event,
            threading.Thread: thread,
            time: SimpleNamespace(time=self.work.now, sleep=pause),
            datetime: SimpleNamespace(
                datetime=_clock_class(self.work.now), timezone=datetime.timezone, date=datetime.date
            ),
        }
        for name in ("threading", "Event", "Thread", "time", "datetime"):
            if (named := vars(module).get(name)) in ours:
                setattr(module, name, ours[named])
        functions = {
            "boto_client_for": self._client_for,
            "encode_jsonata_variable_declarations": expressions.declarations,
            "extract_json": extract_json,
        }
        for name, function in functions.items():
            if name in vars(module):
                setattr(module, name, function)


def _clock_class(now: Callable[[], float]) -> type:
    class LessonDatetime(datetime.datetime):
        """`now()` without a zone is UTC in whole seconds: what a Wait state's Timestamp is compared with."""

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            moment = datetime.datetime.fromtimestamp(now(), datetime.UTC)
            return moment.astimezone(tz) if tz else moment.replace(tzinfo=None, microsecond=0)

    return LessonDatetime
