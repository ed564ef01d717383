"""Finds what labs left behind in an account, even if their ledgers are lost: by tag, and by name.

By name only for kinds that the tagging API does not know; the name has the workspace's id in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labkit.errors import TargetError
from labkit.ledger.journal import Entry, Ledger
from labkit.ledger.kinds import Clients
from labkit.ledger.table import KINDS

TAG_LAB = "labkit:lab"
TAG_WORKSPACE = "labkit:workspace"


@dataclass(frozen=True)
class Leftover:
    """A resource that a lab made and that is still there. ``kind`` is empty if labkit cannot delete it."""

    kind: str
    ids: dict[str, Any]
    region: str
    lab: str
    label: str


def sweep(
    clients: Clients, region: str, workspace_id: str, prefixes: tuple[str, ...] = ()
) -> tuple[Leftover, ...]:
    """Everything in one Region (and of IAM) that carries this workspace's tag or its name.

    Args:
        prefixes: further prefixes that labs were opened with.

    Raises:
        TargetError: the account does not let us look.
    """
    names = "|".join([rf"[a-z0-9-]+-{re.escape(workspace_id)}", *map(re.escape, prefixes)])
    try:
        found = [*_by_tag(clients, region, workspace_id), *_by_name(clients, region, names)]
    except (ClientError, BotoCoreError) as error:
        raise TargetError(
            f"The sweep of {region} could not look everywhere: {error}. It needs tag:GetResources and the "
            "List and Describe permissions of the services of the course."
        ) from error
    return tuple({(one.kind, one.label): one for one in found}.values())


def adopt(ledger: Ledger, leftovers: tuple[Leftover, ...]) -> tuple[Entry, ...]:
    """Writes leftovers into a ledger, so that a teardown of it deletes and verifies them."""
    return tuple(
        ledger.add("created", one.kind, one.ids, one.region, "found by sweep")
        for one in leftovers
        if one.kind
    )


def _by_tag(clients: Clients, region: str, workspace_id: str) -> Iterator[Leftover]:
    pages = clients("resourcegroupstaggingapi", region).get_paginator("get_resources")
    filters = [{"Key": TAG_WORKSPACE, "Values": [workspace_id]}]
    for page in pages.paginate(TagFilters=filters):
        for resource in page["ResourceTagMappingList"]:
            tags = {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}
            if leftover := _from_arn(clients, resource["ResourceARN"], region, tags.get(TAG_LAB, "")):
                yield leftover


def _from_arn(clients: Clients, arn: str, region: str, lab: str) -> Leftover | None:
    """The resource behind an ARN; None if it is gone already (the tagging API remembers for a while)."""
    fitting = [
        (kind, {key: value for key, value in matched.groupdict().items() if value is not None})
        for kind in KINDS.values()
        for pattern in kind.arns
        if (matched := re.match(pattern, arn))
    ]
    for kind, ids in fitting:
        if not kind.visible(ids) or kind.exists(clients(kind.service, region), ids):
            return Leftover(kind.name, ids, region, lab, f"{kind.name} {_name(ids)}")
    return None if fitting else Leftover("", {}, region, lab, arn)


def _by_name(clients: Clients, region: str, names: str) -> Iterator[Leftover]:
    ours = re.compile(rf"(?:^|[/_-])({names})-")
    for kind in KINDS.values():
        if kind.leftovers is None:
            continue
        for ids in kind.search(clients(kind.service, region), kind.leftovers, {}, None):
            for matched in filter(None, (ours.search(str(value)) for value in ids.values())):
                yield Leftover(kind.name, ids, region, matched[1], f"{kind.name} {_name(ids)}")


def _name(ids: dict[str, Any]) -> str:
    return " / ".join(str(value) for value in ids.values())
