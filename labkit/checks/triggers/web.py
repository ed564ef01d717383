"""HTTP APIs as a check sees them: their routes, and what they answer."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from labkit.checks.look import Look, NotYet

TIMEOUT_S = 40.0  # an HTTP API itself gives up after 30
FUNCTION = re.compile(r":function:(?P<name>[^:/]+)(?::(?P<qualifier>[^:/]+))?")


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Message = field(repr=False)
    body: str


@dataclass(frozen=True)
class Route:
    """A route of an HTTP API, and where it leads.

    Attributes:
        key: such as ``GET /photos/{photo_id}``.
        address: of the stage that serves it.
        integration: as GetIntegration gives it; empty if the route has none.
    """

    api_id: str
    api_name: str
    key: str
    address: str
    integration: Mapping[str, Any] = field(repr=False)

    @property
    def target(self) -> tuple[str, str | None] | None:
        """(name, qualifier) of the function that it calls; None if it calls none."""
        found = FUNCTION.search(str(self.integration.get("IntegrationUri", "")))
        return (found["name"], found["qualifier"]) if found else None


def routes(look: Look) -> list[Route]:
    """All routes of the lab's HTTP APIs."""
    apis = look.client("apigatewayv2")
    pages = apis.get_paginator("get_apis").paginate()
    own = [api for page in pages for api in page["Items"] if api["Name"].startswith(look.prefix)]
    return [route for api in own for route in _routes(apis, api)]


def address(route: Route) -> str:
    """Where a route answers.

    Raises:
        NotYet: its API has no stage.
    """
    if route.address:
        return route.address
    raise NotYet(
        f"the API {route.api_name} has no stage, so it answers nothing",
        "a stage that is deployed",
        "create_stage(ApiId=…, StageName='$default', AutoDeploy=True).",
    )


def fetch(url: str, method: str = "GET", data: str | None = None, **headers: str) -> Reply:
    """What an address answers; errors are answers, too."""
    asked = urllib.request.Request(url, data.encode() if data else None, headers, method=method)
    here = urlsplit(url).hostname in ("127.0.0.1", "localhost")
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if here else []))
    try:
        with opener.open(asked, timeout=TIMEOUT_S) as answer:
            return Reply(answer.status, answer.headers, answer.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.headers, error.read().decode(errors="replace"))


def _routes(apis: Any, api: Mapping[str, Any]) -> Iterator[Route]:
    stages = [stage["StageName"] for stage in apis.get_stages(ApiId=api["ApiId"])["Items"]]
    base = str(api["ApiEndpoint"])
    served = base if "$default" in stages else f"{base}/{stages[0]}" if stages else ""
    known = apis.get_integrations(ApiId=api["ApiId"])["Items"]
    integrations = {f"integrations/{one['IntegrationId']}": one for one in known}
    for route in apis.get_routes(ApiId=api["ApiId"])["Items"]:
        leads_to = integrations.get(route.get("Target", ""), {})
        yield Route(api["ApiId"], api["Name"], route["RouteKey"], served, leads_to)
