"""Function URLs: one address that runs one function. Their settings are the Lambda service's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from labkit.localcloud.front import Answer, Request
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.functions.state import FunctionUrl
from labkit.localcloud.functions.wire import respond_error
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.permissions.requests import function_url_call
from labkit.localcloud.sources.apis import payload_v2, payloads, replies, streamed_urls
from labkit.localcloud.sources.apis.addresses import Address
from labkit.localcloud.sources.apis.cors import Cors, is_preflight, origin_headers, preflight_headers
from labkit.localcloud.sources.apis.metrics import ApiMetrics, Served
from labkit.localcloud.sources.apis.running import Running
from labkit.localcloud.sources.apis.signers import NotAdmitted, Signers, iam_context
from labkit.localcloud.sources.apis.visit import Pairs, Visit, arrive

FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
JSON = "application/json"


class FunctionUrls:
    """Answers ``/_aws/lambda-url/<id>/...``."""

    def __init__(
        self,
        signers: Signers,
        functions: FunctionService,
        running: Running,
        metrics: ApiMetrics,
        now: Callable[[], float],
        port: int,
    ) -> None:
        self._signers, self._functions, self._running = signers, functions, running
        self._metrics, self._now, self._port = metrics, now, port

    async def __call__(self, request: Request, address: Address) -> Answer:
        found = self._functions.function_url(address.id)
        if found is None:
            return _refusal(404, None, "ResourceNotFoundException")
        function_arn, url = found
        region = function_arn.split(":")[3]
        domain = f"{address.id}.lambda-url.{region}.localhost:{self._port}"
        visit = arrive(request, address.path, address.id, domain, self._port, self._now())
        cors = Cors.read(url.cors) if url.cors else None
        if cors is not None and is_preflight(visit):
            return _with_id(Answer(200, preflight_headers(cors, visit), b""), visit)
        served = Served(self._now)
        answer = await self._serve(request, visit, function_arn, url)
        self._metrics.url_answered(region, url.function_name, served, answer.status)
        if cors is not None:
            answer = replace(answer, headers=answer.headers + origin_headers(cors, visit))
        return _with_id(answer, visit)

    async def _serve(self, request: Request, visit: Visit, function_arn: str, url: FunctionUrl) -> Answer:
        call = function_url_call(
            request.method,
            request.header("host") or "",
            request.raw_path,
            request.query,
            dict(request.headers),
            request.body,
            function_arn.split(":")[3],
            function_arn,
            url.auth_type,
        )
        try:
            identity = self._signers.admit(request, call, signed=url.auth_type == "AWS_IAM")
        except NotAdmitted as refusal:
            return _refusal(403, refusal.told or FORBIDDEN, refusal.code)
        account = ACCOUNT_ID if identity else "anonymous"
        iam = iam_context(identity) if identity else None

        def event() -> dict[str, Any]:
            return payload_v2.event(visit, raw_path=visit.path, account_id=account, iam=iam)

        payload = await payloads.encode(event, visit.body)
        streams = url.invoke_mode == "RESPONSE_STREAM"
        try:
            return await (self._stream if streams else self._invoke)(visit, function_arn, payload)
        except ServiceError as error:
            response = respond_error(error, visit.request_id)
            return Answer(response.status, list(response.headers.items()), response.body)
        except replies.Malformed:
            return _failed()

    async def _invoke(self, visit: Visit, function_arn: str, payload: bytes) -> Answer:
        outcome = await self._running.call(
            function_arn, payload, visit.trace_header, request_id=visit.request_id
        )
        if outcome.function_error is not None:
            return _failed()
        reply = await payloads.read(partial(replies.read_v2, objects_as_body=True), outcome.payload)
        headers = reply.headers if reply.has("content-type") else [("Content-Type", JSON), *reply.headers]
        return Answer(reply.status, headers, reply.body)

    async def _stream(self, visit: Visit, function_arn: str, payload: bytes) -> Answer:
        streamed = await self._running.stream(function_arn, payload, visit.trace_header, visit.request_id)
        return await streamed_urls.answer(streamed)


def _failed() -> Answer:
    return Answer(502, [("Content-Type", JSON)], b"Internal Server Error")


def _refusal(status: int, message: str | None, error_type: str) -> Answer:
    headers = [("Content-Type", JSON), ("x-amzn-ErrorType", error_type)]
    return Answer(status, headers, json.dumps({"Message": message}, separators=(",", ":")).encode())


def _with_id(answer: Answer, visit: Visit) -> Answer:
    ours: Pairs = [("x-amzn-RequestId", visit.request_id), ("X-Amzn-Trace-Id", visit.trace_header)]
    return replies.stamped(answer, ours)
