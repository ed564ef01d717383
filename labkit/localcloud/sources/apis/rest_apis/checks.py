"""What AWS refuses of resources, methods and integrations of REST APIs, and moto takes. ``api`` is moto's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from labkit import facts
from labkit.localcloud.sources.apis.lambda_uris import is_function_uri
from labkit.localcloud.sources.apis.rest_apis import mappings, templates
from labkit.localcloud.sources.apis.rest_apis.rules import PATCH_INSTEAD, PATCHES
from labkit.localcloud.sources.apis.rules import NOT_HERE, ON_AWS, bad_request, conflict, found, not_found

_VERBS = ("ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_STAGE_NAME = re.compile(r"[\w-]{1,128}", re.ASCII)
_TIMEOUT_MIN_MS = 50  # API Gateway API model, PutIntegration timeoutInMillis
SQS_URI = re.compile(
    r"arn:aws:apigateway:(?P<region>[a-z0-9-]+):sqs:"
    r"(path/(?P<path>\d{12}/[\w-]{1,80}(\.fifo)?)|action/(?P<action>SendMessage))",
    re.ASCII,
)

Params = Mapping[str, Any]


def check_resource(api: Any, params: Params) -> None:
    """CreateResource.

    Raises:
        ApiError: below a greedy variable, beside a second variable, or there already.
    """
    part, parent_id = params["pathPart"], params["parentId"]
    parent = found(api.resources, parent_id, "Resource")
    if parent.path_part.endswith("+}"):
        raise bad_request(
            f"Cannot create a child of a resource with a greedy path variable: {parent.path_part}"
        )
    for sibling in api.resources.values():
        if sibling.parent_id != parent_id:
            continue
        if sibling.path_part == part:
            raise conflict(f"Another resource with the same parent already has this name: {part}")
        both = sibling.path_part.startswith("{") and part.startswith("{")
        if both and sibling.path_part.endswith("+}") == part.endswith("+}"):
            raise bad_request(
                f"A sibling ({sibling.path_part}) of this resource already has a variable path part "
                "-- only one is allowed"
            )


def method(api: Any, params: Params) -> Any:
    """The method that a request names.

    Raises:
        ApiError: NotFoundException.
    """
    resource = found(api.resources, params["resourceId"], "Resource")
    known = resource.resource_methods.get(params["httpMethod"])
    if known is None:
        raise not_found("Invalid Method identifier specified")
    return known


def integration(api: Any, params: Params) -> Any:
    """The integration of that method.

    Raises:
        ApiError: NotFoundException.
    """
    known = method(api, params).method_integration
    if known is None:
        raise not_found("No integration defined for method")
    return known


def check_verb(api: Any, params: Params) -> None:
    """PutMethod: the resource exists and the verb is one of HTTP's.

    Raises:
        ApiError: it is not, or the method is there already.
    """
    resource = found(api.resources, params["resourceId"], "Resource")
    if params["httpMethod"] not in _VERBS:
        raise bad_request("Invalid HttpMethod specified. Valid options are " + ",".join(sorted(_VERBS)))
    if params["httpMethod"] in resource.resource_methods:
        raise conflict("Method already exists for this resource")


def check_integration(params: Params) -> None:
    """PutIntegration.

    Raises:
        ApiError: no function or queue is named, a template or mapping that does not work here.
    """
    kind, uri = params["type"], params.get("uri") or ""
    if kind != "MOCK" and not params.get("integrationHttpMethod"):
        raise bad_request("Enumeration value for HttpMethod must be non-empty")
    if kind == "AWS_PROXY" and not is_function_uri(uri):
        raise bad_request("Invalid function ARN or invalid uri")
    if kind == "AWS":
        if not SQS_URI.fullmatch(uri):
            raise bad_request(
                f"The integration {uri} {NOT_HERE} AWS works with Amazon SQS here "
                "(arn:aws:apigateway:<region>:sqs:path/<account>/<queue>); for functions use AWS_PROXY."
            )
        if not params.get("credentials"):
            raise bad_request("Role ARN must be specified for AWS integrations")
    if kind == "AWS_PROXY" and (params.get("requestTemplates") or params.get("requestParameters")):
        raise bad_request(
            f"Request templates and parameters of AWS_PROXY {NOT_HERE} Functions get requests as they are."
        )
    most_ms = int(facts.quota("apigw_rest_timeout_default_max_s").value) * 1000
    timeout_ms = params.get("timeoutInMillis")
    if timeout_ms is not None and not _TIMEOUT_MIN_MS <= int(timeout_ms) <= most_ms:
        raise bad_request(f"Timeout should be between {_TIMEOUT_MIN_MS} ms and {most_ms} ms")
    _check_templates(params.get("requestTemplates") or {})
    _check_mappings(params.get("requestParameters") or {}, mappings.check_request)


def check_integration_response(api: Any, params: Params) -> None:
    """PutIntegrationResponse.

    Raises:
        ApiError: the method has no such response or header, or a template or mapping does not work here.
    """
    if integration(api, params).integration_type == "AWS_PROXY":
        raise bad_request(
            f"Integration responses of AWS_PROXY {NOT_HERE} The function's answer is the answer."
        )
    declared = method(api, params).method_responses.get(str(params["statusCode"]))
    if declared is None:
        raise not_found("Invalid Response status code specified")
    pattern = params.get("selectionPattern")
    try:
        re.compile(pattern or "")
    except re.error as problem:
        raise bad_request(f"Invalid selection pattern specified: {pattern} ({problem})") from None
    parameters = params.get("responseParameters") or {}
    for place in parameters:
        if place not in (declared.response_parameters or {}):
            raise bad_request(f"Invalid mapping expression parameter specified: {place}")
    _check_mappings(parameters, mappings.check_response)
    _check_templates(params.get("responseTemplates") or {})


def check_stage(api: Any, params: Params) -> None:
    """CreateStage.

    Raises:
        ApiError: a bad name, no such deployment.
    """
    if not _STAGE_NAME.fullmatch(params["stageName"]):
        raise bad_request("Stage name only allows a-zA-Z0-9_-")
    found(api.deployments, params.get("deploymentId") or "", "Deployment")


def check_patches(operation: str, params: Params) -> None:
    """UpdateRestApi and UpdateStage: every path has its effect.

    Raises:
        ApiError: one has not.
    """
    for patch in params.get("patchOperations") or []:
        path, verb = str(patch.get("path")), patch.get("op")
        if not any(_fits(path, pattern) for pattern in PATCHES[operation]):
            hint = next((text for start, text in PATCH_INSTEAD.items() if _begins(path, start)), ON_AWS)
            raise bad_request(f"The patch of {path} {NOT_HERE} {hint}")
        if verb not in ("add", "replace", "remove"):
            raise bad_request(f"Invalid patch operation {verb} for path {path}")


def _fits(path: str, pattern: str) -> bool:
    if not pattern.endswith("/*"):
        return path == pattern
    return path.startswith(pattern[:-1]) and "/" not in path[len(pattern) - 1 :]


def _begins(path: str, start: str) -> bool:
    """Settings of methods are ``/<resource>/<verb>/<setting>``; a resource's slashes are written ``~1``."""
    if not start.startswith("/*/*/"):
        return path.startswith(start)
    return path.count("/") >= 3 and f"/{start.rpartition('/')[2]}" in path


def _check_templates(given: Mapping[str, str | None]) -> None:
    for media_type, text in given.items():
        try:
            templates.parse(text or "")
        except templates.BadTemplate as problem:
            raise bad_request(
                f"The template for {media_type} {NOT_HERE} It has {problem}; text with $input.body, "
                "$input.path, $input.json, $input.params, $util.urlEncode and the like works. "
                "Use a function for more."
            ) from None


def _check_mappings(given: Mapping[str, str], check: Any) -> None:
    for place, source in given.items():
        try:
            check(place, source)
        except mappings.BadMapping as problem:
            raise bad_request(str(problem)) from None
