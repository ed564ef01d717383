"""The event of payload format 2.0: HTTP APIs and function URLs.

Shape: API Gateway guide, "Lambda proxy integrations for HTTP APIs"; Lambda guide, "Invoking function URLs".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.sources.apis.visit import SOURCE_IP, Pairs, Visit, text_or_base64


def event(
    visit: Visit,
    *,
    raw_path: str,
    account_id: str,
    stage: str = "$default",
    route_key: str = "$default",
    path_parameters: Mapping[str, str] | None = None,
    stage_variables: Mapping[str, str] | None = None,
    iam: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the function gets. Members that a request has nothing for are absent, as on AWS.

    Args:
        iam: who signed, where the route or URL asks for a signature.
    """
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": raw_path,
        "rawQueryString": visit.query,
    }
    if cookies := [
        cookie for name, value in visit.headers if name.lower() == "cookie" for cookie in _cookies(value)
    ]:
        made["cookies"] = cookies
    made["headers"] = _joined(
        [(name.lower(), value) for name, value in visit.headers if name.lower() != "cookie"]
    )
    if visit.query_pairs:
        made["queryStringParameters"] = _joined(visit.query_pairs)
    made["requestContext"] = _context(visit, raw_path, account_id, stage, route_key, iam)
    if path_parameters:
        made["pathParameters"] = dict(path_parameters)
    if stage_variables:
        made["stageVariables"] = dict(stage_variables)
    made["isBase64Encoded"] = False
    if visit.body:
        made["body"], made["isBase64Encoded"] = text_or_base64(visit.body, visit.header("content-type"))
    return made


def _context(
    visit: Visit, raw_path: str, account_id: str, stage: str, route_key: str, iam: Mapping[str, Any] | None
) -> dict[str, Any]:
    context: dict[str, Any] = {"accountId": account_id, "apiId": visit.api_id}
    if iam is not None:
        context["authorizer"] = {"iam": dict(iam)}
    return context | {
        "domainName": visit.domain,
        "domainPrefix": visit.api_id,
        "http": {
            "method": visit.method,
            "path": raw_path,
            "protocol": "HTTP/1.1",
            "sourceIp": SOURCE_IP,
            "userAgent": visit.user_agent or "",
        },
        "requestId": visit.request_id,
        "routeKey": route_key,
        "stage": stage,
        "time": visit.time,
        "timeEpoch": visit.time_ms,
    }


def _cookies(header: str) -> list[str]:
    return [cookie.strip() for cookie in header.split(";") if cookie.strip()]


def _joined(pairs: Pairs) -> dict[str, str]:
    """Repeated names become one, values joined by commas."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined
