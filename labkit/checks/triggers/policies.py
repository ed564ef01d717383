"""Resource-based policies of functions as a check reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.checks.look import Look
from labkit.checks.roles import matches


@dataclass(frozen=True)
class Permission:
    """A statement that lets a service invoke a function.

    Attributes:
        source: pattern of the resources that it may be for; empty for any.
        account: whose they have to be; empty for anybody's.
    """

    source: str
    account: str

    def fits(self, arn: str) -> bool:
        """Whether it is for this resource."""
        return not self.source or matches(self.source, arn)


def permissions(look: Look, function: str, service: str, qualifier: str | None = None) -> list[Permission]:
    """What a function's policy, or that of a version or alias, allows a service."""
    client = look.client("lambda")
    chosen = {"Qualifier": qualifier} if qualifier else {}
    try:
        policy = json.loads(client.get_policy(FunctionName=function, **chosen)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return []
    return [
        Permission(_condition(one, "sourcearn"), _condition(one, "sourceaccount"))
        for one in policy["Statement"]
        if one["Effect"] == "Allow" and service in _principals(one)
    ]


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    value = principal.get("Service", []) if isinstance(principal, Mapping) else []
    return [value] if isinstance(value, str) else list(value)


def _condition(statement: Mapping[str, Any], key: str) -> str:
    """The value that a condition asks of ``aws:<key>``; empty if none does."""
    return next((value for name, value in _conditions(statement) if name.lower().endswith(key)), "")


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for wanted in statement.get("Condition", {}).values():
        for name, value in wanted.items():
            yield name, value if isinstance(value, str) else str(value[0])
