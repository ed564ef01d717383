"""An HTTP API as it is served: frozen copies of what moto keeps, made when something is deployed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from labkit.localcloud.sources.apis.cors import Cors
from labkit.localcloud.sources.apis.paths import fit

DEFAULT = "$default"


@dataclass(frozen=True)
class Integration:
    """What a route calls. ``role_arn``: the role to call it with; None asks the function's own policy.

    ``subtype`` and ``parameters`` only for AWS services that are called without a function.
    """

    uri: str
    payload_format: str
    timeout_s: float
    role_arn: str | None = None
    subtype: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """``key`` as in the API: ``GET /pets/{id}``, ``ANY /{proxy+}``, ``$default``."""

    key: str
    integration: Integration
    signed: bool = False

    @cached_property
    def method(self) -> str:
        return self.key.partition(" ")[0]

    @cached_property
    def path(self) -> str:
        """The path with its variables; ``$default`` for the route of that key."""
        return self.key.partition(" ")[2] or self.key

    @cached_property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.split("/")[1:])


@dataclass(frozen=True)
class Matched:
    """A route that fits a request, with its path variables, decoded."""

    route: Route
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Deployment:
    """A snapshot of an API's routes. ``created_at`` as the API shows it."""

    id: str
    created_at: str
    description: str | None
    auto_deployed: bool
    routes: tuple[Route, ...]

    def match(self, method: str, raw_path: str) -> Matched | None:
        """The most specific route that fits: literal before variable before greedy, a method before ANY.

        Source: API Gateway guide, "Create routes for HTTP APIs", routing API requests.
        """
        segments = raw_path.split("/")[1:]
        best: tuple[tuple[tuple[int, ...], bool], Matched] | None = None
        default: Matched | None = None
        for route in self.routes:
            if route.key == DEFAULT:
                default = Matched(route, {})
            elif route.method in (method, "ANY") and (found := fit(route.segments, segments)) is not None:
                rank = found[0], route.method == method
                if best is None or rank > best[0]:
                    variables = {name: unquote(value) for name, value in found[1].items()}
                    best = rank, Matched(route, variables)
        return best[1] if best is not None else default


@dataclass(frozen=True)
class Stage:
    """A stage with what is deployed to it; ``deployment`` None serves nothing yet."""

    name: str
    variables: Mapping[str, str]
    deployment: Deployment | None


@dataclass(frozen=True)
class Api:
    """Everything that answering needs of an API."""

    id: str
    region: str
    cors: Cors | None
    disabled: bool
    stages: Mapping[str, Stage]

    def locate(self, path: str) -> tuple[Stage, str] | None:
        """The stage that a path below the API's address means, and the path below the stage."""
        first, _, rest = path[1:].partition("/")
        if first in self.stages and first != DEFAULT:
            return self.stages[first], f"/{rest}"
        return (self.stages[DEFAULT], path) if DEFAULT in self.stages else None
