"""Event source mappings as a check finds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet


def find_mapping(look: Look, function: Function, service: str, what: str) -> Mapping[str, Any]:
    """The enabled mapping of a function to a source of a service, ``sqs`` or ``dynamodb``.

    Args:
        what: the source in words.

    Raises:
        NotYet: there is none, or it does not read.
    """
    client = look.client("lambda")
    pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=function.name)
    found = [one for page in pages for one in page["EventSourceMappings"]]
    found = [one for one in found if f":{service}:" in one["EventSourceArn"]]
    expected = f"an event source mapping from {what} to {function.name}"
    if not found:
        raise NotYet(
            f"{function.name} has no event source mapping from {what}",
            expected,
            "Run the cells above that make it: labkit.deploy.mapping, or create_event_source_mapping.",
        )
    working = [one for one in found if one["State"] not in ("Disabled", "Disabling", "Deleting")]
    if not working:
        raise NotYet(
            f"the mapping from {what} is {found[0]['State']}",
            f"{expected}, Enabled",
            f"update_event_source_mapping(UUID='{found[0]['UUID']}', Enabled=True).",
        )
    return dict(working[0])
