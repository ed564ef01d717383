"""Answers requests to REST APIs: the stage, the resource, the method, who may, and its integration."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping

from labkit import facts
from labkit.localcloud.front import Answer, Request
from labkit.localcloud.identities import Identity
from labkit.localcloud.permissions.requests import execute_api_call
from labkit.localcloud.sources.apis import replies
from labkit.localcloud.sources.apis.addresses import Address
from labkit.localcloud.sources.apis.metrics import ApiMetrics, Served
from labkit.localcloud.sources.apis.payload_v1 import Place
from labkit.localcloud.sources.apis.rest_apis import responses
from labkit.localcloud.sources.apis.rest_apis.integrations import Arrived, Integrations
from labkit.localcloud.sources.apis.rest_apis.model import Api, Method, Stage
from labkit.localcloud.sources.apis.signers import NotAdmitted, Signers
from labkit.localcloud.sources.apis.visit import Visit, arrive


class RestApis:
    """Answers ``/_aws/execute-api/<id>/<stage>/...``. ``served`` is kept by the API's operations."""

    def __init__(
        self,
        served: Mapping[str, Api],
        signers: Signers,
        integrations: Integrations,
        metrics: ApiMetrics,
        now: Callable[[], float],
        port: int,
    ) -> None:
        self._served, self._signers, self._integrations = served, signers, integrations
        self._metrics, self._now, self._port = metrics, now, port
        self._body_max = int(facts.quota("apigw_payload_max_bytes").value)

    def has(self, api_id: str) -> bool:
        return api_id in self._served

    async def __call__(self, request: Request, address: Address) -> Answer:
        api = self._served[address.id]
        name, slash, rest = address.path[1:].partition("/")
        stage = None if api.disabled else api.stages.get(name)
        visit = self.visit(request, api, address.path)
        if stage is None:
            return _named(responses.forbidden(), visit, new_extended_id())
        served, extended_id = Served(self._now), new_extended_id()
        answer = await self._serve(api, stage, slash + rest or "/", request, visit, served, extended_id)
        self._metrics.answered(
            api.region, {"ApiName": api.name}, stage.name, served, answer.status, http_api=False
        )
        return _named(answer, visit, extended_id)

    def visit(self, request: Request, api: Api, path: str) -> Visit:
        """A request that has arrived at an API, by its path below the API's address."""
        domain = f"{api.id}.execute-api.localhost:{self._port}"
        return arrive(request, path, api.id, domain, self._port, self._now())

    async def _serve(
        self,
        api: Api,
        stage: Stage,
        path: str,
        request: Request,
        visit: Visit,
        served: Served,
        extended_id: str,
    ) -> Answer:
        if len(request.body) > self._body_max:
            told = f"HTTP content length exceeded {self._body_max} bytes."
            return responses.failure(413, told, "RequestTooLargeException")
        found = stage.deployment.match(path)
        method = found[0].method(visit.method) if found is not None else None
        if found is None or method is None:
            return responses.no_such_method()
        resource, variables = found
        try:
            identity = self._admit(request, api, stage, path, method)
        except NotAdmitted as refusal:
            return _refused(refusal)
        place = Place(
            stage.name,
            resource.path,
            path,
            f"/{stage.name}{path}",
            variables,
            stage.variables,
            resource.id,
            stage.deployment.id,
            method.operation_name,
        )
        if method.integration is None:
            return responses.internal()
        types = stage.deployment.binary_types
        arrived = Arrived(api, visit, place, types, identity, extended_id, served)
        return await self._integrations.answer(method.integration, arrived)

    def _admit(self, request: Request, api: Api, stage: Stage, path: str, method: Method) -> Identity | None:
        if not method.signed:
            return None
        resource = f"{api.id}/{stage.name}/{request.method}{path}"
        return self._signers.admit(request, execute_api_call(request, api.region, resource), signed=True)


def new_extended_id() -> str:
    """``requestContext.extendedRequestId`` and the header x-amz-apigw-id."""
    return base64.b64encode(secrets.token_bytes(11)).decode()


def _refused(refusal: NotAdmitted) -> Answer:
    """REST APIs tell who may not do what; without a signature they know no such method."""
    told = refusal.told or refusal.denial
    if told is None:
        return responses.no_such_method()
    return responses.failure(403, told, refusal.code)


def _named(answer: Answer, visit: Visit, extended_id: str) -> Answer:
    ours = [
        ("x-amzn-RequestId", visit.request_id),
        ("x-amz-apigw-id", extended_id),
        ("X-Amzn-Trace-Id", visit.trace_header),
    ]
    return replies.stamped(answer, ours)
