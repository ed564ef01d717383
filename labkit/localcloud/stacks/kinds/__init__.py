"""The types of resources that stacks can make."""

from __future__ import annotations

from labkit.localcloud.stacks.kinds.accounts import ACCOUNTS
from labkit.localcloud.stacks.kinds.buckets import BUCKETS
from labkit.localcloud.stacks.kinds.custom import CUSTOM, custom_kind
from labkit.localcloud.stacks.kinds.events import EVENTS
from labkit.localcloud.stacks.kinds.functions import FUNCTIONS
from labkit.localcloud.stacks.kinds.http_apis import HTTP_APIS
from labkit.localcloud.stacks.kinds.invoking import INVOKING
from labkit.localcloud.stacks.kinds.kind import Kind
from labkit.localcloud.stacks.kinds.machines import MACHINES
from labkit.localcloud.stacks.kinds.messages import MESSAGES
from labkit.localcloud.stacks.kinds.rest_apis import REST_APIS
from labkit.localcloud.stacks.kinds.scaling import SCALING
from labkit.localcloud.stacks.kinds.secrets import SECRETS
from labkit.localcloud.stacks.kinds.tables import TABLES
from labkit.localcloud.stacks.kinds.watching import WATCHING

KINDS: dict[str, Kind] = {
    kind.type: kind
    for kinds in (
        ACCOUNTS,
        BUCKETS,
        CUSTOM,
        EVENTS,
        FUNCTIONS,
        HTTP_APIS,
        INVOKING,
        MACHINES,
        MESSAGES,
        REST_APIS,
        SCALING,
        SECRETS,
        TABLES,
        WATCHING,
    )
    for kind in kinds
}


def kind_of(type_name: str) -> Kind | None:
    """The kind of a type; None when stacks cannot make it."""
    return custom_kind(type_name) or KINDS.get(type_name)
