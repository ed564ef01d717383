"""One execution environment: ``new → initialising → idle ⇄ busy → dead``, and ``failed`` after a crash.

The processes may fail and be replaced; the environment, its log stream and its /tmp live on, and the next
invocation pays for the suppressed init inside its Duration (AWS: "Lambda execution environment").
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import secrets
import time
from collections.abc import Callable

from labkit import facts
from labkit.runtime.api import RESPONSE_BYTES_MAX, Work, too_large_error
from labkit.runtime.generation import Generation
from labkit.runtime.http import Answer, Request
from labkit.runtime.reporting import Ended, conclude, invoke_event, listen, report_boot, trace_of
from labkit.runtime.spec import FunctionSpec, Invocation, Outcome
from labkit.runtime.streaming import TOO_LARGE, TRUNCATED, Receiver, ResponseBuffer, ResponseStream, StreamEnd
from labkit.runtime.verdict import Verdict, error_payload
from labkit.runtime.workplace import Host, Identity, Workplace, prepare

__all__ = ["ExecutionEnvironment", "Host", "State"]

EXIT_KNOWN_S = 0.5
LATE_S = 0.001  # timers of the loop may fire a little early; a timeout is never shorter than the limit


class State(enum.Enum):
    NEW = "new"
    INITIALISING = "initialising"
    IDLE = "idle"
    BUSY = "busy"
    FAILED = "failed"
    DEAD = "dead"


class ExecutionEnvironment:
    """Runs one version of one function, one invocation at a time."""

    def __init__(self, spec: FunctionSpec, host: Host, initialization_type: str = "on-demand") -> None:
        self.spec, self.state = spec, State.NEW
        self.initialization_type = initialization_type
        instance_id = secrets.token_hex(16)
        self.log_stream = _stream_name(spec, instance_id, host.now_ms())
        self.idle_since = 0.0
        self._identity = Identity(instance_id, self.log_stream, initialization_type)
        self._host, self._now = host, host.now_ms
        self._place: Workplace
        self._generation: Generation | None = None
        self._init_ms: float | None = None
        self._work: asyncio.Future[Work] | None = None
        self._verdict: asyncio.Future[Verdict] | None = None
        self._answer: Verdict | None = None  # given, while extensions are still at work
        self._request_id = ""
        self._response: ResponseStream | None = None
        self._ending: asyncio.Task[None] | None = None
        self._booting = self._holds_event = False
        self._began = self._asked = 0.0
        self._cleanup = contextlib.AsyncExitStack()

    def __repr__(self) -> str:
        return f"<ExecutionEnvironment {self.spec.name}:{self.spec.version} {self.state.value}>"

    @property
    def keeper_pid(self) -> int:
        """The process below which all of this environment's processes are."""
        return self._place.keeper.pid

    @property
    def lost(self) -> bool:
        """Whether the keeper has ended, and with it everything here."""
        return self._place.keeper.gone

    def when_lost(self, tell: Callable[[], None]) -> None:
        """Calls ``tell`` when the keeper ends, in whatever way."""
        self._place.keeper.when_gone(tell)

    async def initialise(self) -> None:
        """Makes the sandbox and runs the init phase. A failed init leaves the state ``failed``."""
        self.state = State.INITIALISING
        self._place = await prepare(
            self.spec, self._host, self._identity, self, lambda: self._settle("memory"), self._cleanup
        )
        self._cleanup.callback(self._withdraw_work)
        verdict, init_ms = await self._boot("init", self._init_limit_s())
        if verdict.kind == "ready":
            self.state = State.IDLE
            self._place.cpu.idle()
            if self.initialization_type == "on-demand":
                self._init_ms = init_ms
        else:
            self.state = State.FAILED
        self._place.pipe.flush()

    async def invoke(self, invocation: Invocation, response: ResponseStream | None = None) -> Outcome:
        """Runs one invocation to its end, whatever the function does; raises nothing of its own.

        ``response`` takes what a function streams; without it the answer is collected.
        """
        place = self._place
        died = self.state is not State.FAILED and place.keeper.exited.done()
        suppressed_init = died or self.state is State.FAILED
        self.state = State.BUSY
        self._request_id, self._response = invocation.request_id, response
        begin, deadline_s = time.perf_counter(), time.time() + self.spec.timeout_s
        verdict, trace = None, trace_of(invocation)
        if died:
            await self._reset("failure")
        if suppressed_init:
            verdict, _ = await self._boot("invoke", self.spec.timeout_s)
        place.pipe.platform(place.platform.start(self._now(), invocation.request_id, trace))
        if verdict is None or verdict.kind == "ready":
            verdict = await self._run(invocation, deadline_s)
            begin = begin if suppressed_init else self._began
        streamed = response.total_bytes if response is not None and response.content_type else None
        times = (begin, self._asked, self._init_ms)
        ended = Ended(invocation.request_id, verdict, self._answer, *times, trace, streamed)
        outcome, self._init_ms = conclude(place, ended), None
        if place.keeper.gone:
            self.state = State.DEAD
        elif verdict.kind in ("answer", "error"):
            self.state = State.IDLE
            place.cpu.idle()
        else:
            await self._reset("timeout" if verdict.kind == "timeout" else "failure")
            self.state = State.FAILED
        self._answer = None
        return outcome

    async def close(self) -> None:
        """Ends everything the environment has by now: processes first, then port, logs, directories."""
        self.state = State.DEAD
        if self._generation is not None:
            self._place.cpu.end()
            await self._generation.shut_down("spindown")
            self._generation.close()
        await self._cleanup.aclose()

    # What the processes say, through the Runtime API and its neighbours.

    async def next(self) -> Work | None:
        assert self._generation is not None
        if self._holds_event:
            return None  # which the runtime has not answered yet
        self._asked = time.perf_counter()
        self._generation.runtime_asks()
        work = await self._expect_work()
        self._generation.runtime_waits = False
        self._work = None
        self._holds_event = True
        self._began = time.perf_counter()
        return work

    def answered(self, request_id: str, body: bytes, error_type: str | None) -> bool:
        if not self._awaits_answer(request_id):
            return False
        self._holds_event = False
        kind = "error" if error_type else "answer"
        if self._generation is not None and self._generation.extensions.active:
            self._answer = Verdict(kind, time.perf_counter(), body, error_type)
            self._generation.runtime_waits = False
        else:
            self._settle(kind, body=body, error_type=error_type)
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
        elif kind == TRUNCATED:
            # When the runtime has ended, that is the reason, and known in a moment.
            await asyncio.wait({self._place.keeper.exited}, timeout=EXIT_KNOWN_S)
            if self._place.keeper.exited.done():
                return
            body = error_payload(request_id, TRUNCATED, "the answer was broken off")
        self.answered(request_id, body, kind)

    def init_failed(self, body: bytes, error_type: str) -> None:
        self._settle("init-error", body=body, error_type=error_type)

    async def other_call(self, request: Request) -> Answer | None:
        return await self._generation.handle(request) if self._generation is not None else None

    def _awaits_answer(self, request_id: str) -> bool:
        waits = self._verdict is not None and not self._verdict.done() and self._answer is None
        return waits and request_id == self._request_id

    # The phases.

    async def _boot(self, phase: str, limit_s: float) -> tuple[Verdict, float]:
        """Starts extensions and runtime and waits until all ask for work, one fails or it takes too long."""
        place, platform = self._place, self._place.platform
        telemetry = listen(place)
        place.pipe.platform(platform.init_start(self._now(), phase))
        place.tree.restarted()
        begin = time.perf_counter()
        generation = Generation(
            place.plan(), place.keeper, telemetry, self._progressed, self._exited, self._extension_failed
        )
        self._generation, self._holds_event = generation, False
        if problem := place.launch.entrypoint_problem:
            verdict = Verdict("entrypoint", begin, body=problem.encode())
        else:
            self._booting = True
            verdict = await self._await_verdict(limit_s, generation)
            self._booting = False
        init_ms = (verdict.at - begin) * 1000
        generation.init_over()
        report_boot(place, verdict, init_ms, phase, self._request_id, generation.extensions)
        if not telemetry.wanted:
            platform.emit = place.pipe.listener = None
        if verdict.kind == "ready":
            place.watch.settle()
        else:
            await self._reset("timeout" if verdict.kind == "timeout" else "failure")
        return verdict, init_ms

    async def _run(self, invocation: Invocation, deadline_s: float) -> Verdict:
        assert self._generation is not None
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
        self._place.cpu.begin()
        if self._generation.extensions.active:
            self._generation.extensions.invoke(invoke_event(invocation, deadline_s))
        self._expect_work().set_result(Work(headers, invocation.payload))
        try:
            return await self._await_verdict(deadline_s - time.time())
        finally:
            self._place.cpu.end()

    async def _await_verdict(self, limit_s: float, begins: Generation | None = None) -> Verdict:
        loop = asyncio.get_running_loop()
        self._verdict = loop.create_future()
        if begins is not None:
            begins.begin()
        elif self._place.keeper.exited.done():
            self._exited(self._place.keeper.exited)
        timer = loop.call_later(max(limit_s, 0) + LATE_S, self._settle, "timeout")
        self._place.watch.begin()
        try:
            return await self._verdict
        finally:
            timer.cancel()
            self._place.watch.end()

    async def _reset(self, reason: str) -> None:
        """Ends this generation of processes; the next one starts with the next invocation."""
        self._withdraw_work()
        self._place.cpu.end()
        if self._generation is not None:
            await self._generation.shut_down(reason)
            self._generation.close()
        await self._place.keeper.kill()
        self._place.pipe.drain()

    # Small parts.

    def _init_limit_s(self) -> float:
        if self.initialization_type == "on-demand":
            return int(facts.quota("init_max_s").value)
        return max(int(facts.quota("init_provisioned_max_s").value), self.spec.timeout_s)

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

    def _progressed(self) -> None:
        generation = self._generation
        if generation is None or self._verdict is None or self._verdict.done():
            return
        if self._booting and generation.ready:
            self._settle("ready")
        elif self._answer is not None and generation.done:
            self._verdict.set_result(self._answer)

    def _extension_failed(self, error_type: str, reason: str) -> None:
        self._settle("extension", error_type=error_type, body=reason.encode())

    def _exited(self, exited: asyncio.Future[int]) -> None:
        if self._verdict is not None and not self._verdict.done():
            self._ending = asyncio.create_task(self._settle_exit(self._verdict, exited.result()))

    async def _settle_exit(self, verdict: asyncio.Future[Verdict], exit_code: int) -> None:
        # What the process said before it ended counts.
        await self._place.api.read_up()
        if verdict is self._verdict:
            self._settle("exit", exit_code=exit_code)


def _stream_name(spec: FunctionSpec, instance_id: str, now_ms: int) -> str:
    day = time.strftime("%Y/%m/%d/", time.gmtime(now_ms / 1000))
    own_group = spec.log_group != f"/aws/lambda/{spec.name}"
    return f"{day}{spec.name if own_group else ''}[{spec.version}]{instance_id}"
