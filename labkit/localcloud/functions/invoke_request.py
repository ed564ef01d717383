"""What an Invoke or InvokeWithResponseStream request asks for. Runs nothing."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote

from labkit import facts
from labkit.localcloud.functions.context import CallContext
from labkit.localcloud.functions.errors import ServiceError, invalid, unsupported
from labkit.localcloud.functions.resolve import Resolved
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.tracing import lineage
from labkit.localcloud.tracing.header import TraceHeader, new_id
from labkit.localcloud.tracing.tracer import Tracer
from labkit.runtime.spec import Invocation

OPERATIONS = {  # of the path, what stands before and after the function's name
    "Invoke": ("/2015-03-31/functions/", "/invocations"),
    "InvokeWithResponseStream": ("/2021-11-15/functions/", "/response-streaming-invocations"),
}
KINDS = ("RequestResponse", "Event", "DryRun")
STREAMING_KINDS = ("RequestResponse", "DryRun")
LOG_KINDS = ("None", "Tail")
_NOT_HERE = {  # headers that only functions of other kinds understand
    "x-amz-tenant-id": ("TenantId", "Functions here have no tenant isolation; leave it out."),
    "x-amz-durable-execution-name": ("DurableExecutionName", "Durable functions need an AWS account."),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an Invoke request asks for, and the headers of its answer."""

    name: str
    qualifier: str | None
    kind: str
    resolved: Resolved
    invocation: Invocation
    answer_headers: dict[str, str]


def invoking(method: str, raw_path: str) -> str | None:
    """Which of the invoking operations a request is, if any."""
    if method == "POST":
        for operation, (prefix, suffix) in OPERATIONS.items():
            if raw_path.startswith(prefix) and raw_path.endswith(suffix):
                return operation
    return None


class InvokeRequests:
    """Reads requests of either operation."""

    def __init__(self, service: FunctionService, tracer: Tracer) -> None:
        self._service, self._tracer = service, tracer
        self._sync_max = int(facts.quota("payload_sync_request_max_bytes").value)
        self._async_max = int(facts.quota("payload_async_max_bytes").value)

    def read(
        self,
        operation: str,
        raw_path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        caller: CallContext,
        request_id: str,
    ) -> Asked:
        """One request; ``headers`` have lower-case names.

        Raises:
            ServiceError: no such function, or something is wrong with the request.
        """
        prefix, suffix = OPERATIONS[operation]
        name = unquote(raw_path[len(prefix) : -len(suffix)])
        qualifier = parse_qs(query).get("Qualifier", [None])[0] if query else None
        kind = headers.get("x-amz-invocation-type") or "RequestResponse"
        kinds = KINDS if operation == "Invoke" else STREAMING_KINDS
        if kind not in kinds:
            raise invalid(f"Invocation type '{kind}' is none of {', '.join(kinds)}")
        _check_headers(headers)
        resolved = self._service.resolve(name, qualifier, caller)
        payload = self._payload(body, kind, operation)
        client_context = _client_context(headers.get("x-amz-client-context")) if kind != "Event" else None
        trace, segment_id = self._trace(headers.get("x-amzn-trace-id"), resolved), new_id()
        invocation = Invocation(
            request_id, payload, resolved.invoked_arn, client_context, str(trace), segment_id
        )
        answer_headers = {
            "x-amzn-RequestId": request_id,
            "X-Amzn-Trace-Id": str(replace(trace, parent=segment_id)),
            "x-amzn-Remapped-Content-Length": "0",
            "Content-Type": "application/json",
        }
        return Asked(name, qualifier, kind, resolved, invocation, answer_headers)

    def made(
        self,
        function_arn: str,
        payload: bytes,
        trace_header: str | None,
        caller: CallContext,
        kind: str = "RequestResponse",
        request_id: str | None = None,
    ) -> tuple[Resolved, Invocation]:
        """An invocation that another part of the cloud makes, without a request of its own.

        Raises:
            ServiceError: no such function, or an event that is too large or no JSON.
        """
        resolved = self._service.resolve(function_arn, None, caller)
        payload = self._payload(payload, kind, "Invoke")
        trace = str(self._trace(trace_header, resolved))
        request_id = request_id or str(uuid.uuid4())
        return resolved, Invocation(request_id, payload, resolved.invoked_arn, None, trace, new_id())

    def _trace(self, incoming: str | None, resolved: Resolved) -> TraceHeader:
        """The header that goes on into the function: one more invocation in its chain."""
        header = self._tracer.header(incoming, resolved.spec)
        return replace(header, lineage=lineage.onward(header.lineage, resolved.spec.arn))

    def _payload(self, body: bytes, kind: str, operation: str) -> bytes:
        limit = self._async_max if kind == "Event" else self._sync_max
        if len(body) > limit:
            action = "InvokeFunction" if operation == "Invoke" else operation
            raise ServiceError(
                "RequestTooLargeException",
                f"Request must be smaller than {limit} bytes for the {action} operation",
                413,
            )
        if not body.strip():
            return b"{}"
        try:
            json.loads(body, parse_constant=_no_json)
        except (ValueError, RecursionError) as problem:
            message = f"Could not parse request body into json: Could not parse payload into json: {problem}"
            raise ServiceError("InvalidRequestContentException", message, 400) from None
        return body


def _no_json(name: str) -> None:
    """NaN and the infinities, which Python takes for JSON and AWS does not."""
    raise ValueError(f"{name} is no JSON")


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, (parameter, instead) in _NOT_HERE.items():
        if headers.get(name):
            raise unsupported(parameter, instead)
    log_kind = headers.get("x-amz-log-type") or "None"
    if log_kind not in LOG_KINDS:
        raise invalid(f"Log type '{log_kind}' is none of {', '.join(LOG_KINDS)}")


def _client_context(header: str | None) -> str | None:
    if not header:
        return None
    if len(header) > (limit := int(facts.quota("client_context_max_bytes").value)):
        message = f"Client context must be at most {limit} bytes of Base64-encoded data."
        raise ServiceError("InvalidRequestContentException", message, 400)
    try:
        return json.dumps(json.loads(base64.b64decode(header, validate=True)))
    except (binascii.Error, ValueError):
        raise ServiceError(
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
            400,
        ) from None
