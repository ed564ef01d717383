"""One resource as its kind sees it while it is made, changed or deleted."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError

from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.stacks.clients import Clients
from labkit.localcloud.stacks.fit import fit
from labkit.localcloud.stacks.model import Resource

if TYPE_CHECKING:
    from labkit.localcloud.stacks.responses import Responses

_RANDOM = string.ascii_uppercase + string.digits
_SUFFIX = 12
_GONE = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "404")
Born = Callable[[Resource], None]


@dataclass(frozen=True)
class Place:
    """The stack around a resource, and what its kinds may use."""

    stack_name: str
    stack_id: str
    region: str
    tags: Mapping[str, str]
    clients: Clients
    endpoint: str
    responses: Responses


class Ask:
    """What is asked of a kind. ``resource`` is what came of it; ``before`` has the properties until now."""

    def __init__(
        self,
        place: Place,
        resource: Resource,
        before: Mapping[str, Any] | None = None,
        born: Born = lambda resource: None,
    ) -> None:
        self.place, self.before = place, before or {}
        self.properties = resource.properties
        self.physical_id, self.attributes = resource.physical_id, dict(resource.attributes)
        self.logical_id, self.type = resource.logical_id, resource.type
        self._resource, self._born = resource, born
        self.left_behind: str | None = None
        self.region, self.account = place.region, ACCOUNT_ID

    def call(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Makes a call with parameters as the template writes them.

        Raises:
            StackError: the API has no such parameter.
            ClientError: what the service refuses.
        """
        client = self.place.clients(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        return dict(getattr(client, xform_name(operation))(**fit(shape, params)))

    def gone(self, service: str, operation: str, params: Mapping[str, Any]) -> None:
        """Makes a call that deletes; what is not there any more is no failure."""
        try:
            self.call(service, operation, params)
        except ClientError as error:
            if not any(part in error.response["Error"]["Code"] for part in _GONE):
                raise

    def client(self, service: str) -> Any:
        """The plain client of a service."""
        return self.place.clients(service)

    def some(self, names: str) -> dict[str, Any]:
        """Those of the named properties that are given."""
        return {name: self.properties[name] for name in names.split() if name in self.properties}

    def name(self, prop: str, most: int, suffix: str = "") -> str:
        """The name that a property gives, or one of the stack's making of at most ``most`` characters."""
        if self.properties.get(prop):
            return str(self.properties[prop])
        end = f"-{''.join(secrets.choice(_RANDOM) for _ in range(_SUFFIX))}{suffix}"
        room = most - len(end)
        stack, logical = self.place.stack_name, self.logical_id
        if len(stack) + 1 + len(logical) > room:
            half = room // 2
            logical = logical[: max(half, room - 1 - len(stack))]
            stack = stack[: room - 1 - len(logical)]
        return f"{stack}-{logical}{end}"

    def born(self, physical_id: str, **attributes: Any) -> None:
        """Tells at once that the resource is there now: from here on a failure deletes it again."""
        self.physical_id = physical_id
        self.attributes.update(attributes)
        self._resource = replace(self._resource, physical_id=physical_id, attributes=self.attributes)
        self._born(self._resource)

    def leaves_behind(self, physical_id: str) -> None:
        """Tells that an update made another resource: the old one goes once all has succeeded."""
        self.left_behind = physical_id

    def changed(self, *names: str) -> bool:
        """Whether one of these properties is other than before."""
        return any(self.properties.get(name) != self.before.get(name) for name in names)

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the stack and of the resource."""
        return {**self.place.tags, **_read_tags(self.properties.get("Tags"))}

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """The same, as most APIs want them."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    @property
    def lost_tags(self) -> list[str]:
        """The keys that the resource had and has no more."""
        return [key for key in _read_tags(self.before.get("Tags")) if key not in self.tags]

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def _read_tags(given: Any) -> dict[str, str]:
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in given or []}
