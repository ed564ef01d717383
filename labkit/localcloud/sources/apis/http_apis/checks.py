"""What AWS refuses of routes and integrations of HTTP APIs, and moto takes. ``api`` is moto's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from labkit import facts
from labkit.localcloud.sources.apis.cors import Cors
from labkit.localcloud.sources.apis.http_apis import queues
from labkit.localcloud.sources.apis.lambda_uris import is_function_uri
from labkit.localcloud.sources.apis.rules import NOT_HERE, bad_request, conflict, found

_METHOD = r"(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)"
_VARIABLE = r"\{[\w.:-]+\}"
_ROUTE_KEY = re.compile(
    rf"\$default|{_METHOD} /(([^/{{}}]+|{_VARIABLE})/)*([^/{{}}]*|{_VARIABLE}|\{{[\w.:-]+\+\}})"
)
QUICK = ("Target", "RouteKey", "CredentialsArn")  # of CreateApi and UpdateApi: quick create
_TIMEOUT_MIN_MS = 50  # API Gateway V2 API model, TimeoutInMillis

Params = Mapping[str, Any]


def check_route_key(key: str) -> None:
    """A method and a path, or ``$default``.

    Raises:
        ApiError: BadRequestException.
    """
    if not _ROUTE_KEY.fullmatch(key):
        raise bad_request(
            f"The provided route key is not formatted properly for HTTP protocol: {key}. "
            'Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"'
        )


def check_route(api: Any, params: Params) -> None:
    """CreateRoute and UpdateRoute.

    Raises:
        ApiError: a bad key, one that is taken, a target that is no integration, no such route.
    """
    key, target, route_id = params.get("RouteKey"), params.get("Target"), params.get("RouteId")
    if route_id is not None:
        found(api.routes, route_id, "Route")
    if key is not None:
        check_route_key(key)
        others = (route for route in api.routes.values() if route.route_id != route_id)
        if any(route.route_key == key for route in others):
            raise conflict(f"Route with key {key} already exists for this API")
    kind, _, integration = (target or "").partition("/")
    if target is not None and (kind != "integrations" or integration not in api.integrations):
        raise bad_request(f"Invalid target: {target} is no integration of this API (integrations/<id>).")


def check_quick(api: Any, made: tuple[str, str] | None, params: Params) -> None:
    """What CreateApi makes besides the API, a route to one function, and UpdateApi changes.

    Args:
        api: None while it is being made.
        made: the ids of that route and its integration, if it was made so.

    Raises:
        ApiError: a target that is no function, a route without one, nothing there that was made so.
    """
    asked = [name for name in QUICK if params.get(name)]
    if not asked:
        return
    if params.get("Target") and not is_function_uri(params["Target"]):
        raise bad_request(f"The target {params['Target']} is not the ARN of a function.")
    if api is None:
        if "Target" not in asked:
            raise bad_request(f"{asked[0]} needs a Target, the function that the route calls.")
        if params.get("RouteKey"):
            check_route_key(params["RouteKey"])
        return
    if made is None or made[0] not in api.routes or made[1] not in api.integrations:
        raise bad_request(
            f"{', '.join(asked)}: this API has no route that was made by quick create. "
            "Use UpdateRoute and UpdateIntegration."
        )
    check_route(api, {"RouteId": made[0], "RouteKey": params.get("RouteKey")})


def check_integration(api: Any, params: Params) -> None:
    """CreateIntegration and UpdateIntegration.

    Raises:
        ApiError: no function is named, no payload format, a timeout out of bounds, no such integration.
    """
    known = (
        found(api.integrations, params["IntegrationId"], "Integration") if "IntegrationId" in params else None
    )
    if (params.get("IntegrationSubtype") or getattr(known, "integration_subtype", None)) == queues.SUBTYPE:
        _check_queue(known, params)
    else:
        _check_function(known, params)
    most_ms = int(facts.quota("apigw_http_timeout_max_s").value) * 1000
    timeout_ms = params.get("TimeoutInMillis")
    if timeout_ms is not None and not _TIMEOUT_MIN_MS <= int(timeout_ms) <= most_ms:
        raise bad_request(f"Timeout should be between {_TIMEOUT_MIN_MS} ms and {most_ms} ms")


def _check_function(known: Any, params: Params) -> None:
    uri = params.get("IntegrationUri") or getattr(known, "integration_uri", None)
    version = params.get("PayloadFormatVersion") or getattr(known, "payload_format_version", None)
    if not uri or not is_function_uri(uri):
        raise bad_request(f"Invalid function ARN or invalid uri: {uri}")
    if version is None:
        raise bad_request("PayloadFormatVersion is required for AWS_PROXY: use 2.0, or 1.0 as in REST APIs.")
    if params.get("RequestParameters"):
        raise bad_request(
            f"RequestParameters {NOT_HERE} Functions get requests as they are: change them in the function."
        )


def _check_queue(known: Any, params: Params) -> None:
    if params.get("IntegrationUri"):
        raise bad_request(f"IntegrationUri has no place beside the subtype {queues.SUBTYPE}.")
    if not (params.get("CredentialsArn") or getattr(known, "credentials_arn", None)):
        raise bad_request(f"CredentialsArn is required for the subtype {queues.SUBTYPE}.")
    wrong = queues.problem(
        params.get("RequestParameters") or getattr(known, "request_parameters", None) or {}
    )
    if wrong is not None:
        raise bad_request(wrong)


def check_unused(api: Any, integration_id: str) -> None:
    """DeleteIntegration.

    Raises:
        ApiError: a route has it for its target, or there is none.
    """
    found(api.integrations, integration_id, "Integration")
    for route in api.routes.values():
        if route.target == f"integrations/{integration_id}":
            raise conflict(
                f"Cannot delete Integration '{integration_id}'. "
                f"It is referenced by Route '{route.route_key}'."
            )


def check_cors(config: Mapping[str, Any] | None) -> None:
    """CreateApi and UpdateApi.

    Raises:
        ApiError: credentials for everybody, which browsers do not take.
    """
    cors = Cors.read(config or {})
    if cors.credentials and "*" in (*cors.origins, *cors.methods, *cors.headers, *cors.expose):
        raise bad_request("allow-credentials is not supported when a list has the wildcard *")
