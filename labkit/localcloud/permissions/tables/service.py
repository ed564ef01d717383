"""The form of the tables: what IAM wants to know of a service's operations. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Wants = tuple[tuple[str, str], ...]
"""Pairs of an action (``""``: the operation's own) and a template of its resources; all must be allowed."""


@dataclass(frozen=True)
class Service:
    """One service.

    Attributes:
        signing_name: the name in the credential scope; ``prefix`` the one of its IAM actions.
        actions: where an action is not called like its operation.
        resources: operations that want other resources than ``by_parameter`` would give them.
        by_parameter: for all other operations: the first parameter that is there decides the template.
        more: further permissions that an operation needs where the template gives a resource.
        pass_role: roles that an operation hands over: parameter path -> the service that gets the role.
        context: condition keys (as AWS writes them) -> parameter path, or ``header:<name>``.
        shown: parameters that messages show instead of the ARN, the first that is there.
    """

    signing_name: str
    prefix: str = ""
    actions: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Wants] = field(default_factory=dict)
    by_parameter: tuple[tuple[str, str], ...] = ()
    more: Mapping[str, Wants] = field(default_factory=dict)
    pass_role: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)
    shown: tuple[str, ...] = ()

    @property
    def iam_prefix(self) -> str:
        """What stands before the colon of its actions."""
        return self.prefix or self.signing_name


def wants(table: str) -> dict[str, Wants]:
    """Reads lines of ``[action on] template <- operation ...``.

    A line without an arrow continues the operations of the line before; an operation on several lines wants
    all that they say.
    """
    read: dict[str, Wants] = {}
    for left, operations in _rows(table):
        action, on, template = left.rpartition(" on ")
        for operation in operations:
            read[operation] = (*read.get(operation, ()), (action if on else "", template))
    return read


def renamed(table: str) -> dict[str, str]:
    """Reads lines of ``Action <- operation ...``."""
    return {operation: action for action, operations in _rows(table) for operation in operations}


def pairs(table: str) -> tuple[tuple[str, str], ...]:
    """Reads lines of ``parameter  template``."""
    rows = (line.split() for line in table.splitlines() if line.strip())
    return tuple((parameter, template) for parameter, template in rows)


def handed(service: str, table: str) -> dict[str, dict[str, str]]:
    """Reads lines of ``parameter path <- operation ...``: roles that are handed to ``service``."""
    read: dict[str, dict[str, str]] = {}
    for path, operations in _rows(table):
        for operation in operations:
            read.setdefault(operation, {})[path] = service
    return read


def _rows(table: str) -> list[tuple[str, list[str]]]:
    rows: list[tuple[str, list[str]]] = []
    for line in filter(None, map(str.strip, table.splitlines())):
        left, arrow, right = line.partition("<-")
        if arrow:
            rows.append((left.strip(), right.split()))
        else:
            rows[-1][1].extend(left.split())
    return rows
