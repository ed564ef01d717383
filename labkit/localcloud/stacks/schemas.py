"""What AWS's registry says of resource types: properties and attributes. cfn-lint carries it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

REGISTRY = "us-east-1"  # where every type is


@dataclass(frozen=True)
class Schema:
    """A type of resource.

    Attributes:
        properties: what a template may say.
        required: what it must say.
        create_only: what cannot change without replacing the resource.
        attributes: what Fn::GetAtt can ask for.
        name: the property that is its name, if it has one that a template may give.
    """

    properties: frozenset[str]
    required: tuple[str, ...]
    create_only: frozenset[str]
    attributes: frozenset[str]
    name: str | None


@cache
def schema_of(kind: str) -> Schema | None:
    """The schema of a type of AWS's; None when AWS has no such type."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # over a second

    try:
        found = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGISTRY, kind)
    except ResourceNotFoundError:
        return None
    document: Mapping[str, Any] = found.schema
    read_only = {_top(pointer) for pointer in document.get("readOnlyProperties") or [] if _single(pointer)}
    properties = frozenset(document["properties"]) - read_only
    identifiers = list(_tops(document.get("primaryIdentifier") or []))
    return Schema(
        properties=properties,
        required=tuple(document.get("required") or ()),
        create_only=frozenset(_tops(document.get("createOnlyProperties") or [])),
        attributes=frozenset(found.get_atts),
        name=identifiers[0] if len(identifiers) == 1 and identifiers[0] in properties else None,
    )


def _single(pointer: str) -> bool:
    return pointer.count("/") == 2


def _top(pointer: str) -> str:
    return pointer.split("/")[2]


def _tops(pointers: list[str]) -> Iterator[str]:
    return (_top(pointer) for pointer in pointers)
