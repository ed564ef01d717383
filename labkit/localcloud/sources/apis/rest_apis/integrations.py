"""What a method of a REST API calls: a function, Amazon SQS, or nothing at all (MOCK)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from labkit.localcloud.front import Answer
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.identities import ACCOUNT_ID, Identity
from labkit.localcloud.sources.apis import payload_v1, payloads, replies
from labkit.localcloud.sources.apis.aws_calls import PRINCIPAL, AwsCalls
from labkit.localcloud.sources.apis.lambda_uris import function_arn
from labkit.localcloud.sources.apis.metrics import Served
from labkit.localcloud.sources.apis.payload_v1 import Place
from labkit.localcloud.sources.apis.rest_apis import queues, responses, templates
from labkit.localcloud.sources.apis.rest_apis.model import Api, Integration
from labkit.localcloud.sources.apis.running import Running
from labkit.localcloud.sources.apis.visit import Visit
from labkit.localcloud.sources.targets import NotDelivered, Role, Sender, Service


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request that has found its method and was let in."""

    api: Api
    visit: Visit
    place: Place
    binary_types: tuple[str, ...]
    identity: Identity | None
    extended_id: str
    served: Served


class Unmapped(Exception):
    """No template is for this media type, and the body may not pass as it is."""


class Integrations:
    """Calls what stands behind methods."""

    def __init__(self, running: Running, calls: AwsCalls) -> None:
        self._running, self._calls = running, calls

    async def answer(self, integration: Integration, arrived: Arrived) -> Answer:
        """The method's answer, failures among them."""
        try:
            if integration.kind == "AWS_PROXY":
                return await self._function(integration, arrived)
            given = _input(arrived)
            body = _request_body(integration, arrived, given)
            if integration.kind == "MOCK":
                return _mock(integration, body, given)
            with arrived.served.integration():
                status, headers, text = await queues.send(self._calls, integration, _known(arrived), body)
            return responses.mapped(integration, str(status), headers, text, given)
        except Unmapped:
            return responses.failure(415, "Unsupported Media Type", "UnsupportedMediaTypeException")
        except TimeoutError:
            return responses.timed_out()
        except NotDelivered:
            return responses.internal()

    async def _function(self, integration: Integration, arrived: Arrived) -> Answer:
        arn = function_arn(integration.uri, arrived.place.stage_variables)
        if arn is None or integration.http_method != "POST":
            return responses.internal()  # Lambda's Invoke is a POST
        visit = arrived.visit
        payload = await payloads.encode(partial(_event, arrived), visit.body)
        try:
            with arrived.served.integration():
                outcome = await self._running.call(
                    arn,
                    payload,
                    visit.trace_header,
                    sender=_sender(integration, arrived),
                    timeout_s=integration.timeout_s,
                )
        except ServiceError as error:
            if error.status == 413:
                return responses.failure(413, "Request Too Long", "RequestTooLargeException")
            return responses.internal()
        if outcome.function_error is not None:
            return responses.internal(502)
        try:
            return await payloads.read(partial(_proxied, arrived), outcome.payload)
        except replies.Malformed:
            return responses.internal(502)


def _event(arrived: Arrived) -> dict[str, Any]:
    visit = arrived.visit
    body, encoded = responses.request_body(visit, arrived.binary_types)
    return payload_v1.event(visit, arrived.place, body, encoded, arrived.identity, arrived.extended_id)


def _proxied(arrived: Arrived, payload: bytes) -> Answer:
    reply = replies.read_v1(payload)
    if responses.wants_binary(arrived.visit, arrived.binary_types, reply):
        reply = replies.decoded(reply)
    return responses.proxied(reply)


def _sender(integration: Integration, arrived: Arrived) -> Sender:
    if integration.role_arn:
        return Role(integration.role_arn, PRINCIPAL)
    api, place = arrived.api, arrived.place
    what = f"{api.id}/{place.stage}/{arrived.visit.method}{place.resource}"
    return Service(PRINCIPAL, f"arn:aws:execute-api:{api.region}:{ACCOUNT_ID}:{what}")


def _mock(integration: Integration, body: str, given: templates.Input) -> Answer:
    """The request template says the status, as ``{"statusCode": 200}``."""
    try:
        status = str(json.loads(body)["statusCode"])
    except (ValueError, KeyError, TypeError):
        return responses.internal()
    answer = responses.mapped(integration, status, [], "", given)
    return answer


def _request_body(integration: Integration, arrived: Arrived, given: templates.Input) -> str:
    """The template for the request's media type filled in, or the body as it is where that is allowed."""
    media_type = (arrived.visit.header("content-type") or responses.JSON).partition(";")[0].strip().lower()
    template = integration.templates.get(media_type)
    if template is not None:
        return templates.render(template, given)
    passes = integration.passthrough == "WHEN_NO_MATCH" or (
        integration.passthrough == "WHEN_NO_TEMPLATES" and not integration.templates
    )
    if not passes:
        raise Unmapped
    return given.body


def _input(arrived: Arrived) -> templates.Input:
    visit, place = arrived.visit, arrived.place
    context = {
        "requestId": visit.request_id,
        "httpMethod": visit.method,
        "stage": place.stage,
        "apiId": arrived.api.id,
        "resourcePath": place.resource,
        "requestTimeEpoch": str(visit.time_ms),
        "accountId": ACCOUNT_ID,
    }
    params = {**dict(visit.headers), **dict(visit.query_pairs), **place.path_parameters}
    return templates.Input(visit.body.decode("utf-8", "replace"), params, context, place.stage_variables)


def _known(arrived: Arrived) -> dict[str, str]:
    """The request's values by the names of parameter mappings, in lower case."""
    visit, kinds = arrived.visit, {}
    kinds["path"] = dict(arrived.place.path_parameters)
    kinds["querystring"] = dict(visit.query_pairs)
    kinds["header"] = dict(visit.headers)
    known = {
        f"method.request.{kind}.{name}".lower(): value
        for kind, named in kinds.items()
        for name, value in named.items()
    }
    return {**known, "method.request.body": visit.body.decode("utf-8", "replace")}
