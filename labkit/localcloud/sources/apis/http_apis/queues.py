"""The integration SQS-SendMessage: a request becomes a message, without a function.

Source: API Gateway guide, "Integration subtype reference" and "Transform API requests and responses".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlparse

from labkit.localcloud.front import Answer
from labkit.localcloud.sources.apis.aws_calls import AwsCalls
from labkit.localcloud.sources.apis.http_apis.model import Integration
from labkit.localcloud.sources.apis.visit import Visit

SUBTYPE = "SQS-SendMessage"
_REQUIRED = ("QueueUrl", "MessageBody")
_PARAMETERS = (*_REQUIRED, "DelaySeconds", "MessageDeduplicationId", "MessageGroupId", "Region")
_SOURCE = re.compile(
    r"\$(request\.(?P<kind>header|querystring|path)\.(?P<name>[\w-]+)|request\.body(?P<body>(\.[\w-]+)*)"
    r"|context\.(?P<context>requestId)|stageVariables\.(?P<variable>\w+))",
    re.ASCII,
)


def problem(parameters: Mapping[str, str]) -> str | None:
    """What is wrong with an integration's RequestParameters; None when they work."""
    for name in _REQUIRED:
        if name not in parameters:
            return f"Required parameter {name} is missing for integration subtype {SUBTYPE}."
    for name, source in parameters.items():
        if name not in _PARAMETERS:
            return f"The parameter {name} of {SUBTYPE} is not supported by the local cloud."
        if "$" in source and not _SOURCE.fullmatch(source):
            return (
                f"The source {source} is not supported by the local cloud. Use a fixed text, $request.body "
                "(.name for a member), or $request.header, .querystring or .path with a name."
            )
    return None


async def send(
    calls: AwsCalls,
    integration: Integration,
    region: str,
    visit: Visit,
    variables: Mapping[str, str],
    stage_variables: Mapping[str, str],
) -> Answer:
    """What SQS answers.

    Args:
        variables: of the path.

    Raises:
        NotDelivered: the role cannot be assumed.
    """
    given = {
        name: _value(source, visit, variables, stage_variables)
        for name, source in integration.parameters.items()
    }
    region = given.pop("Region", "") or region
    form = {"Action": "SendMessage", **{name: value for name, value in given.items() if value}}
    path = urlparse(given.get("QueueUrl", "")).path or "/"
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    answer = await calls(integration.role_arn or "", region, "sqs", path, headers, urlencode(form).encode())
    kept = [pair for pair in answer.headers if pair[0].lower() == "content-type"]
    return Answer(answer.status, kept, answer.body)


def _value(
    source: str, visit: Visit, variables: Mapping[str, str], stage_variables: Mapping[str, str]
) -> str:
    found = _SOURCE.fullmatch(source)
    if found is None:
        return source
    if found["kind"] == "header":
        return visit.header(found["name"].lower()) or ""
    if found["kind"] is not None:
        named = variables if found["kind"] == "path" else dict(visit.query_pairs)
        return named.get(found["name"], "")
    if found["variable"] is not None:
        return stage_variables.get(found["variable"], "")
    if found["context"] is not None:
        return visit.request_id
    return _body(visit.body.decode("utf-8", "replace"), (found["body"] or "").split(".")[1:])


def _body(text: str, steps: list[str]) -> str:
    if not steps:
        return text
    try:
        value: Any = json.loads(text)
        for step in steps:
            value = value[step]
    except (ValueError, LookupError, TypeError):
        return ""
    return value if isinstance(value, str) else json.dumps(value)
