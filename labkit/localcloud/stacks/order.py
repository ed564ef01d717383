"""In which order resources are made: each after all that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from labkit.localcloud.stacks.errors import invalid
from labkit.localcloud.stacks.intrinsics import references
from labkit.localcloud.stacks.template import Definition


def needs(item: Definition, conditions: Mapping[str, bool]) -> set[str]:
    """The names that a resource asks for or says that it depends on."""
    asked = references(item.properties, lambda name: conditions.get(name, False))
    return {*item.depends_on, *(name for name, _ in asked)}


def ordered(definitions: Mapping[str, Definition], conditions: Mapping[str, bool]) -> list[str]:
    """The logical ids, each behind what it needs.

    Raises:
        StackError: ValidationError: they need each other in a circle.
    """
    graph = {name: sorted(needs(item, conditions) & definitions.keys()) for name, item in definitions.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = ", ".join(dict.fromkeys(error.args[1]))
        raise invalid(f"Circular dependency between resources: [{circle}]") from None
