"""Watches API calls through botocore's event hooks and keeps them, for their AWS CLI equivalents.

The calls go on unchanged.
"""

from __future__ import annotations

import io
import os
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel

from labkit.awscli.call import Call, Note, only_looks
from labkit.awscli.command import Command, commands

_KEPT_BYTES = 8 * 1024 * 1024
_PLAIN = (str, int, float)
_PENDING = "labkit-recorder"


@dataclass(slots=True)
class _Entry:
    """A call, or several equal ones in a row, and its place in the sequence: marks outlive dropped calls.

    Counts in place and makes a `Call` only when asked: this is on the path of every invocation.
    """

    first: int
    model: OperationModel
    params: Mapping[str, Any]
    times: int = 1
    refused: int = 0
    error: str | None = None

    def is_of(self, model: OperationModel, params: Mapping[str, Any]) -> bool:
        """Whether it is the same call; a model is an object of its own for each client."""
        same = self.model is model or (
            self.model.name == model.name
            and self.model.service_model.service_name == model.service_model.service_name
        )
        return same and self.params == params

    def call(self) -> Call:
        return Call(self.model, self.params, self.times, self.refused, self.error)


class Recorder:
    """Keeps the API calls that clients make, oldest first.

    Safe to use from several threads. Equal calls in a row are kept once, with a count. Blobs above 8 MiB and
    the contents of open files are not kept, only their size and name.

    Args:
        reads: keep also the calls that only look (Get, List, Describe …).
        keep: how many different calls to keep; older ones are dropped.

    Example:
        recorder = Recorder()
        recorder.attach(client)
        mark = recorder.mark()
        client.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
        print(script(recorder.commands(since=mark)))
    """

    def __init__(self, *, reads: bool = False, keep: int = 2000) -> None:
        self._reads = reads
        self._entries: deque[_Entry] = deque(maxlen=keep)
        self._seen = 0
        self._marked = 0
        self._lock = threading.Lock()
        self._note = (
            f"{_PENDING}-{id(self)}"  # under this name a call's context holds its parameters, then its entry
        )

    def attach(self, target: Any) -> None:
        """Watch a client, a resource, or a session with every client that it makes from now on."""
        events = _events_of(target)
        for event, handler in self._hooks():
            # Last, so that the parameters are seen as they go out (boto3's Table converts its values before).
            events.register_last(event, handler, unique_id=f"{_PENDING}-{event}-{id(self)}")

    def detach(self, target: Any) -> None:
        """Stop watching what ``attach`` was given."""
        events = _events_of(target)
        for event, handler in self._hooks():
            events.unregister(event, handler, unique_id=f"{_PENDING}-{event}-{id(self)}")

    def mark(self) -> int:
        """A place in the sequence of calls, for ``calls(since=…)`` and ``commands(since=…)``."""
        with self._lock:
            self._marked = self._seen
            return self._seen

    def calls(self, since: int = 0) -> tuple[Call, ...]:
        """The calls made since a mark, oldest first."""
        with self._lock:
            return tuple(entry.call() for entry in self._entries if entry.first >= since)

    def commands(
        self, since: int = 0, *, endpoint_url: str | None = None, waits: bool = True
    ) -> tuple[Command, ...]:
        """The AWS CLI commands that do what the calls since a mark did. See ``labkit.awscli.commands``."""
        return commands(self.calls(since), endpoint_url=endpoint_url, waits=waits)

    def _hooks(self) -> tuple[tuple[str, Any], ...]:
        return (
            ("before-parameter-build", self._about_to_build),
            ("before-call", self._about_to_send),
            ("after-call", self._answered),
            ("after-call-error", self._broke),
        )

    def _about_to_build(
        self, params: Mapping[str, Any], model: OperationModel, context: dict[str, Any], **_: Any
    ) -> None:
        if self._reads or not only_looks(str(model.name)):
            context[self._note] = _kept_params(params, model)

    def _about_to_send(self, model: OperationModel, context: dict[str, Any], **_: Any) -> None:
        """Only now is it a call: presigned addresses are built from parameters too, and never sent."""
        params = context.get(self._note)
        if params is None:
            return
        with self._lock:
            last = self._entries[-1] if self._entries else None
            if last is not None and last.first >= self._marked and last.is_of(model, params):
                last.times += 1
            else:
                self._entries.append(last := _Entry(self._seen, model, params))
            self._seen += 1
        context[self._note] = last

    def _answered(self, context: dict[str, Any], http_response: Any, parsed: Any, **_: Any) -> None:
        if http_response.status_code >= 300:
            self._failed(context, str(parsed.get("Error", {}).get("Code", http_response.status_code)))

    def _broke(self, context: dict[str, Any], exception: BaseException, **_: Any) -> None:
        self._failed(context, type(exception).__name__)

    def _failed(self, context: dict[str, Any], error: str) -> None:
        entry = context.get(self._note)
        if isinstance(entry, _Entry):
            with self._lock:
                entry.refused += 1
                entry.error = error


def _events_of(target: Any) -> Any:
    """The event system of a boto3 session, a botocore client or a boto3 resource."""
    if hasattr(target, "events"):
        return target.events
    meta = target.meta
    return meta.events if hasattr(meta, "events") else meta.client.meta.events


def _kept_params(params: Mapping[str, Any], model: OperationModel) -> dict[str, Any]:
    """A copy that later changes cannot reach, without the tokens that botocore adds by itself."""
    tokens = model.idempotent_members
    return {name: _kept(value) for name, value in params.items() if name not in tokens}


def _kept(value: Any) -> Any:
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {key: _kept(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_kept(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return bytes(value) if len(value) <= _KEPT_BYTES else Note("", len(value))
    if isinstance(value, io.BytesIO):  # what botocore makes of the bytes given for a streaming body
        return _kept(value.getvalue())
    if hasattr(value, "read"):
        return Note(str(getattr(value, "name", "")), _size_of(value))
    return value


def _size_of(file: Any) -> int | None:
    try:
        return os.fstat(file.fileno()).st_size
    except (AttributeError, OSError):
        return None
