"""Deletes resources of a stack: all of them, or what a change has left over; those that need others first."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from labkit.localcloud.stacks.ask import Ask, Place
from labkit.localcloud.stacks.errors import invalid
from labkit.localcloud.stacks.history import History, reason_of
from labkit.localcloud.stacks.kinds import kind_of
from labkit.localcloud.stacks.kinds.kind import Kind
from labkit.localcloud.stacks.model import Plan, Resource, Stack
from labkit.localcloud.stacks.order import needs, ordered

log = logging.getLogger(__name__)


class Removal:
    """Deletes for one change of one stack. ``there``: the resources that the change has made or kept."""

    def __init__(
        self, stack: Stack, plan: Plan, place: Place, history: History, there: Mapping[str, Resource]
    ) -> None:
        self._stack, self._plan, self._place, self._history = stack, plan, place, history
        self._there = there

    def clean_up(self, doomed: list[Resource], keeping: bool) -> None:
        """Deletes what is not of the stack any more; what cannot be deleted is told by its event.

        Args:
            keeping: the policies of the resources count.
        """
        for resource in self._backwards(doomed):
            current = self._stack.resources.get(resource.logical_id)
            mine = current is not None and current.physical_id == resource.physical_id
            kept = keeping and _kept(resource, replaced=resource.logical_id in self._there)
            status = self._delete_one(resource, kept, put=mine)
            if mine and status != "DELETE_FAILED":
                self._stack.resources.pop(resource.logical_id, None)

    def delete_all(self, retained: set[str], born_now: bool = False) -> list[str]:
        """Deletes all resources; answers with those that could not be deleted."""
        left: list[str] = []
        needed: set[str] = set()
        for resource in self._backwards(list(self._stack.resources.values())):
            item = resource.definition
            assert item is not None
            if resource.status == "DELETE_COMPLETE" or not resource.physical_id:
                if resource.status != "DELETE_COMPLETE":
                    self._history.resource(self._stack, resource, "DELETE_COMPLETE")
                continue
            if resource.logical_id in needed:
                needed |= needs(item, self._plan.conditions)
                left.append(resource.logical_id)
                continue
            policy = item.deletion_policy
            kept = resource.logical_id in retained or policy == "Retain"
            kept = kept or (policy == "RetainExceptOnCreate" and not born_now)
            status = self._delete_one(resource, kept)
            if status == "DELETE_FAILED":
                needed |= needs(item, self._plan.conditions)
                left.append(resource.logical_id)
        return left

    def _delete_one(self, resource: Resource, kept: bool, put: bool = True) -> str:
        """The status in which a resource ended; ``put``: it is of the stack still."""

        def tell(status: str, reason: str | None = None) -> str:
            if put:
                self._history.resource(self._stack, resource, status, reason)
            else:
                self._history.event(self._stack, replace(resource, status=status, reason=reason))
            return status

        if kept:
            return tell("DELETE_SKIPPED")
        tell("DELETE_IN_PROGRESS")
        try:
            kind_named(resource.type).delete(Ask(self._place, resource))
        except Exception as error:
            log.info("%s of %s stays", resource.logical_id, self._stack.name, exc_info=error)
            return tell("DELETE_FAILED", reason_of(error))
        return tell("DELETE_COMPLETE")

    def _backwards(self, resources: list[Resource]) -> list[Resource]:
        """Those that need others first."""
        definitions = {each.logical_id: each.definition for each in resources if each.definition}
        position = {name: at for at, name in enumerate(ordered(definitions, self._plan.conditions))}
        return sorted(resources, key=lambda each: position.get(each.logical_id, 0), reverse=True)


def _kept(resource: Resource, replaced: bool) -> bool:
    """Whether a resource that leaves the stack stays in the account."""
    item = resource.definition
    if item is None:
        return False
    return (item.replace_policy if replaced else item.deletion_policy) in ("Retain", "RetainExceptOnCreate")


def kind_named(type_name: str) -> Kind:
    """What is known of a resource type.

    Raises:
        StackError: nothing is.
    """
    found = kind_of(type_name)
    if found is None:
        raise invalid(f"Unrecognized resource type {type_name}")
    return found
