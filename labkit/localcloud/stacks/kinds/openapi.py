"""What API Gateway reads of an OpenAPI document: routes and integrations. Refuses what would be lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.localcloud.stacks.errors import invalid, not_here

ANY = "x-amazon-apigateway-any-method"
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", ANY)
_INTEGRATION = "x-amazon-apigateway-integration"
_TOP = frozenset(
    # "definitions", "schemes" and the like describe; API Gateway does nothing with them but keep them.
    [
        "swagger",
        "openapi",
        "info",
        "paths",
        "tags",
        "definitions",
        "components",
        "schemes",
        "host",
        "basePath",
        "servers",
        "securityDefinitions",
        "consumes",
        "produces",
        "externalDocs",
        "x-amazon-apigateway-cors",
        "x-amazon-apigateway-importexport-version",
        "x-amazon-apigateway-binary-media-types",
    ]
)
_OPERATION = frozenset(
    [
        "responses",
        "parameters",
        "summary",
        "description",
        "operationId",
        "tags",
        "consumes",
        "produces",
        "security",
        "requestBody",
        "deprecated",
        "isDefaultRoute",
        "externalDocs",
    ]
) | {_INTEGRATION}
_SIGNED = "AWS_IAM"
_OPEN = "NONE"
_AUTHORIZER = "Routes here are open or ask for AWS_IAM: check tokens in the function, or use an AWS account."


def check(document: Mapping[str, Any]) -> None:
    """Refuses what would be lost.

    Raises:
        StackError: ValidationError that names it.
    """
    if not isinstance(document, Mapping) or "paths" not in document:
        raise invalid("Body is no OpenAPI document: it has no paths.")
    for key in document:
        if key not in _TOP:
            raise not_here(f"{key} in an OpenAPI document", "Leave it out, or use an AWS account.")
    for name, scheme in _schemes(document).items():
        if scheme.get("x-amazon-apigateway-authtype") != "awsSigv4":
            raise not_here(f"The authorizer {name}", _AUTHORIZER)


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every operation as ``(path, METHOD, operation)``; the method is ANY for all that are not named."""
    for path, item in document["paths"].items():
        for key, operation in (item or {}).items():
            if key == "parameters":
                continue
            if key not in _METHODS:
                raise not_here(f"{key} of {path}", "Leave it out, or use an AWS account.")
            for part in operation or {}:
                if part not in _OPERATION:
                    raise not_here(f"{part} of {key} {path}", "Leave it out, or use an AWS account.")
            shared = item.get("parameters") or []
            joined = {
                **(operation or {}),
                "parameters": [*shared, *((operation or {}).get("parameters") or [])],
            }
            yield path, "ANY" if key == ANY else key.upper(), joined


def integration(operation: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The integration of an operation, its kind in capitals.

    Raises:
        StackError: there is none.
    """
    found = operation.get(_INTEGRATION)
    if not found:
        raise invalid(f"No integration defined for method {where}")
    return {**found, "type": str(found.get("type", "")).upper()}


def authorization(document: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    """NONE or AWS_IAM: what an operation asks of its callers."""
    wanted = operation.get("security", document.get("security")) or []
    named = [name for each in wanted for name in each if name != _OPEN]
    known = _schemes(document)
    for name in named:
        if name != _SIGNED and name not in known:
            raise not_here(f"The authorizer {name}", _AUTHORIZER)
    return _SIGNED if named else _OPEN


def _schemes(document: Mapping[str, Any]) -> dict[str, Any]:
    components = document.get("components") or {}
    found = {**(document.get("securityDefinitions") or {}), **(components.get("securitySchemes") or {})}
    found.pop(_OPEN, None)
    return found
