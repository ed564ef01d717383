"""What IAM policy documents say to a question. Pure: knows no request, no principal's state, no service.

Rules: IAM User Guide, "Policy evaluation logic". A statement that cannot be decided raises PolicyUnsupported,
unless the answer is certain without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from labkit.localcloud.permissions.conditions import Condition, parse_conditions
from labkit.localcloud.permissions.elements import (
    Actions,
    Asker,
    Grant,
    Principals,
    Question,
    Resources,
    as_list,
    parse_actions,
    parse_principals,
    parse_resources,
)
from labkit.localcloud.permissions.errors import PolicyUnsupported


class Decision(Enum):
    """The answer of identity policies, a boundary or a session policy."""

    ALLOW = "allow"
    IMPLICIT_DENY = "implicit deny"
    EXPLICIT_DENY = "explicit deny"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; ``unsupported`` says why its conditions cannot be decided, if so."""

    allow: bool
    actions: Actions
    resources: Resources | None
    principals: Principals | None
    conditions: tuple[Condition, ...]
    unsupported: str | None

    def applies(self, question: Question) -> bool:
        """Whether action, resource and conditions match; the principal is asked separately."""
        if not self.actions.match(question.action):
            return False
        if self.resources is not None and not self.resources.match(question):
            return False
        if self.unsupported is not None:
            raise PolicyUnsupported(self.unsupported)
        context = question.context
        return all(
            condition.holds(context.get(condition.key), question.resolve) for condition in self.conditions
        )

    def grant(self, asker: Asker | None) -> Grant:
        """``SELF`` for identity policies, which have no Principal."""
        if self.principals is None:
            return Grant.SELF if asker is None else Grant.NONE
        return Grant.NONE if asker is None else self.principals.grant(asker)


Document = tuple[Statement, ...]


def decide(documents: Iterable[Document], question: Question) -> Decision:
    """What identity policies (or a boundary, or session policies) say together.

    Raises:
        PolicyUnsupported: the answer depends on something that is not supported.
    """
    denied, granted = _weigh(documents, question, None)
    if denied:
        return Decision.EXPLICIT_DENY
    return Decision.ALLOW if granted else Decision.IMPLICIT_DENY


def decide_resource(document: Document, question: Question) -> tuple[bool, Grant]:
    """What a resource policy says: explicitly denied, and how closely it grants.

    Raises:
        PolicyUnsupported: as ``decide``.
    """
    return _weigh((document,), question, question.asker)


def _weigh(documents: Iterable[Document], question: Question, asker: Asker | None) -> tuple[bool, Grant]:
    granted = Grant.NONE
    unclear_deny: PolicyUnsupported | None = None
    unclear_allow: PolicyUnsupported | None = None
    for document in documents:
        for statement in document:
            grant = statement.grant(asker)
            if grant == Grant.NONE or (statement.allow and grant <= granted):
                continue
            try:
                if not statement.applies(question):
                    continue
            except PolicyUnsupported as error:
                unclear_allow = error if statement.allow else unclear_allow
                unclear_deny = unclear_deny if statement.allow else error
                continue
            if not statement.allow:
                return True, Grant.NONE
            granted = grant
    if unclear_deny is not None:
        raise unclear_deny
    if unclear_allow is not None and granted == Grant.NONE:
        raise unclear_allow
    return False, granted


@lru_cache(maxsize=4096)
def parse(text: str) -> Document:
    """Reads a policy document.

    Raises:
        PolicyUnsupported: it is no JSON object with statements.
    """
    try:
        document = json.loads(text)
        statements = document["Statement"]
        version = str(document.get("Version", "2008-10-17"))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise PolicyUnsupported(f"This is no policy document (JSON with a Statement): {text[:200]}") from None
    variables = version >= "2012-10-17"
    return tuple(_statement(each, variables) for each in as_list(statements))


def _statement(element: Any, variables: bool) -> Statement:
    if not isinstance(element, Mapping):
        raise PolicyUnsupported(f"A policy's statement is not an object: {element!r}")
    conditions: tuple[Condition, ...] = ()
    unsupported = None
    try:
        conditions = parse_conditions(element.get("Condition", {}), variables)
    except PolicyUnsupported as error:
        unsupported = str(error)
    return Statement(
        allow=element.get("Effect") == "Allow",
        actions=parse_actions(element),
        resources=parse_resources(element, variables),
        principals=parse_principals(element),
        conditions=conditions,
        unsupported=unsupported,
    )
