"""One execution environment: ``new → initialising → idle ⇄ busy → dead``, and ``failed`` after a crash.

The runtime process may fail and be replaced; the environment, its log stream and its /tmp live on, and the
next invocation pays for the suppressed init inside its Duration (AWS: "Lambda execution environment").
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from labkit import facts
from labkit.runtime import loglines
from labkit.runtime.api import RESPONSE_BYTES_MAX, RuntimeApi, Work, too_large_error
from labkit.runtime.cpu import CpuGovernor
from labkit.runtime.languages import Launch, View, launch_for
from labkit.runtime.layers import merged
from labkit.runtime.output import LogPipe
from labkit.runtime.processes import ProcessTree
from labkit.runtime.sandbox import ISOLATED_VIEW, Keeper, Launcher, Place
from labkit.runtime.spec import CredentialsSource, FunctionSpec, Invocation, LogSink, Outcome
from labkit.runtime.streaming import (
    TOO_LARGE,
    TRUNCATED,
    Receiver,
    ResponseBuffer,
    ResponseStream,
    StreamEnd,
)
from labkit.runtime.variables import variables
from labkit.runtime.verdict import Verdict, error_payload, judge
from labkit.runtime.watch import MemoryWatch

EXIT_KNOWN_S = 0.5


class State(enum.Enum):
    NEW = "new"
    INITIALISING = "initialising"
    IDLE = "idle"
    BUSY = "busy"
    FAILED = "failed"
    DEAD = "dead"


@dataclass(frozen=True)
class Host:
    """What all environments of a cloud share."""

    launcher: Launcher
    isolated: bool
    home: Path
    cache_dir: Path
    endpoint: str
    credentials: CredentialsSource
    sink: LogSink
    now_ms: Callable[[], int]
    xray_daemon: str = ""


class ExecutionEnvironment:
    """Runs one version of one function, one invocation at a time."""

    def __init__(self, spec: FunctionSpec, host: Host, initialization_type: str = "on-demand") -> None:
        self.spec, self.state = spec, State.NEW
        self.instance_id = secrets.token_hex(16)
        self.initialization_type = initialization_type
        self.log_stream = _stream_name(spec, self.instance_id, host.now_ms())
        self.idle_since = 0.0
        self._host = host
        self._init_ms: float | None = None
        self._work: asyncio.Future[Work] | None = None
        self._verdict: asyncio.Future[Verdict] | None = None
        self._request_id = ""
        self._response: ResponseStream | None = None
        self._ending: asyncio.Task[None] | None = None
        self._booting = False
        self._began = 0.0
        self._keeper: Keeper | None = None
        self._cleanup = contextlib.AsyncExitStack()

    def __repr__(self) -> str:
        return f"<ExecutionEnvironment {self.spec.name}:{self.spec.version} {self.state.value}>"

    async def initialise(self) -> None:
        """Makes the sandbox and runs the init phase. A failed init leaves the state ``failed``."""
        self.state = State.INITIALISING
        spec, host = self.spec, self._host
        opt_dir = await asyncio.to_thread(merged, spec.layer_dirs, host.cache_dir)
        self._place = Place(host.home / self.instance_id, spec.code_dir, opt_dir, spec.ephemeral_storage_mb)
        self._cleanup.callback(self._place.remove)
        self._place.create()
        self._launch, self._view = await asyncio.to_thread(self._choose_launch)
        self._pipe = LogPipe(lambda events: host.sink(spec, self.log_stream, events), host.now_ms)
        self._cleanup.callback(self._pipe.close)
        self._api = RuntimeApi(self)
        await self._api.start()
        self._cleanup.push_async_callback(self._api.close)
        self._cleanup.callback(self._withdraw_work)
        mounts = self._place.mounts(self._launch) if host.isolated else None
        self._keeper = await host.launcher.create(mounts, self._pipe.writer)
        self._cleanup.push_async_callback(self._keeper.close)
        self._pipe.close_writer()
        limit = spec.memory_mb << 20
        self._tree = ProcessTree(self._keeper.pid)
        self._watch = MemoryWatch(self._tree, limit, lambda: self._settle("memory"))
        self._cpu = CpuGovernor(self._tree, spec.memory_mb)
        self._cleanup.callback(self._watch.end)
        self._cleanup.callback(self._cpu.end)
        version = self._launch.runtime_version
        arn = f"arn:aws:lambda:{spec.region}::runtime:{sha256(spec.runtime.encode()).hexdigest()}"
        self._platform = loglines.Platform(spec, version, arn, self.log_stream)
        self._pipe.platform(self._platform.init_start(host.now_ms(), self.initialization_type))
        verdict, init_ms = await self._boot(self._init_limit_s())
        if verdict.kind == "ready":
            self.state = State.IDLE
            self._cpu.idle()
            if self.initialization_type == "on-demand":
                self._init_ms = init_ms
            else:
                self._report_init(verdict, init_ms, "init")
        else:
            self._report_init(verdict, init_ms, "init")
            self.state = State.FAILED
        self._pipe.flush()

    async def invoke(self, invocation: Invocation, response: ResponseStream | None = None) -> Outcome:
        """Runs one invocation to its end, whatever the function does; raises nothing of its own.

        ``response`` takes what a function streams; without it the answer is collected.
        """
        assert self._keeper is not None
        was_failed = self.state is State.FAILED or self._keeper.exited.done()
        self.state = State.BUSY
        self._request_id, self._response = invocation.request_id, response
        self._pipe.platform(self._platform.start(self._host.now_ms(), invocation.request_id))
        begin, deadline_s = time.perf_counter(), time.time() + self.spec.timeout_s
        verdict = None
        if was_failed:
            verdict, init_ms = await self._boot(self.spec.timeout_s)
            if verdict.kind == "ready":
                verdict = None
            else:
                self._report_init(verdict, init_ms, "invoke")
        if verdict is None:
            verdict = await self._run(invocation, deadline_s)
            begin = begin if was_failed else self._began
        outcome = self._conclude(invocation, verdict, (verdict.at - begin) * 1000)
        if verdict.kind in ("answer", "error"):
            self.state = State.IDLE
            self._cpu.idle()
        else:
            await self._kill()
            self.state = State.FAILED
        return outcome

    async def close(self) -> None:
        """Ends everything the environment has by now: processes first, then port, logs, directories."""
        self.state = State.DEAD
        await self._cleanup.aclose()

    # What the runtime process says, through the Runtime API.

    async def next(self) -> Work:
        if self._booting:
            self._settle("ready")
        work = await self._expect_work()
        self._work = None
        self._began = time.perf_counter()
        return work

    def answered(self, request_id: str, body: bytes, error_type: str | None) -> bool:
        if not self._awaits_answer(request_id):
            return False
        self._settle("error" if error_type else "answer", body=body, error_type=error_type)
        return True

    def streaming(self, request_id: str, content_type: str) -> Receiver | None:
        if not self._awaits_answer(request_id):
            return None
        receiver = self._response or ResponseBuffer(RESPONSE_BYTES_MAX)
        receiver.begin(content_type)
        return receiver

    async def streamed(self, request_id: str, receiver: Receiver, end: StreamEnd) -> None:
        body, kind = end.error, end.error_type
        if kind is None and isinstance(receiver, ResponseBuffer):
            body = bytes(receiver.body)
        elif kind == TOO_LARGE:
            body = too_large_error(receiver.max_bytes)
        elif kind == TRUNCATED and self._keeper is not None:
            # When the runtime has ended, that is the reason, and known in a moment.
            await asyncio.wait({self._keeper.exited}, timeout=EXIT_KNOWN_S)
            if self._keeper.exited.done():
                return
            body = error_payload(request_id, TRUNCATED, "the answer was broken off")
        self.answered(request_id, body, kind)

    def _awaits_answer(self, request_id: str) -> bool:
        return request_id == self._request_id and self._verdict is not None and not self._verdict.done()

    def init_failed(self, body: bytes, error_type: str) -> None:
        self._settle("init-error", body=body, error_type=error_type)

    # The phases.

    def _choose_launch(self) -> tuple[Launch, View]:
        view = ISOLATED_VIEW if self._host.isolated else self._place.plain_view()
        launch = launch_for(self.spec, view, self._host.cache_dir)
        if not self._host.isolated:
            view = replace(view, runtime_dir=str(launch.runtime_dir))
            launch = launch_for(self.spec, view, self._host.cache_dir)
        return launch, view

    async def _boot(self, limit_s: float) -> tuple[Verdict, float]:
        """Starts the runtime process and waits until it asks for work, fails or is too late."""
        assert self._keeper is not None
        env = variables(
            self.spec,
            self._launch,
            self._view,
            self._host.credentials(self.spec),
            runtime_api=self._api.address,
            log_stream=self.log_stream,
            endpoint=self._host.endpoint,
            xray_daemon=self._host.xray_daemon,
            initialization_type=self.initialization_type,
        )
        limits = {"RLIMIT_NOFILE": _fact("file_descriptors_max"), "RLIMIT_CORE": 0}
        if self._host.isolated:
            limits["RLIMIT_NPROC"] = _fact("processes_max")
        self._tree.restarted()
        begin = time.perf_counter()
        if problem := self._launch.entrypoint_problem:
            return Verdict("entrypoint", begin, body=problem.encode()), 0.0
        self._keeper.start(self._launch.argv, env, self._view.task_root, limits)
        self._keeper.exited.add_done_callback(self._exited)
        self._booting = True
        verdict = await self._await_verdict(limit_s)
        self._booting = False
        if verdict.kind == "ready":
            self._watch.settle()
        else:
            await self._kill()
        return verdict, (verdict.at - begin) * 1000

    async def _run(self, invocation: Invocation, deadline_s: float) -> Verdict:
        headers = [
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(int(deadline_s * 1000))),
            ("Lambda-Runtime-Invoked-Function-Arn", invocation.invoked_arn),
            ("Lambda-Runtime-Trace-Id", invocation.trace_header or ""),
            ("Content-Type", "application/json"),
        ]
        if invocation.client_context:
            headers.append(("Lambda-Runtime-Client-Context", invocation.client_context))
        self._began = time.perf_counter()
        self._cpu.begin()
        self._expect_work().set_result(Work(headers, invocation.payload))
        try:
            return await self._await_verdict(deadline_s - time.time())
        finally:
            self._cpu.end()

    async def _await_verdict(self, limit_s: float) -> Verdict:
        assert self._keeper is not None
        loop = asyncio.get_running_loop()
        self._verdict = loop.create_future()
        if self._keeper.exited.done():
            self._exited(self._keeper.exited)
        timer = loop.call_later(max(limit_s, 0), self._settle, "timeout")
        self._watch.begin()
        try:
            return await self._verdict
        finally:
            timer.cancel()
            self._watch.end()

    async def _kill(self) -> None:
        assert self._keeper is not None
        self._withdraw_work()
        if not self._keeper.exited.done():
            self._keeper.kill()
            await self._keeper.exited
        self._pipe.drain()

    def _conclude(self, invocation: Invocation, verdict: Verdict, duration_ms: float) -> Outcome:
        """Writes END and REPORT and makes the outcome."""
        spec, now = self.spec, self._host.now_ms
        self._watch.settle()
        init_ms, self._init_ms = self._init_ms, None
        status, error_type, payload = judge(verdict, invocation.request_id, spec)
        trace_id, segment_id = _sampled(invocation)
        figures = loglines.Figures(
            duration_ms=duration_ms,
            billed_ms=loglines.billed(duration_ms, init_ms),
            max_memory_mb=min(-(-self._watch.peak >> 20), spec.memory_mb),
            init_ms=init_ms,
            status=status,
            error_type=error_type,
            trace_id=trace_id,
            segment_id=segment_id,
        )
        self._pipe.platform(self._platform.end(now(), invocation.request_id))
        self._pipe.platform(self._platform.report(now(), invocation.request_id, figures))
        # After the caller's answer is written, before anybody's next request is read.
        asyncio.get_running_loop().call_soon(self._pipe.flush)
        return Outcome(
            payload=payload,
            function_error=None if verdict.kind == "answer" else "Unhandled",
            log_tail=self._pipe.take_tail(),
            duration_ms=figures.duration_ms,
            billed_ms=figures.billed_ms,
            max_memory_mb=figures.max_memory_mb,
            log_stream=self.log_stream,
            init_ms=init_ms,
            status=status if verdict.kind != "error" else "error",
            error_type=error_type,
            answered_at=verdict.at,
        )

    def _report_init(self, verdict: Verdict, init_ms: float, phase: str) -> None:
        status, error_type, _ = judge(verdict, self._request_id, self.spec)
        line = self._platform.init_report(
            self._host.now_ms(), init_ms, phase, status, error_type, self.initialization_type
        )
        self._pipe.platform(line)

    # Small parts.

    def _init_limit_s(self) -> float:
        if self.initialization_type == "on-demand":
            return _fact("init_max_s")
        return max(_fact("init_provisioned_max_s"), self.spec.timeout_s)

    def _expect_work(self) -> asyncio.Future[Work]:
        if self._work is None:
            self._work = asyncio.get_running_loop().create_future()
        return self._work

    def _withdraw_work(self) -> None:
        """Lets a runtime that waits for work go: it is ended, or has ended."""
        if self._work is not None:
            self._work.cancel()
            self._work = None

    def _settle(self, kind: str, **details: object) -> None:
        if self._verdict is not None and not self._verdict.done():
            self._verdict.set_result(Verdict(kind, time.perf_counter(), **details))  # type: ignore[arg-type]

    def _exited(self, exited: asyncio.Future[int]) -> None:
        if self._verdict is not None and not self._verdict.done():
            self._ending = asyncio.create_task(self._settle_exit(self._verdict, exited.result()))

    async def _settle_exit(self, verdict: asyncio.Future[Verdict], exit_code: int) -> None:
        # What the process said before it ended counts.
        await self._api.read_up()
        if verdict is self._verdict:
            self._settle("exit", exit_code=exit_code)


def _fact(name: str) -> int:
    return int(facts.quota(name).value)


def _stream_name(spec: FunctionSpec, instance_id: str, now_ms: int) -> str:
    day = time.strftime("%Y/%m/%d/", time.gmtime(now_ms / 1000))
    own_group = spec.log_group != f"/aws/lambda/{spec.name}"
    return f"{day}{spec.name if own_group else ''}[{spec.version}]{instance_id}"


def _sampled(invocation: Invocation) -> tuple[str | None, str | None]:
    parts = (invocation.trace_header or "").split(";")
    fields = dict(part.split("=", 1) for part in parts if "=" in part)
    if fields.get("Sampled") != "1":
        return None, None
    return fields.get("Root"), invocation.segment_id or fields.get("Parent")
