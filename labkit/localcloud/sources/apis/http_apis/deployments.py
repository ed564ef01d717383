"""Deployments of HTTP APIs: snapshots of routes, and which stage serves which. ``api`` is moto's."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from labkit.localcloud.sources.apis.http_apis.model import Deployment, Integration, Route
from labkit.localcloud.sources.apis.rules import bad_request, found

_ALPHABET = string.ascii_lowercase + string.digits
_AUTOMATIC = "Automatic deployment triggered by changes to the Api configuration"


class Deployments:
    """All deployments, by API; ``staged`` names the one of each (API, stage)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._made: dict[str, dict[str, Deployment]] = {}
        self.staged: dict[tuple[str, str], str] = {}

    def of(self, api_id: str) -> dict[str, Deployment]:
        """Those of one API, by id."""
        return self._made.setdefault(api_id, {})

    def at(self, api_id: str, stage: str) -> Deployment | None:
        """What a stage serves; None before anything was deployed to it."""
        return self.of(api_id).get(self.staged.get((api_id, stage), ""))

    def forget(self, api_id: str) -> None:
        """The API is gone."""
        self._made.pop(api_id, None)
        for key in [key for key in self.staged if key[0] == api_id]:
            del self.staged[key]

    def deploy(self, api: Any, description: str | None, automatic: bool = False) -> Deployment:
        """A snapshot of the routes as they are now."""
        new_id = "".join(secrets.choice(_ALPHABET) for _ in range(6))
        created_at = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        made = Deployment(new_id, created_at, description, automatic, tuple(_routes(api)))
        self.of(api.api_id)[made.id] = made
        return made

    def deploy_automatically(self, api: Any) -> None:
        """To all stages that want it; older automatic deployments that nobody serves are dropped."""
        stages = [stage.name for stage in api.stages.values() if stage.auto_deploy]
        if not stages or not api.routes:
            return
        made = self.deploy(api, _AUTOMATIC, automatic=True)
        self.staged.update({(api.api_id, name): made.id for name in stages})
        kept, used = self.of(api.api_id), self._in_use(api.api_id)
        for old in [each for each in kept.values() if each.auto_deployed and each.id not in used]:
            del kept[old.id]

    def describe(self, api_id: str, deployment_id: str, description: str | None) -> Deployment:
        """UpdateDeployment."""
        new = replace(found(self.of(api_id), deployment_id, "Deployment"), description=description)
        self.of(api_id)[deployment_id] = new
        return new

    def delete(self, api_id: str, deployment_id: str) -> None:
        """DeleteDeployment.

        Raises:
            ApiError: a stage serves it.
        """
        found(self.of(api_id), deployment_id, "Deployment")
        if deployment_id in self._in_use(api_id):
            raise bad_request(
                "Active stages pointing to this deployment must be moved or deleted before it can be deleted"
            )
        del self.of(api_id)[deployment_id]

    def _in_use(self, api_id: str) -> set[str]:
        return {deployment for (api, _), deployment in self.staged.items() if api == api_id}


def _routes(api: Any) -> Iterator[Route]:
    for route in api.routes.values():
        integration = api.integrations.get((route.target or "").removeprefix("integrations/"))
        if integration is not None:
            yield Route(route.route_key, _integration(integration), route.authorization_type == "AWS_IAM")


def _integration(made: Any) -> Integration:
    return Integration(
        made.integration_uri or "",
        made.payload_format_version or "1.0",
        int(made.timeout_in_millis) / 1000,
        made.credentials_arn,
        made.integration_subtype,
        dict(made.request_parameters or {}),
    )
