"""A REST API as it is served: frozen copies of what moto keeps, made when it is deployed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from labkit.localcloud.sources.apis.paths import fit


@dataclass(frozen=True)
class IntegrationResponse:
    """How an integration's answer becomes the method's. ``pattern`` None: for all that nothing else fits."""

    status: int
    pattern: str | None
    parameters: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True)
class Integration:
    """What a method calls: ``kind`` is AWS_PROXY (a function), AWS (Amazon SQS) or MOCK."""

    kind: str
    uri: str
    http_method: str
    role_arn: str | None
    timeout_s: float
    passthrough: str
    templates: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    responses: tuple[IntegrationResponse, ...] = ()


@dataclass(frozen=True)
class Method:
    """``verb`` may be ANY. ``signed``: AWS_IAM. ``operation_name`` is told to functions."""

    verb: str
    signed: bool
    integration: Integration | None
    operation_name: str | None = None


@dataclass(frozen=True)
class Resource:
    """``path`` with its variables, such as ``/pets/{id}``."""

    id: str
    path: str
    methods: Mapping[str, Method]

    @cached_property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.split("/")[1:]) if self.path != "/" else ()

    def method(self, verb: str) -> Method | None:
        return self.methods.get(verb) or self.methods.get("ANY")


@dataclass(frozen=True)
class Deployment:
    """A snapshot of an API's resources and of the media types that it takes for binary."""

    id: str
    resources: tuple[Resource, ...]
    binary_types: tuple[str, ...]

    def match(self, path: str) -> tuple[Resource, dict[str, str]] | None:
        """The most specific resource that fits a path, and its variables, as they were sent.

        Source: API Gateway guide, "Set up a proxy integration with a proxy resource".
        """
        given = path.rstrip("/").split("/")[1:]
        best: tuple[tuple[int, ...], Resource, dict[str, str]] | None = None
        for resource in self.resources:
            found = fit(resource.segments, given)
            if found is not None and (best is None or found[0] > best[0]):
                best = found[0], resource, found[1]
        return None if best is None else best[1:]


@dataclass(frozen=True)
class Stage:
    """A stage with what is deployed to it."""

    name: str
    variables: Mapping[str, str]
    deployment: Deployment


@dataclass(frozen=True)
class Api:
    """Everything that answering needs of an API."""

    id: str
    name: str
    region: str
    disabled: bool
    stages: Mapping[str, Stage]
