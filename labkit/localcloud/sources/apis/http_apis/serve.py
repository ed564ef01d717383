"""Answers requests to HTTP APIs: the stage, the route, who may, the function, its answer."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from labkit import facts
from labkit.localcloud.front import Answer, Request
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.identities import ACCOUNT_ID, Identity
from labkit.localcloud.permissions.requests import execute_api_call
from labkit.localcloud.sources.apis import payload_v1, payload_v2, payloads, replies
from labkit.localcloud.sources.apis.addresses import Address
from labkit.localcloud.sources.apis.aws_calls import PRINCIPAL, AwsCalls
from labkit.localcloud.sources.apis.cors import is_preflight, origin_headers, preflight_headers
from labkit.localcloud.sources.apis.http_apis import queues
from labkit.localcloud.sources.apis.http_apis.model import DEFAULT, Api, Integration, Matched, Stage
from labkit.localcloud.sources.apis.lambda_uris import function_arn
from labkit.localcloud.sources.apis.metrics import ApiMetrics, Served
from labkit.localcloud.sources.apis.running import Running
from labkit.localcloud.sources.apis.signers import NotAdmitted, Signers, iam_context
from labkit.localcloud.sources.apis.visit import Visit, arrive, text_or_base64
from labkit.localcloud.sources.targets import NotDelivered, Role, Sender, Service


class HttpApis:
    """Answers ``/_aws/execute-api/<id>/...`` for HTTP APIs. ``served`` is kept by the API's operations."""

    def __init__(
        self,
        served: Mapping[str, Api],
        signers: Signers,
        running: Running,
        calls: AwsCalls,
        metrics: ApiMetrics,
        now: Callable[[], float],
        port: int,
    ) -> None:
        self._served, self._signers, self._running, self._calls = served, signers, running, calls
        self._metrics, self._now, self._port = metrics, now, port
        self._body_max = int(facts.quota("apigw_payload_max_bytes").value)

    def has(self, api_id: str) -> bool:
        return api_id in self._served

    async def __call__(self, request: Request, address: Address) -> Answer:
        api = self._served[address.id]
        domain = f"{api.id}.execute-api.localhost:{self._port}"
        extended_id = base64.b64encode(secrets.token_bytes(11)).decode()
        visit = arrive(request, address.path, api.id, domain, self._port, self._now(), extended_id)
        located = None if api.disabled else api.locate(address.path)
        served = Served(self._now)
        if api.cors is not None and is_preflight(visit):
            answer = Answer(204, preflight_headers(api.cors, visit), b"")
        elif located is None:
            answer = _message(404, "Not Found")
        else:
            answer = await self._serve(api, located[0], located[1], request, visit, served)
        if api.cors is not None and not is_preflight(visit):
            # What the function says of CORS gives way to the API's configuration.
            own = [(k, v) for k, v in answer.headers if not k.lower().startswith("access-control-")]
            answer = Answer(answer.status, own + origin_headers(api.cors, visit), answer.body)
        if located is not None:
            names = {"ApiId": api.id}
            self._metrics.answered(api.region, names, located[0].name, served, answer.status, http_api=True)
        return Answer(answer.status, [*answer.headers, ("Apigw-Requestid", extended_id)], answer.body)

    async def _serve(
        self, api: Api, stage: Stage, path: str, request: Request, visit: Visit, served: Served
    ) -> Answer:
        if len(request.body) > self._body_max:
            return _message(413, "Request Entity Too Large")
        matched = stage.deployment.match(visit.method, path) if stage.deployment is not None else None
        if matched is None:
            return _message(404, "Not Found")
        identity: Identity | None = None
        if matched.route.signed:
            resource = f"{api.id}/{stage.name}/{visit.method}{path}"
            try:
                identity = self._signers.admit(
                    request, execute_api_call(request, api.region, resource), signed=True
                )
            except NotAdmitted as refusal:
                return _message(403, refusal.told or "Forbidden")
        return await self._invoke(api, stage, matched, visit, identity, served)

    async def _invoke(
        self,
        api: Api,
        stage: Stage,
        matched: Matched,
        visit: Visit,
        identity: Identity | None,
        served: Served,
    ) -> Answer:
        integration = matched.route.integration
        if integration.subtype == queues.SUBTYPE:
            return await self._send(api, stage, matched, visit, served)
        arn = function_arn(integration.uri, stage.variables)
        if arn is None:
            return _message(500, "Internal Server Error")
        event = partial(_event, stage, matched, visit, identity)
        payload = await payloads.encode(event, visit.body)
        try:
            with served.integration():
                outcome = await self._running.call(
                    arn,
                    payload,
                    visit.trace_header,
                    sender=_sender(api, stage, matched, integration),
                    timeout_s=integration.timeout_s,
                )
        except TimeoutError:
            return _message(503, "Service Unavailable")
        except NotDelivered:
            return _message(500, "Internal Server Error")
        except ServiceError as error:
            return _refused(error)
        if outcome.function_error is not None:
            return _message(500, "Internal Server Error")
        try:
            return await payloads.read(partial(_answer, integration), outcome.payload)
        except replies.Malformed:
            return _message(500, "Internal Server Error")

    async def _send(self, api: Api, stage: Stage, matched: Matched, visit: Visit, served: Served) -> Answer:
        integration = matched.route.integration
        try:
            with served.integration():
                return await queues.send(
                    self._calls, integration, api.region, visit, matched.variables, stage.variables
                )
        except NotDelivered:
            return _message(500, "Internal Server Error")


def _event(stage: Stage, matched: Matched, visit: Visit, identity: Identity | None) -> dict[str, Any]:
    """The path is decoded and has the stage in it, as HTTP APIs show it."""
    shown = unquote(visit.path)
    if matched.route.integration.payload_format == "2.0":
        return payload_v2.event(
            visit,
            raw_path=shown,
            account_id=ACCOUNT_ID,
            stage=stage.name,
            route_key=matched.route.key,
            path_parameters=matched.variables,
            stage_variables=stage.variables,
            iam=iam_context(identity) if identity is not None else None,
        )
    resource = matched.route.path
    place = payload_v1.Place(stage.name, resource, shown, shown, matched.variables, stage.variables)
    body, encoded = text_or_base64(visit.body, visit.header("content-type")) if visit.body else (None, False)
    event = payload_v1.event(visit, place, body, encoded, identity, visit.request_id)
    event["requestContext"]["identity"]["cognitoAmr"] = None
    return {"version": "1.0", **event}


def _sender(api: Api, stage: Stage, matched: Matched, integration: Integration) -> Sender:
    if integration.role_arn:
        return Role(integration.role_arn, PRINCIPAL)
    route = matched.route
    tail = DEFAULT if route.key == DEFAULT else f"{route.method}{route.path}"
    source = f"arn:aws:execute-api:{api.region}:{ACCOUNT_ID}:{api.id}/{stage.name}/{tail}"
    return Service(PRINCIPAL, source)


def _answer(integration: Integration, payload: bytes) -> Answer:
    if integration.payload_format == "2.0":
        reply = replies.read_v2(payload)
    else:
        reply = replies.decoded(replies.read_v1(payload))
    plain = (
        [] if reply.has("content-type") or not reply.body else [("content-type", "text/plain; charset=utf-8")]
    )
    return Answer(reply.status, [*plain, *reply.headers], reply.body)


def _refused(error: ServiceError) -> Answer:
    """Lambda took the event for too large, or had no room, or there is no such function."""
    if error.status == 413:
        return _message(413, "Request Entity Too Large")
    if error.status == 429:
        return _message(503, "Service Unavailable")
    return _message(500, "Internal Server Error")


def _message(status: int, text: str) -> Answer:
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return Answer(status, [("Content-Type", "application/json")], body)
