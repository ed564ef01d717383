"""Invoke: from an HTTP request, or an event source, to the fleet and back. The hot path of the local cloud.

Throttling is decided here: account and reserved concurrency. Knows no signature and no permission.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, unquote

from labkit import facts
from labkit.errors import RuntimeUnavailable
from labkit.localcloud.functions.context import CallContext
from labkit.localcloud.functions.errors import ServiceError, invalid
from labkit.localcloud.functions.resolve import Resolved
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.functions.wire import Response, respond_error
from labkit.runtime.fleet import Fleet
from labkit.runtime.spec import Invocation, Outcome

PREFIX = "/2015-03-31/functions/"
SUFFIX = "/invocations"
RETRY_AFTER_S = "1"


Accept = Callable[[Resolved, CallContext, str, str | None, str, bytes, str], None]


class Invocations:
    """Invokes functions for HTTP callers and for everything in the cloud that invokes."""

    def __init__(self, service: FunctionService, fleet: Fleet, accept: Accept) -> None:
        self._service, self._fleet, self._accept = service, fleet, accept
        self._running: Counter[str] = Counter()
        self._total = 0
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
        name = resolved.spec.arn
        self._admit(resolved, name)
        self._running[name] += 1
        self._total += 1
        try:
            return await self._fleet.invoke(resolved.spec, invocation, provisioned_pool(resolved))
        except RuntimeUnavailable as error:
            raise ServiceError("InvalidRuntimeException", str(error), 502) from None
        finally:
            self._total -= 1
            self._running[name] -= 1
            if not self._running[name]:
                del self._running[name]

    def running(self, function_arn: str) -> int:
        """Invocations of a function that run at this moment."""
        return self._running[function_arn]

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
        trace = trace_header(headers.get("x-amzn-trace-id"), resolved.spec.tracing_mode)
        answer_headers = {
            "x-amzn-RequestId": request_id,
            "X-Amzn-Trace-Id": trace,
            "x-amzn-Remapped-Content-Length": "0",
            "Content-Type": "application/json",
        }
        if kind == "DryRun":
            return Response(204, answer_headers)
        if kind == "Event":
            self._accept(resolved, caller, name, qualifier, request_id, payload, trace)
            return Response(202, answer_headers)
        outcome = await self.run(
            resolved, Invocation(request_id, payload, resolved.invoked_arn, client_context, trace)
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
                raise _throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        elif self._total >= self._account_concurrency:
            raise _throttled("ConcurrentInvocationLimitExceeded")


def provisioned_pool(resolved: Resolved) -> str | None:
    """Names the provisioned environments of the qualifier that was invoked, if it has any."""
    qualifier = resolved.alias or resolved.executed_version
    return f"{resolved.spec.arn}:{qualifier}" if qualifier in resolved.function.provisioned else None


def trace_header(incoming: str | None, tracing_mode: str) -> str:
    """The X-Ray header of an invocation: the caller's trace goes on, else a new one begins."""
    fields = dict(part.strip().split("=", 1) for part in (incoming or "").split(";") if "=" in part)
    root = fields.get("Root") or f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    sampled = fields.get("Sampled") or ("1" if tracing_mode == "Active" else "0")
    lineage = f";Lineage={fields['Lineage']}" if "Lineage" in fields else ""
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled={sampled}{lineage}"


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
