"""The elements of a policy statement: Action, Resource, Principal, and the question they are asked.

Pure, as policy. Rules: IAM User Guide, "IAM JSON policy elements reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from labkit.localcloud.permissions.conditions import Values
from labkit.localcloud.permissions.errors import PolicyUnsupported
from labkit.localcloud.permissions.patterns import arn_glob, expand_arn, glob, has_variables

_REGIONAL_SERVICE = re.compile(r"\.[a-z]{2}(-[a-z]+)+-\d\.amazonaws\.com$")


class Grant(IntEnum):
    """How closely the Principal of a resource policy names who asks.

    ``ACCOUNT`` delegates to the account (its identity policies must allow too); ``ROLE`` names the role
    behind a session, or everybody; ``SELF`` names this very user or session.
    """

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    SELF = 3


class Context(Protocol):
    """The condition context of a request."""

    def get(self, written: str) -> Values | None:
        """The values of a condition key, written in any case; None when the request does not have it."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as a Principal element may name it. ``arn`` is ``""`` for a service principal."""

    arn: str
    account_id: str
    role_arn: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """May this be done? ``asker`` is needed for resource policies only."""

    action: str
    resource: str
    context: Context
    asker: Asker | None = None

    def resolve(self, key: str) -> str | None:
        """The value of a policy variable; a key with several values is none."""
        values = self.context.get(key)
        return values[0] if values and len(values) == 1 else None


@dataclass(frozen=True, slots=True)
class Actions:
    """The Action or NotAction element, in lower case (action names have no case)."""

    everything: bool
    exact: frozenset[str]
    by_service: Mapping[str, re.Pattern[str]]
    across: tuple[re.Pattern[str], ...]
    inverted: bool

    def match(self, action: str) -> bool:
        """Whether the element covers ``action`` (any case)."""
        return self._covers(action.lower()) != self.inverted

    def _covers(self, action: str) -> bool:
        if self.everything or action in self.exact:
            return True
        pattern = self.by_service.get(action.partition(":")[0])
        if pattern is not None and pattern.fullmatch(action):
            return True
        return any(pattern.fullmatch(action) for pattern in self.across)


@dataclass(frozen=True, slots=True)
class Resources:
    """The Resource or NotResource element; case counts."""

    patterns: tuple[str, ...]
    inverted: bool

    def match(self, question: Question) -> bool:
        """Whether the element covers the question's resource."""
        return any(self._covers(pattern, question) for pattern in self.patterns) != self.inverted

    @staticmethod
    def _covers(text: str, question: Question) -> bool:
        if text == "*" or text == question.resource:
            return True
        pattern = expand_arn(text, question.resolve) if has_variables(text) else arn_glob(text)
        return pattern is not None and pattern.fullmatch(question.resource) is not None


@dataclass(frozen=True, slots=True)
class Principals:
    """The Principal or NotPrincipal element."""

    aws: frozenset[str]
    services: frozenset[str]
    inverted: bool

    def grant(self, asker: Asker) -> Grant:
        """How closely the element names who asks."""
        named = self._named(asker)
        return (Grant.NONE if named else Grant.ROLE) if self.inverted else named

    def _named(self, asker: Asker) -> Grant:
        if asker.service is not None:
            known = "*" in self.aws or _plain_service(asker.service) in self.services
            return Grant.SELF if known else Grant.NONE
        if asker.arn in self.aws:
            return Grant.SELF
        if "*" in self.aws or asker.role_arn in self.aws:
            return Grant.ROLE
        if asker.account_id in self.aws or f"arn:aws:iam::{asker.account_id}:root" in self.aws:
            return Grant.ACCOUNT
        return Grant.NONE


def parse_actions(element: Mapping[str, Any]) -> Actions:
    """The Action or NotAction of a statement."""
    inverted = "NotAction" in element
    written = [str(each).lower() for each in as_list(element.get("NotAction" if inverted else "Action", []))]
    wild = [each for each in written if "*" in each or "?" in each]
    across = [each for each in wild if "*" in each.partition(":")[0] or "?" in each.partition(":")[0]]
    services: dict[str, list[str]] = {}
    for each in wild:
        if each not in across:
            services.setdefault(each.partition(":")[0], []).append(glob(each).pattern)
    return Actions(
        everything="*" in written or "*:*" in written,
        exact=frozenset(written) - frozenset(wild),
        by_service={name: re.compile("|".join(patterns)) for name, patterns in services.items()},
        across=tuple(glob(each) for each in across),
        inverted=inverted,
    )


def parse_resources(element: Mapping[str, Any], variables: bool) -> Resources | None:
    """The Resource or NotResource of a statement; trust policies have none."""
    inverted = "NotResource" in element
    written = element.get("NotResource" if inverted else "Resource")
    if written is None:
        return None
    patterns = tuple(str(each) for each in as_list(written))
    if not variables:  # before 2012-10-17 a ${...} meant itself
        patterns = tuple(each.replace("${", "${$}{") for each in patterns)
    return Resources(patterns, inverted)


def parse_principals(element: Mapping[str, Any]) -> Principals | None:
    """The Principal or NotPrincipal of a statement; identity policies have none."""
    inverted = "NotPrincipal" in element
    written = element.get("NotPrincipal" if inverted else "Principal")
    if written is None:
        return None
    named = {"AWS": written} if isinstance(written, str) else written
    if not isinstance(named, Mapping):
        raise PolicyUnsupported(f"A policy's Principal is neither * nor an object: {written!r}")
    return Principals(
        aws=frozenset(str(each) for each in as_list(named.get("AWS", []))),
        services=frozenset(_plain_service(str(each)) for each in as_list(named.get("Service", []))),
        inverted=inverted,
    )


def _plain_service(name: str) -> str:
    """``logs.us-east-1.amazonaws.com`` and ``logs.amazonaws.com`` are the same service."""
    return _REGIONAL_SERVICE.sub(".amazonaws.com", name.lower())


def as_list(element: Any) -> list[Any]:
    """IAM writes one thing and a list of one thing alike."""
    return element if isinstance(element, list) else [element]
