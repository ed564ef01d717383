"""The event of payload format 1.0: REST APIs, and HTTP APIs that ask for it.

Shape: API Gateway guide, "Lambda proxy integrations", input format; the members that HTTP APIs have beyond
it are marked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.localcloud.identities import ACCOUNT_ID, Identity
from labkit.localcloud.sources.apis.visit import SOURCE_IP, Pairs, Visit


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an API a request has arrived.

    Attributes:
        resource: the path with its variables, such as ``/pets/{id}``.
        stage_path: the path as the caller wrote it, with the stage.
        resource_id, deployment_id, operation_name: None in HTTP APIs.
    """

    stage: str
    resource: str
    path: str
    stage_path: str
    path_parameters: Mapping[str, str]
    stage_variables: Mapping[str, str]
    resource_id: str | None = None
    deployment_id: str | None = None
    operation_name: str | None = None


def event(
    visit: Visit, place: Place, body: str | None, base64: bool, identity: Identity | None, extended_id: str
) -> dict[str, Any]:
    """What the function gets. Members that a request has nothing for are null, as on AWS."""
    query, headers = visit.query_pairs, visit.headers
    return {
        "resource": place.resource,
        "path": place.path,
        "httpMethod": visit.method,
        "headers": dict(headers),
        "multiValueHeaders": _gathered(headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _gathered(query) or None,
        "pathParameters": dict(place.path_parameters) or None,
        "stageVariables": dict(place.stage_variables) or None,
        "requestContext": _context(visit, place, identity, extended_id),
        "body": body,
        "isBase64Encoded": base64,
    }


def _context(visit: Visit, place: Place, identity: Identity | None, extended_id: str) -> dict[str, Any]:
    principal = identity.principal if identity is not None else None
    context = {
        "resourceId": place.resource_id,
        "resourcePath": place.resource,
        "httpMethod": visit.method,
        "extendedRequestId": extended_id,
        "requestTime": visit.time,
        "path": place.stage_path,
        "accountId": ACCOUNT_ID,
        "protocol": "HTTP/1.1",
        "stage": place.stage,
        "domainPrefix": visit.api_id,
        "requestTimeEpoch": visit.time_ms,
        "requestId": visit.request_id,
        "identity": {
            "cognitoIdentityPoolId": None,
            "accountId": principal.account_id if principal else None,
            "cognitoIdentityId": None,
            "caller": principal.user_id if principal else None,
            "sourceIp": SOURCE_IP,
            "principalOrgId": None,
            "accessKey": identity.access_key_id if identity else None,
            "cognitoAuthenticationType": None,
            "cognitoAuthenticationProvider": None,
            "userArn": principal.arn if principal else None,
            "userAgent": visit.user_agent,
            "user": principal.user_id if principal else None,
        },
        "domainName": visit.domain,
        "apiId": visit.api_id,
    }
    further = {"deploymentId": place.deployment_id, "operationName": place.operation_name}
    return context | {name: value for name, value in further.items() if value}


def _gathered(pairs: Pairs) -> dict[str, list[str]]:
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return gathered
