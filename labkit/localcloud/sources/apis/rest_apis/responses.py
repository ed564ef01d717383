"""What a REST API's integrations answer, and its own errors. Pure.

Source: API Gateway guide, "Gateway response types" and "Lambda proxy integrations", output format.
"""

from __future__ import annotations

import base64
import fnmatch
import json
import re
from collections.abc import Mapping

from labkit.localcloud.front import Answer
from labkit.localcloud.sources.apis.replies import Reply
from labkit.localcloud.sources.apis.rest_apis import mappings, templates
from labkit.localcloud.sources.apis.rest_apis.model import Integration, IntegrationResponse
from labkit.localcloud.sources.apis.visit import Pairs, Visit

JSON = "application/json"
# Headers that API Gateway keeps for itself: a function's own come under another name.
_REMAPPED = frozenset(
    {"authorization", "connection", "content-length", "content-md5", "date", "host", "server", "trailer"}
    | {"upgrade", "user-agent", "via", "www-authenticate"}
)


def failure(status: int, message: str, error_type: str) -> Answer:
    """One of API Gateway's own answers."""
    headers = [("Content-Type", JSON), ("x-amzn-ErrorType", error_type)]
    return Answer(status, headers, json.dumps({"message": message}, separators=(",", ":")).encode())


def forbidden() -> Answer:
    return failure(403, "Forbidden", "ForbiddenException")


def no_such_method() -> Answer:
    return failure(403, "Missing Authentication Token", "MissingAuthenticationTokenException")


def internal(status: int = 500) -> Answer:
    return failure(status, "Internal server error", "InternalServerErrorException")


def timed_out() -> Answer:
    return failure(504, "Endpoint request timed out", "InternalServerErrorException")


def is_binary(binary_types: tuple[str, ...], media_type: str | None) -> bool:
    """Whether an API takes a media type for binary."""
    plain = (media_type or "").partition(";")[0].strip().lower()
    return any(fnmatch.fnmatchcase(plain, pattern.lower()) for pattern in binary_types)


def request_body(visit: Visit, binary_types: tuple[str, ...]) -> tuple[str | None, bool]:
    """The body for format 1.0: binary media types in base64, everything else as text, come what may."""
    if not visit.body:
        return None, False
    if is_binary(binary_types, visit.header("content-type")):
        return base64.b64encode(visit.body).decode(), True
    return visit.body.decode("utf-8", "replace"), False


def wants_binary(visit: Visit, binary_types: tuple[str, ...], reply: Reply) -> bool:
    """Whether a reply in base64 is decoded: for the caller's first Accept type, else for the reply's own."""
    accept = (visit.header("accept") or "").partition(",")[0]
    own = next((value for name, value in reply.headers if name.lower() == "content-type"), None)
    return is_binary(binary_types, accept or own or JSON)


def proxied(reply: Reply) -> Answer:
    """A function's reply, with the names of reserved headers changed."""
    headers = [
        (f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name, value)
        for name, value in reply.headers
    ]
    plain = [] if reply.has("content-type") else [("Content-Type", JSON)]
    return Answer(reply.status, [*plain, *headers], reply.body)


def selected(integration: Integration, status: str) -> IntegrationResponse | None:
    """The integration response whose pattern fits the backend's status, else the one without a pattern."""
    default = None
    for response in integration.responses:
        if response.pattern is None:
            default = default or response
        elif re.fullmatch(response.pattern, status):
            return response
    return default


def mapped(
    integration: Integration, status: str, headers: Pairs, body: str, given: templates.Input
) -> Answer:
    """A backend's answer as the method's: status, headers and body of the integration response that fits."""
    response = selected(integration, status)
    if response is None:
        return internal()
    known = {f"integration.response.header.{name}".lower(): value for name, value in headers}
    answer_headers = _mapped_headers(response.parameters, known)
    media_type, template = _template(response.templates)
    if template is not None:
        body = templates.render(
            template, templates.Input(body, given.params, given.context, given.stage_variables)
        )
    named = any(name.lower() == "content-type" for name, _ in answer_headers)
    plain = [] if named else [("Content-Type", media_type)]
    return Answer(response.status, [*plain, *answer_headers], body.encode())


def _mapped_headers(parameters: Mapping[str, str], known: Mapping[str, str]) -> Pairs:
    made = []
    for place, source in parameters.items():
        if (value := mappings.value(source, known)) is not None:
            made.append((place.removeprefix("method.response.header."), value))
    return made


def _template(given: Mapping[str, str]) -> tuple[str, str | None]:
    """The template for JSON, or the first there is; without any the answer passes as it is."""
    if JSON in given:
        return JSON, given[JSON] or None
    for media_type, text in given.items():
        return media_type, text or None
    return JSON, None
