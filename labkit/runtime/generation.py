"""One generation of an environment's processes: extensions, then the runtime, ready together, ended together.

An environment begins another one after a failure. What is said over the Extensions and the Telemetry API ends
up here; what the processes' fates mean for an init or an invocation is the environment's to decide.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from labkit import facts
from labkit.runtime.extensions import PREFIX, Extension, Extensions, Refused
from labkit.runtime.http import Answer, Request
from labkit.runtime.languages import Launch, View
from labkit.runtime.sandbox import RUNTIME, Keeper
from labkit.runtime.spec import FunctionSpec
from labkit.runtime.telemetry import LOGS_PATH, LOGS_REFUSED, PATH, Telemetry
from labkit.runtime.verdict import exit_reason

RUNTIMES_SHARE = 0.3  # of the time to shut down, where extensions have to have their turn after the runtime
FLUSH_S = 0.2
RUNTIMES_OWN = (
    "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What is started. ``opt_dir`` is the host's directory behind the View's."""

    spec: FunctionSpec
    launch: Launch
    view: View
    opt_dir: Path
    extensions: tuple[str, ...]
    environment: Mapping[str, str]
    limits: Mapping[str, int]


class Generation:
    """Starts and ends the processes of one generation.

    Args:
        progressed: called when ``ready`` or ``done`` may have become true.
        exited: called with the exit code's future when the runtime process has ended.
        failed: called with error type and reason when an extension makes the environment fail.
    """

    def __init__(
        self,
        plan: Plan,
        keeper: Keeper,
        telemetry: Telemetry,
        progressed: Callable[[], None],
        exited: Callable[[asyncio.Future[int]], None],
        failed: Callable[[str, str], None],
    ) -> None:
        self._plan, self._keeper = plan, keeper
        self._progressed, self._exited, self._failed = progressed, exited, failed
        self.extensions = Extensions(plan.spec, plan.extensions, self._step)
        self.telemetry = telemetry
        self._runtime_started = self._ending = False
        self.runtime_waits = False  # for its next event
        self._exits: list[asyncio.Future[int]] = []

    def begin(self) -> None:
        """Starts the extensions, or what has none, the runtime."""
        for extension in self.extensions.too_many:
            self._not_launched(extension, "TooManyExtensions", "ErrTooManyExtensions")
            return
        env = {
            name: value
            for name, value in self._plan.environment.items()
            if name not in RUNTIMES_OWN and not name.startswith("_")
        }
        for extension in self.extensions.external:
            program = f"extensions/{extension.name}"
            shown = f"{self._plan.view.opt_dir}/{program}"
            if not os.access(self._plan.opt_dir / program, os.X_OK):
                self._not_launched(extension, "PermissionDenied", f"fork/exec {shown}: permission denied")
                return
            exited = self._keeper.start([shown], env, "/", dict(self._plan.limits), extension.name)
            exited.add_done_callback(lambda exited, one=extension: self._ended(one, exited.result()))  # type: ignore[misc]
            self._exits.append(exited)
        self._step()

    @property
    def ready(self) -> bool:
        """The runtime and all extensions have asked for their first event."""
        return self.runtime_waits and self.extensions.all_ready

    @property
    def done(self) -> bool:
        """The runtime and the extensions that got the event have asked for the next one."""
        return self.runtime_waits and self.extensions.all_done

    def runtime_asks(self) -> None:
        """The runtime has asked for an event."""
        self.runtime_waits = True
        self._step()

    def init_over(self) -> None:
        """Nobody registers or subscribes any more."""
        self.extensions.closed = True
        self.telemetry.close_subscriptions()

    async def handle(self, request: Request) -> Answer | None:
        """The answer to a call of the Extensions or Telemetry API; None when it is neither."""
        try:
            if request.raw_path.startswith(PREFIX):
                return await self.extensions.handle(request)
            if request.method == "PUT" and request.raw_path.rstrip("/") in (PATH, LOGS_PATH):
                extension = self.extensions.identified(request)
                if request.raw_path.startswith(LOGS_PATH):
                    return LOGS_REFUSED
                return self.telemetry.subscribe(extension.name, request.body)
        except Refused as refused:
            return refused.answer
        return None

    async def shut_down(self, reason: str) -> None:
        """Tells the processes to end and gives them AWS's time for it. What is left then is to be killed.

        Without extensions there is no time: nothing is told.
        """
        self._ending = True
        if not self.extensions.active:
            return
        external = bool(self._exits)
        kind = "external" if external else "internal"
        limit_s = int(facts.quota(f"shutdown_{kind}_extension_ms").value) / 1000
        begin = time.monotonic()
        flushing = asyncio.create_task(self.telemetry.flush(FLUSH_S))
        if self._runtime_started and not self._keeper.exited.done():
            self._keeper.signal(RUNTIME, signal.SIGTERM)
            share = RUNTIMES_SHARE if external else 1
            await asyncio.wait({self._keeper.exited}, timeout=limit_s * share)
        await flushing
        left_s = begin + limit_s - time.monotonic()
        wanting = self.extensions.shut_down(reason, int((time.time() + left_s) * 1000))
        for extension in self.extensions.external:
            if extension not in wanting:
                self._keeper.signal(extension.name, signal.SIGKILL)
        waiting = [exited for exited in self._exits if not exited.done()]
        if waiting:
            await asyncio.wait(waiting, timeout=max(left_s, 0))

    def close(self) -> None:
        """The processes are gone."""
        self._ending = True
        self.extensions.close()
        self.telemetry.cancel()

    def _step(self) -> None:
        if not self._runtime_started and self.extensions.all_registered:
            self._runtime_started = True
            plan = self._plan
            exited = self._keeper.start(
                plan.launch.argv, dict(plan.environment), plan.view.task_root, dict(plan.limits)
            )
            exited.add_done_callback(self._exited)
        self._progressed()

    def _not_launched(self, extension: Extension, error_type: str, reason: str) -> None:
        extension.state, extension.error_type = "LaunchError", error_type
        self._failed("Extension.LaunchError", reason)

    def _ended(self, extension: Extension, code: int) -> None:
        if not self._ending:
            self._failed(extension.fatal, exit_reason(code))
