"""Frozen copies of a REST API's resources as moto keeps them at one moment."""

from __future__ import annotations

from typing import Any

from labkit import facts
from labkit.localcloud.sources.apis.rest_apis.model import (
    Deployment,
    Integration,
    IntegrationResponse,
    Method,
    Resource,
)


def deployment(api: Any, deployment_id: str) -> Deployment:
    """What is deployed when ``api`` (moto's) is deployed now."""
    resources = tuple(
        Resource(
            resource.id,
            resource.get_path(),
            {verb: _method(verb, made) for verb, made in resource.resource_methods.items()},
        )
        for resource in api.resources.values()
        if resource.resource_methods
    )
    return Deployment(deployment_id, resources, tuple(api.binaryMediaTypes))


def default_timeout_ms() -> int:
    """How long a method waits for its integration when nobody says otherwise; no longer is allowed."""
    return int(facts.quota("apigw_rest_timeout_default_max_s").value) * 1000


def _method(verb: str, made: Any) -> Method:
    """A method whose authorizer does not work here (a stack may have one) is not open: it fails."""
    integration, authorization = made.method_integration, made.authorization_type or "NONE"
    works = integration is not None and authorization in ("NONE", "AWS_IAM")
    called = _integration(integration) if works else None
    return Method(verb, authorization == "AWS_IAM", called, made.operation_name)


def _integration(made: Any) -> Integration:
    responses = (made.integration_responses or {}).values()
    return Integration(
        kind=made.integration_type,
        uri=made.uri or "",
        http_method=made.http_method or "",
        role_arn=made.credentials,
        timeout_s=int(made.timeout_in_millis or default_timeout_ms()) / 1000,
        passthrough=made.passthrough_behaviour or "WHEN_NO_MATCH",
        templates={name: text or "" for name, text in (made.request_templates or {}).items()},
        parameters=dict(made.request_parameters or {}),
        responses=tuple(
            IntegrationResponse(
                int(response.status_code),
                response.selection_pattern or None,
                dict(response.response_parameters or {}),
                {name: text or "" for name, text in (response.response_templates or {}).items()},
            )
            for response in responses
        ),
    )
