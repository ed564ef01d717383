"""TestInvokeMethod: one method called as it is now, deployed or not, without a caller's permission asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from labkit.localcloud.front import Answer, Request
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.sources.apis.metrics import Served
from labkit.localcloud.sources.apis.payload_v1 import Place
from labkit.localcloud.sources.apis.rest_apis.integrations import Arrived, Integrations
from labkit.localcloud.sources.apis.rest_apis.model import Api, Deployment, Resource
from labkit.localcloud.sources.apis.rest_apis.operations import RestApiOperations
from labkit.localcloud.sources.apis.rest_apis.serve import RestApis, new_extended_id
from labkit.localcloud.sources.apis.rules import bad_request

STAGE = "test-invoke-stage"  # what functions and policies see


class Trying:
    """Answers TestInvokeMethod."""

    def __init__(
        self, moto: MotoHost, operations: RestApiOperations, rest_apis: RestApis, integrations: Integrations
    ) -> None:
        self._moto, self._operations, self._rest_apis = moto, operations, rest_apis
        self._integrations = integrations

    async def __call__(self, call: Call) -> Mapping[str, Any]:
        api, deployment = await self._moto.run(self._operations.current, call)
        params = call.params
        resource = next(each for each in deployment.resources if each.id == params["resourceId"])
        integration = resource.methods[params["httpMethod"]].integration
        if integration is None:
            raise bad_request("No integration defined for method")
        arrived = self._arrived(api, deployment, resource, params)
        began = asyncio.get_running_loop().time()
        answer = await self._integrations.answer(integration, arrived)
        latency_ms = round((asyncio.get_running_loop().time() - began) * 1000)
        return _document(answer, arrived, latency_ms)

    def _arrived(
        self, api: Api, deployment: Deployment, resource: Resource, params: Mapping[str, Any]
    ) -> Arrived:
        path, _, query = (params.get("pathWithQueryString") or resource.path).partition("?")
        given = [(name, str(value)) for name, value in (params.get("headers") or {}).items()]
        for name, values in (params.get("multiValueHeaders") or {}).items():
            given += [(name, str(value)) for value in values]
        verb = "GET" if params["httpMethod"] == "ANY" else params["httpMethod"]
        request = Request(verb, path, query, given, (params.get("body") or "").encode())
        visit = self._rest_apis.visit(request, api, path)
        found = deployment.match(path)
        variables = found[1] if found is not None and found[0].id == resource.id else {}
        stage_variables = params.get("stageVariables") or {}
        place = Place(STAGE, resource.path, path, path, variables, stage_variables, resource.id)
        served = Served(lambda: visit.time_s)
        return Arrived(api, visit, place, deployment.binary_types, None, new_extended_id(), served)


def _document(answer: Answer, arrived: Arrived, latency_ms: int) -> Mapping[str, Any]:
    headers = dict(answer.headers)
    many: dict[str, list[str]] = {}
    for name, value in answer.headers:
        many.setdefault(name, []).append(value)
    body = answer.body.decode("utf-8", "replace")
    return {
        "status": answer.status,
        "body": body,
        "headers": headers,
        "multiValueHeaders": many,
        "latency": latency_ms,
        "log": _log(answer, arrived, body),
    }


def _log(answer: Answer, arrived: Arrived, body: str) -> str:
    visit = arrived.visit
    now = datetime.fromtimestamp(visit.time_s, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    lines = [
        f"Starting execution for request: {visit.request_id}",
        f"HTTP Method: {visit.method}, Resource Path: {arrived.place.resource}",
        f"Method request path: {dict(arrived.place.path_parameters)}",
        f"Method request query string: {dict(visit.query_pairs)}",
        f"Method response body after transformations: {body}",
        "Successfully completed execution" if answer.status < 500 else "Execution failed",
        f"Method completed with status: {answer.status}",
    ]
    return "\n".join(
        [f"Execution log for request {visit.request_id}", *(f"{now} : {line}" for line in lines)]
    )
