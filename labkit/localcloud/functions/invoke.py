"""Invoke: from an HTTP request, or an event source, to the fleet and back. The hot path of the local cloud.

Throttling is decided here: account and reserved concurrency. Knows no signature and no permission.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Mapping

from labkit import facts
from labkit.errors import RuntimeUnavailable
from labkit.localcloud.functions import event_stream
from labkit.localcloud.functions.context import CallContext
from labkit.localcloud.functions.errors import ServiceError, recursive
from labkit.localcloud.functions.invoke_request import Asked, InvokeRequests
from labkit.localcloud.functions.resolve import Resolved
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.functions.streamed import Streamed, events
from labkit.localcloud.functions.wire import Response, respond_error
from labkit.localcloud.telemetry.metrics import Invoked, LambdaMetrics, Load
from labkit.localcloud.tracing.header import parse
from labkit.localcloud.tracing.lineage import too_often
from labkit.localcloud.tracing.tracer import Tracer
from labkit.runtime.fleet import Fleet
from labkit.runtime.spec import Invocation, Outcome
from labkit.runtime.streaming import ResponseStream

RETRY_AFTER_S = "1"
log = logging.getLogger(__name__)

Accept = Callable[[Resolved, CallContext, str, str | None, str, bytes, str], None]


class Invocations:
    """Invokes functions for HTTP callers and for everything in the cloud that invokes."""

    def __init__(
        self,
        service: FunctionService,
        fleet: Fleet,
        accept: Accept,
        tracer: Tracer,
        metrics: LambdaMetrics,
    ) -> None:
        self._requests, self._fleet, self._accept = InvokeRequests(service, tracer), fleet, accept
        self._tracer, self._metrics = tracer, metrics
        self._running: Counter[str] = Counter()
        self._running_ahead: Counter[str] = Counter()  # on provisioned environments, by pool
        self._streams: set[asyncio.Task[Outcome]] = set()
        self._total = 0
        self._reserved = 0  # of the total, those of functions that have reserved concurrency
        self._account_concurrency = int(facts.quota("concurrency_account_default").value)

    async def answer(
        self,
        operation: str,
        raw_path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        caller: CallContext,
    ) -> Response:
        """The HTTP answer to one request of ``operation``. ``headers`` have lower-case names."""
        request_id = str(uuid.uuid4())
        try:
            asked = self._requests.read(operation, raw_path, query, headers, body, caller, request_id)
            if asked.kind == "DryRun":
                return Response(204, asked.answer_headers)
            if operation == "InvokeWithResponseStream":
                return await self._answer_stream(asked, headers)
            return await self._answer(asked, headers, caller)
        except ServiceError as error:
            response = respond_error(error, request_id)
            if error.code == "TooManyRequestsException":
                response.headers["Retry-After"] = RETRY_AFTER_S
            return response

    async def stream(self, resolved: Resolved, invocation: Invocation) -> Streamed:
        """Begins an invocation; returns when its answer begins, or when it is over.

        Raises:
            ServiceError: as ``run``.
        """
        response = ResponseStream()
        run = asyncio.create_task(self._run_streaming(resolved, invocation, response))
        self._streams.add(run)
        run.add_done_callback(self._streams.discard)
        await response.begun()
        if response.refused:
            await run
        return Streamed(response.content_type, response, run)

    async def _run_streaming(
        self, resolved: Resolved, invocation: Invocation, response: ResponseStream
    ) -> Outcome:
        outcome = None
        try:
            outcome = await self.run(resolved, invocation, response)
            return outcome
        finally:
            response.finish(outcome)

    async def run(
        self, resolved: Resolved, invocation: Invocation, response: ResponseStream | None = None
    ) -> Outcome:
        """One invocation within the concurrency limits; ``response`` takes what the function streams.

        Raises:
            ServiceError: TooManyRequestsException, RecursiveInvocationException, or the machine cannot run
                this runtime.
        """
        self._stop_loop(resolved, invocation)
        follow = self._tracer.begin(resolved.spec, invocation)
        try:
            outcome = await self._run(resolved, follow.invocation, response)
        except ServiceError as error:
            self._tracer.refused(follow, error.status or 500)
            raise
        self._tracer.end(follow, outcome)
        return outcome

    async def _run(
        self, resolved: Resolved, invocation: Invocation, response: ResponseStream | None
    ) -> Outcome:
        name = resolved.spec.arn
        self._admit(resolved, name)
        pool = provisioned_pool(resolved)
        reserved = resolved.reserved_concurrency is not None
        began = self._metrics.now()
        self._running[name] += 1
        self._total += 1
        self._reserved += reserved
        load = self._load(resolved, name, pool)
        if load.provisioned is not None and pool is not None:
            self._running_ahead[pool] += 1
        try:
            outcome = await self._fleet.invoke(resolved.spec, invocation, pool, response)
        except RuntimeUnavailable as error:
            # AWS answers 502 here, which SDKs try again; on this machine it would be in vain.
            raise ServiceError("InvalidRuntimeException", str(error), 400) from None
        finally:
            self._total -= 1
            self._reserved -= reserved
            _leave(self._running, name)
            if load.provisioned is not None and pool is not None:
                _leave(self._running_ahead, pool)
        failed = outcome.function_error is not None
        times = (outcome.duration_ms, failed, outcome.extensions_ms)
        self._metrics.invoked(Invoked(began, resolved, load, *times))
        return outcome

    def queue(self, function_arn: str, payload: bytes, trace_header: str | None, caller: CallContext) -> str:
        """Queues an event for a function, as a service that invokes asynchronously; returns its request id.

        Raises:
            ServiceError: no such function, or an event that is too large or no JSON.
        """
        resolved, event = self._requests.made(function_arn, payload, trace_header, caller, "Event")
        what = (event.request_id, event.payload, str(event.trace_header))
        self._accept(resolved, caller, function_arn, None, *what)
        return event.request_id

    async def call(
        self,
        function_arn: str,
        payload: bytes,
        trace_header: str | None,
        caller: CallContext,
        request_id: str | None = None,
    ) -> Outcome:
        """Invokes a function and waits, as a poller or an API does.

        Args:
            request_id: for callers that have told it to somebody already; a new one when None.

        Raises:
            ServiceError: no such function, throttled, too large.
        """
        return await self.run(
            *self._requests.made(function_arn, payload, trace_header, caller, request_id=request_id)
        )

    async def call_streaming(
        self,
        function_arn: str,
        payload: bytes,
        trace_header: str | None,
        caller: CallContext,
        request_id: str | None = None,
    ) -> Streamed:
        """As ``call``, and the answer is read as it is written: for a function URL that streams.

        Returns when the answer begins. ``content_type`` tells whether metadata for HTTP (JSON and eight NUL
        bytes) stand before the body. The caller iterates ``chunks`` to the end, or calls ``abandon``.
        """
        made = self._requests.made(function_arn, payload, trace_header, caller, request_id=request_id)
        return await self.stream(*made)

    def running(self, function_arn: str) -> int:
        """Invocations of a function that run at this moment."""
        return self._running[function_arn]

    def _load(self, resolved: Resolved, name: str, pool: str | None) -> Load:
        """What runs now. Provisioned environments are taken first, as the fleet does."""
        running, unreserved = self._running[name], self._total - self._reserved
        if pool is None:
            return Load(running, self._total, unreserved)
        qualifier = resolved.alias or resolved.executed_version
        setting = resolved.function.provisioned[qualifier]
        alias = resolved.function.aliases.get(qualifier)
        fits = alias is None or alias.version == resolved.executed_version
        ahead = self._running_ahead[pool] + 1
        provisioned = ahead if fits and ahead <= setting.available else None
        return Load(running, self._total, unreserved, provisioned, setting.allocated)

    async def _answer(self, asked: Asked, headers: Mapping[str, str], caller: CallContext) -> Response:
        answer_headers, invocation = asked.answer_headers, asked.invocation
        if asked.kind == "Event":
            event = (invocation.request_id, invocation.payload, str(invocation.trace_header))
            self._accept(asked.resolved, caller, asked.name, asked.qualifier, *event)
            return Response(202, answer_headers)
        outcome = await self.run(asked.resolved, invocation)
        answer_headers["X-Amz-Executed-Version"] = asked.resolved.executed_version
        if outcome.function_error:
            answer_headers["X-Amz-Function-Error"] = outcome.function_error
        if headers.get("x-amz-log-type") == "Tail":
            answer_headers["X-Amz-Log-Result"] = base64.b64encode(outcome.log_tail).decode()
        return Response(200, answer_headers, outcome.payload)

    async def _answer_stream(self, asked: Asked, headers: Mapping[str, str]) -> Response:
        streamed = await self.stream(asked.resolved, asked.invocation)
        asked.answer_headers["X-Amz-Executed-Version"] = asked.resolved.executed_version
        asked.answer_headers["Content-Type"] = event_stream.CONTENT_TYPE
        with_log = headers.get("x-amz-log-type") == "Tail"
        return Response(200, asked.answer_headers, chunks=events(streamed, with_log))

    def _stop_loop(self, resolved: Resolved, invocation: Invocation) -> None:
        if resolved.function.recursive_loop == "Allow":
            return
        if too_often(parse(invocation.trace_header).lineage, resolved.spec.arn):
            self._metrics.count(resolved.spec, "RecursiveInvocationsDropped")
            log.warning("a loop through %s was stopped", resolved.spec.arn)
            raise recursive()

    def _admit(self, resolved: Resolved, name: str) -> None:
        reserved = resolved.reserved_concurrency
        if reserved is not None:
            if self._running[name] >= reserved:
                self._metrics.throttled(resolved)
                raise _throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        elif self._total >= self._account_concurrency:
            self._metrics.throttled(resolved)
            raise _throttled("ConcurrentInvocationLimitExceeded")


def _leave(running: Counter[str], name: str) -> None:
    running[name] -= 1
    if not running[name]:
        del running[name]


def provisioned_pool(resolved: Resolved) -> str | None:
    """Names the provisioned environments of the qualifier that was invoked, if it has any."""
    qualifier = resolved.alias or resolved.executed_version
    return f"{resolved.spec.arn}:{qualifier}" if qualifier in resolved.function.provisioned else None


def _throttled(reason: str) -> ServiceError:
    return ServiceError("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason)
