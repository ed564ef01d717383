"""The Extensions API (2020-01-01) of one generation of processes: who registered, who is ready, for what.

Starts and ends no process. Sources: AWS, "Lambda Extensions API"; states, error types and texts as AWS's open
runtime interface emulator has them.
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkit import facts
from labkit.runtime.http import Answer, Request
from labkit.runtime.spec import FunctionSpec

PREFIX = "/2020-01-01/extension/"
JSON = ("Content-Type", "application/json")
IDENTIFIER = "Lambda-Extension-Identifier"
ERROR_TYPE = "Lambda-Extension-Function-Error-Type"
INVOKE, SHUTDOWN = "INVOKE", "SHUTDOWN"
ACCEPTED = Answer(202, [JSON], b'{"status":"OK"}')


def external_names(opt_dir: Path) -> list[str]:
    """The files in /opt/extensions: each is started as an extension of that name."""
    folder = opt_dir / "extensions"
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_file()) if folder.is_dir() else []


@dataclass(eq=False)
class Extension:
    """One extension. ``external``: a process of its own; else a part of the runtime process."""

    name: str
    external: bool
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "Started"
    events: tuple[str, ...] = ()
    error_type: str | None = None
    waiting: asyncio.Future[dict[str, Any]] | None = None

    @property
    def fatal(self) -> str:
        """Why the environment fails when this one ends: what it reported before, or that it crashed."""
        return {"InitError": "Extension.InitError", "ExitError": "Extension.ExitError"}.get(
            self.state, "Extension.Crash"
        )


class Refused(Exception):
    """The answer to a call that cannot be served."""

    def __init__(self, error_type: str, message: str) -> None:
        body = json.dumps({"errorMessage": message, "errorType": error_type}).encode()
        self.answer = Answer(403, [JSON], body)


class Extensions:
    """All extensions of an environment, from one start of its runtime to the next."""

    def __init__(self, spec: FunctionSpec, names: Iterable[str], changed: Callable[[], None]) -> None:
        """``names``: the external ones; ``changed`` is called when one registers or becomes ready."""
        self._spec, self._changed = spec, changed
        self._max = int(facts.quota("extensions_max").value)
        self._known = [Extension(name, external=True) for name in names]
        self.closed = False  # to registrations

    def __iter__(self) -> Any:
        return iter(self._known)

    @property
    def active(self) -> bool:
        """Whether there is any: then invocations end when all are done."""
        return bool(self._known)

    @property
    def external(self) -> list[Extension]:
        return [extension for extension in self._known if extension.external]

    @property
    def too_many(self) -> list[Extension]:
        """Those beyond the limit, which are not started."""
        return self._known[self._max :]

    @property
    def all_registered(self) -> bool:
        """Every external one has registered: the runtime may start."""
        return all(extension.state != "Started" for extension in self._known)

    @property
    def all_ready(self) -> bool:
        """Every one has asked for its next event."""
        return all(extension.state == "Ready" for extension in self._known)

    @property
    def all_done(self) -> bool:
        """Every one that gets INVOKE events has asked for the next event."""
        return all(extension.state == "Ready" for extension in self._known if INVOKE in extension.events)

    def identified(self, request: Request) -> Extension:
        """Who calls.

        Raises:
            Refused: no identifier, or one of nobody.
        """
        text = request.header(IDENTIFIER.lower())
        if not text:
            raise Refused("Extension.MissingExtensionIdentifier", f"Missing {IDENTIFIER} header")
        try:
            identifier = str(uuid.UUID(text))
        except ValueError:
            raise Refused("Extension.InvalidExtensionIdentifier", f"Invalid {IDENTIFIER}") from None
        for extension in self._known:
            if extension.identifier == identifier:
                return extension
        raise Refused("Extension.UnknownExtensionIdentifier", f"Unknown extension {identifier}")

    async def handle(self, request: Request) -> Answer | None:
        """The answer to one call; None when there is no such call.

        Raises:
            Refused: with the answer to give.
        """
        match request.method, request.raw_path.removeprefix(PREFIX):
            case "POST", "register":
                return self._register(request)
            case "GET", "event/next":
                return await self._next(self.identified(request))
            case "POST", "init/error":
                return self._failed(request, "InitError", ("Registered",))
            case "POST", "exit/error":
                return self._failed(request, "ExitError", ("Registered", "Ready", "Running"))
        return None

    def invoke(self, event: dict[str, Any]) -> None:
        """Hands an INVOKE event to those that want it."""
        self._release(INVOKE, event)

    def shut_down(self, reason: str, deadline_ms: int) -> list[Extension]:
        """Hands the SHUTDOWN event to those that want it; returns them."""
        event = {"eventType": SHUTDOWN, "deadlineMs": deadline_ms, "shutdownReason": reason}
        return self._release(SHUTDOWN, event)

    def close(self) -> None:
        """Lets everybody go who waits for an event."""
        for extension in self._known:
            if extension.waiting is not None:
                extension.waiting.cancel()

    def _release(self, kind: str, event: dict[str, Any]) -> list[Extension]:
        wanting = [extension for extension in self._known if kind in extension.events]
        for extension in wanting:
            if extension.state == "Ready":
                extension.state = "Running"
                if extension.waiting is not None and not extension.waiting.done():
                    extension.waiting.set_result(event)
        return wanting

    def _register(self, request: Request) -> Answer:
        name = request.header("lambda-extension-name")
        if not name:
            raise Refused("Extension.InvalidExtensionName", "Empty extension name")
        events = _events(request.body)
        extension = next((one for one in self.external if one.name == name), None)
        allowed = (INVOKE, SHUTDOWN) if extension is not None else (INVOKE,)
        for event in events:
            if event not in allowed:
                known = event == SHUTDOWN
                why = "ShutdownEventNotSupportedForInternalExtension" if known else "ErrorInvalidEventType"
                raise Refused("Extension.InvalidEventType", f"{event}: {why}")
        if extension is None:
            extension = self._new_internal(name)
        elif extension.state != "Started":
            raise _transition(extension, "Registered", extension.name)
        extension.state, extension.events = "Registered", tuple(dict.fromkeys(events))
        self._changed()
        body = {
            "functionName": self._spec.name,
            "functionVersion": self._spec.version,
            "handler": self._spec.handler,
        }
        if "accountId" in (request.header("lambda-extension-accept-feature") or "").replace(" ", "").split(
            ","
        ):
            body["accountId"] = self._spec.account_id
        return Answer(200, [JSON, (IDENTIFIER, extension.identifier)], json.dumps(body).encode())

    def _new_internal(self, name: str) -> Extension:
        if self.closed:
            raise Refused("Extension.RegistrationClosed", "Extension registration closed already")
        if len(self._known) >= self._max:
            raise Refused("Extension.TooManyExtensions", f"Extension limit ({self._max}) reached")
        if any(extension.name == name for extension in self._known):
            raise Refused("Extension.InvalidExtensionState", "Extension with this name already registered")
        extension = Extension(name, external=False)
        self._known.append(extension)
        return extension

    async def _next(self, extension: Extension) -> Answer:
        if extension.state not in ("Registered", "Running"):
            raise _transition(extension, "Ready", extension.identifier)
        extension.state = "Ready"
        extension.waiting = asyncio.get_running_loop().create_future()
        self._changed()
        event = await extension.waiting
        headers = [JSON, ("Lambda-Extension-Event-Identifier", str(uuid.uuid4()))]
        return Answer(200, headers, json.dumps(event).encode())

    def _failed(self, request: Request, state: str, allowed: tuple[str, ...]) -> Answer:
        extension = self.identified(request)
        error_type = request.header(ERROR_TYPE.lower())
        if not error_type:
            raise Refused("Extension.MissingHeader", f"{ERROR_TYPE} not found")
        if extension.state not in allowed:
            raise _transition(extension, state, extension.identifier)
        extension.state, extension.error_type = state, error_type
        return ACCEPTED


def _transition(extension: Extension, state: str, who: str) -> Refused:
    return Refused(
        "Extension.InvalidExtensionState",
        f"State transition from {extension.state} to {state} failed for extension {who}. "
        "Error: State transition is not allowed",
    )


def _events(body: bytes) -> list[str]:
    try:
        document = json.loads(body)
        events = document.get("events") or []
        if document.get("configurationKeys"):
            raise Refused(
                "InvalidRequestFormat", "configurationKeys are deprecated; use environment variables instead"
            )
        if not isinstance(events, list):
            raise ValueError("events must be an array")
    except (ValueError, AttributeError) as problem:
        raise Refused("InvalidRequestFormat", str(problem)) from None
    return [str(event) for event in events]
