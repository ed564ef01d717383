"""Invoke: from an HTTP request, or an event source, to the fleet and back. The hot path of the local cloud.

Throttling is decided here: account and reserved concurrency. Knows no signature and no permission.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qs, unquote

from labkit import facts
from labkit.errors import RuntimeUnavailable
from labkit.localcloud.functions.context import CallContext
from labkit.localcloud.functions.errors import ServiceError, invalid
from labkit.localcloud.functions.resolve import Resolved
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.functions.wire import Response, respond_error
from labkit.localcloud.telemetry.metrics import Invoked, LambdaMetrics, Load
from labkit.localcloud.tracing.header import new_id
from labkit.localcloud.tracing.tracer import Tracer
from labkit.runtime.fleet import Fleet
from labkit.runtime.spec import Invocation, Outcome

PREFIX = "/2015-03-31/functions/"
SUFFIX = "/invocations"
RETRY_AFTER_S = "1"


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
        self._service, self._fleet, self._accept = service, fleet, accept
        self._tracer, self._metrics = tracer, metrics
        self._running: Counter[str] = Counter()
        self._running_ahead: Counter[str] = Counter()  # on provisioned environments, by pool
        self._total = 0
        self._reserved = 0  # of the total, those of functions that have reserved concurrency
        self._sync_max = int(facts.quota("payload_sync_request_max_bytes").value)
        self._async_max = int(facts.quota("payload_async_max_bytes").value)
        self._account_concurrency = int(facts.quota("concurrency_account_default").value)

    @staticmethod
    def is_invoke(method: str, raw_path: str) -> bool:
        return method == "POST" and raw_path.startswith(PREFIX) and raw_path.endswith(SUFFIX)

    async def answer(
        self, raw_path: str, query: str, headers: Mapping[str, str], body: bytes, caller: CallContext
    ) -> Response:
        """The HTTP answer to one Invoke request. ``headers`` have lower-case names."""
        request_id = str(uuid.uuid4())
        try:
            return await self._answer(raw_path, query, headers, body, caller, request_id)
        except ServiceError as error:
            response = respond_error(error, request_id)
            if error.code == "TooManyRequestsException":
                response.headers["Retry-After"] = RETRY_AFTER_S
            return response

    async def run(self, resolved: Resolved, invocation: Invocation) -> Outcome:
        """One invocation within the concurrency limits.

        Raises:
            ServiceError: TooManyRequestsException, or the machine cannot run this runtime.
        """
        follow = self._tracer.begin(resolved.spec, invocation)
        try:
            outcome = await self._run(resolved, follow.invocation)
        except ServiceError as error:
            self._tracer.refused(follow, error.status or 500)
            raise
        self._tracer.end(follow, outcome)
        return outcome

    async def _run(self, resolved: Resolved, invocation: Invocation) -> Outcome:
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
            outcome = await self._fleet.invoke(resolved.spec, invocation, pool)
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
        self._metrics.invoked(Invoked(began, resolved, load, outcome.duration_ms, failed))
        return outcome

    def queue(self, function_arn: str, payload: bytes, trace_header: str | None, caller: CallContext) -> str:
        """Queues an event for a function, as a service that invokes asynchronously; returns its request id.

        Raises:
            ServiceError: no such function, or an event that is too large or no JSON.
        """
        request_id = str(uuid.uuid4())
        resolved = self._service.resolve(function_arn, None, caller)
        payload = self._payload(payload, self._async_max)
        trace = str(self._tracer.header(trace_header, resolved.spec))
        self._accept(resolved, caller, function_arn, None, request_id, payload, trace)
        return request_id

    async def call(
        self, function_arn: str, payload: bytes, trace_header: str | None, caller: CallContext
    ) -> Outcome:
        """Invokes a function and waits, as a poller or an API does.

        Raises:
            ServiceError: no such function, throttled, too large.
        """
        resolved = self._service.resolve(function_arn, None, caller)
        payload = self._payload(payload, self._sync_max)
        trace = str(self._tracer.header(trace_header, resolved.spec))
        invocation = Invocation(str(uuid.uuid4()), payload, resolved.invoked_arn, None, trace, new_id())
        return await self.run(resolved, invocation)

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

    async def _answer(
        self,
        raw_path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        caller: CallContext,
        request_id: str,
    ) -> Response:
        name = unquote(raw_path[len(PREFIX) : -len(SUFFIX)])
        qualifier = parse_qs(query).get("Qualifier", [None])[0] if query else None
        kind = headers.get("x-amz-invocation-type") or "RequestResponse"
        if kind not in ("RequestResponse", "Event", "DryRun"):
            raise invalid(f"Invocation type '{kind}' is none of RequestResponse, Event, DryRun")
        resolved = self._service.resolve(name, qualifier, caller)
        payload = self._payload(body, self._async_max if kind == "Event" else self._sync_max)
        client_context = _client_context(headers.get("x-amz-client-context")) if kind != "Event" else None
        trace, segment_id = self._tracer.header(headers.get("x-amzn-trace-id"), resolved.spec), new_id()
        answer_headers = {
            "x-amzn-RequestId": request_id,
            "X-Amzn-Trace-Id": str(replace(trace, parent=segment_id)),
            "x-amzn-Remapped-Content-Length": "0",
            "Content-Type": "application/json",
        }
        if kind == "DryRun":
            return Response(204, answer_headers)
        if kind == "Event":
            self._accept(resolved, caller, name, qualifier, request_id, payload, str(trace))
            return Response(202, answer_headers)
        outcome = await self.run(
            resolved,
            Invocation(request_id, payload, resolved.invoked_arn, client_context, str(trace), segment_id),
        )
        answer_headers["X-Amz-Executed-Version"] = resolved.executed_version
        if outcome.function_error:
            answer_headers["X-Amz-Function-Error"] = outcome.function_error
        if headers.get("x-amz-log-type") == "Tail":
            answer_headers["X-Amz-Log-Result"] = base64.b64encode(outcome.log_tail).decode()
        return Response(200, answer_headers, outcome.payload)

    def _payload(self, body: bytes, limit: int) -> bytes:
        if len(body) > limit:
            raise ServiceError(
                "RequestTooLargeException",
                f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
                413,
            )
        if not body.strip():
            return b"{}"
        try:
            json.loads(body)
        except (ValueError, RecursionError) as problem:
            message = f"Could not parse request body into json: Could not parse payload into json: {problem}"
            raise ServiceError("InvalidRequestContentException", message, 400) from None
        return body

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


def _client_context(header: str | None) -> str | None:
    if not header:
        return None
    try:
        return json.dumps(json.loads(base64.b64decode(header, validate=True)))
    except (binascii.Error, ValueError):
        raise ServiceError(
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
            400,
        ) from None
