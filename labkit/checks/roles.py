"""Execution roles as a check reads them: who may assume them, and what their policies allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Sees(Protocol):
    """Whatever gives boto3 clients, as a look does."""

    def client(self, service: str, /) -> Any:
        """A client of a service."""


@dataclass(frozen=True)
class Allow:
    """An Allow statement of a policy.

    Attributes:
        policy: the name of the policy that it stands in.
        managed: whether AWS keeps that policy.
        actions, resources: patterns, as written.
        everything_but: it says NotAction or NotResource.
    """

    policy: str
    managed: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    everything_but: bool = False

    def allows(self, action: str) -> bool:
        """Whether a pattern of the statement fits an action, such as ``dynamodb:GetItem``."""
        return any(matches(pattern.lower(), action.lower()) for pattern in self.actions)

    def covers(self, resource: str) -> bool:
        """Whether a pattern of the statement fits an ARN."""
        return any(matches(pattern, resource) for pattern in self.resources)


def matches(pattern: str, text: str) -> bool:
    """Whether an IAM pattern fits: ``*`` stands for any text, ``?`` for one character."""
    wild = {"*": ".*", "?": "."}
    parts = (wild.get(part) or re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text, re.S) is not None


def allows(look: Sees, role_name: str) -> list[Allow]:
    """Every Allow statement of a role, its own and those of attached policies."""
    iam = look.client("iam")
    found: list[Allow] = []
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role_name):
        for name in page["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"]
            found += _statements(document, name, managed=False)
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role_name):
        for attached in page["AttachedPolicies"]:
            arn, name = attached["PolicyArn"], attached["PolicyName"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
            found += _statements(document, name, managed=arn.split(":")[4] == "aws")
    return found


def trusted(look: Sees, role_name: str) -> set[str]:
    """Who may assume a role: service names, ARNs, or ``*``."""
    document = look.client("iam").get_role(RoleName=role_name)["Role"]["AssumeRolePolicyDocument"]
    found: set[str] = set()
    for statement in _listed(document.get("Statement")):
        if statement.get("Effect") == "Allow":
            principal = statement.get("Principal", {})
            values = principal.values() if isinstance(principal, Mapping) else [principal]
            found.update(one for value in values for one in _listed(value))
    return found


def _statements(document: Mapping[str, Any], policy: str, *, managed: bool) -> Iterator[Allow]:
    for statement in _listed(document.get("Statement")):
        if statement.get("Effect") != "Allow":
            continue
        everything_but = "NotAction" in statement or "NotResource" in statement
        yield Allow(
            policy,
            managed,
            tuple(_listed(statement.get("Action", ()))),
            tuple(_listed(statement.get("Resource", ()))),
            everything_but,
        )


def _listed(value: Any) -> list[Any]:
    """IAM allows one thing wherever it allows a list of them."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
