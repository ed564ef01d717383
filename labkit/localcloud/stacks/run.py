"""Carries one change of one stack out, in a thread of its own: create, update, delete, and the way back.

What is deleted on the way is in removal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from labkit.localcloud.stacks.ask import Ask, Place
from labkit.localcloud.stacks.dynamic import resolve
from labkit.localcloud.stacks.history import History, reason_of
from labkit.localcloud.stacks.intrinsics import evaluate
from labkit.localcloud.stacks.kinds.kind import check_name
from labkit.localcloud.stacks.model import Plan, Resource, Stack
from labkit.localcloud.stacks.order import ordered
from labkit.localcloud.stacks.outputs import Exports, outputs
from labkit.localcloud.stacks.parameters import HIDDEN
from labkit.localcloud.stacks.removal import Removal, kind_named
from labkit.localcloud.stacks.scope import Imported, StackScope
from labkit.localcloud.stacks.template import Definition

log = logging.getLogger(__name__)
_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


class Failed(Exception):
    """A resource failed; its event says why."""

    def __init__(self, logical_id: str) -> None:
        super().__init__(logical_id)
        self.logical_id = logical_id


@dataclass(frozen=True)
class World:
    """What a run needs besides its stack: where it is, what others export, and who writes it down."""

    place: Place
    history: History
    imported: Imported
    exports: Exports


class Run:
    """One change. Its methods run in the thread of the change; nothing else touches the stack meanwhile."""

    def __init__(self, stack: Stack, plan: Plan, world: World) -> None:
        self._stack, self._plan, self._world = stack, plan, world
        self._place, self._history = world.place, world.history
        self._there: dict[str, Resource] = {}
        self._old = dict(stack.resources)
        self._made: list[str] = []
        self._changed: list[str] = []
        self._superseded: list[Resource] = []
        stack_names = (stack.name, stack.id, stack.region)
        self._scope = StackScope(plan.template, plan.parameters, stack_names, world.imported, self._there)
        hidden = {
            name: replace(value, value=HIDDEN) if value.hidden else value
            for name, value in plan.parameters.items()
        }
        self._removal = Removal(stack, plan, world.place, world.history, self._there)
        self._shown = StackScope(plan.template, hidden, stack_names, world.imported, self._there)

    def create(self) -> None:
        """Makes all resources; on failure does what the stack says."""
        try:
            self._make_all()
            self._stack.outputs = outputs(self._plan, self._scope, self._stack, self._world.exports)
        except Exception as error:
            self._creation_failed(_told(error, "create"))
        else:
            self._history.stack(self._stack, "CREATE_COMPLETE")

    def update(self) -> None:
        """Changes, makes and replaces resources, then deletes what is not wanted any more."""
        try:
            self._make_all()
            found = outputs(self._plan, self._scope, self._stack, self._world.exports)
        except Exception as error:
            self._update_failed(_told(error, "update"))
            return
        self._stack.plan, self._stack.outputs = self._plan, found
        self._history.stack(self._stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        removed = [self._old[name] for name in self._old if name not in self._there]
        self._removal.clean_up([*self._superseded, *removed], keeping=True)
        self._history.stack(self._stack, "UPDATE_COMPLETE")

    def delete(self, retained: Iterable[str] = ()) -> None:
        """Deletes all resources, those that need others first."""
        kept = set(retained)
        left = self._removal.delete_all(kept)
        if left:
            self._history.stack(
                self._stack,
                "DELETE_FAILED",
                f"The following resource(s) failed to delete: [{', '.join(left)}]. ",
            )
            return
        self._stack.deleted = self._history.now()
        self._history.stack(self._stack, "DELETE_COMPLETE")

    def _make_all(self) -> None:
        definitions = self._plan.definitions
        for name in ordered(definitions, self._plan.conditions):
            item, before = definitions[name], self._old.get(name)
            if before is None or not before.physical_id:
                self._create(item, "CREATE")
            else:
                self._change(item, before)

    def _create(self, item: Definition, verb: str, reason: str | None = None) -> None:
        resource = Resource(item.logical_id, item.type, "", self._history.now(), definition=item)
        shown = self._show(item)
        resource = self._history.resource(self._stack, resource, f"{verb}_IN_PROGRESS", reason, shown)
        self._made.append(item.logical_id)

        def born(there: Resource) -> None:
            first = not self._stack.resources[item.logical_id].physical_id
            self._stack.put(there)
            if first:
                self._history.resource(
                    self._stack, there, f"{verb}_IN_PROGRESS", "Resource creation Initiated", shown
                )

        self._carry_out(item, resource, verb, None, born, kind_named(item.type).create)

    def _change(self, item: Definition, before: Resource) -> None:
        name, kind = item.logical_id, kind_named(item.type)
        try:
            properties = self._properties(item)
        except Exception as error:
            self._history.resource(self._stack, before, "UPDATE_FAILED", reason_of(error))
            raise Failed(name) from error
        changed = _difference(before.properties, properties)
        if self._plan.tags != (self._stack.plan.tags if self._stack.plan else {}) and "Tags" in kind.takes:
            changed.add("Tags")
        if not changed and before.type == item.type:
            self._there[name] = replace(before, definition=item)
            self._stack.put(self._there[name])
            return
        if before.type != item.type or kind.replaced_by(changed):
            self._replace(item, before, properties)
            return
        assert kind.update is not None
        self._changed.append(name)
        resource = replace(before, properties=properties, definition=item)
        shown = self._show(item)
        self._history.resource(self._stack, before, "UPDATE_IN_PROGRESS", None, shown)
        self._carry_out(item, resource, "UPDATE", before, self._stack.put, kind.update)

    def _replace(self, item: Definition, before: Resource, properties: Mapping[str, Any]) -> None:
        try:
            if before.type == item.type:
                check_name(item.type, before.properties, properties)
        except Exception as error:
            self._history.resource(self._stack, before, "UPDATE_FAILED", reason_of(error))
            raise Failed(item.logical_id) from error
        self._create(item, "UPDATE", _REPLACING)
        if self._there[item.logical_id].physical_id != before.physical_id:
            self._superseded.append(before)

    def _carry_out(
        self,
        item: Definition,
        resource: Resource,
        verb: str,
        before: Resource | None,
        born: Callable[[Resource], None],
        step: Callable[[Ask], None],
    ) -> None:
        """Runs one step of a resource's kind, and writes down how it ended."""
        shown = self._show(item)
        try:
            resource = replace(resource, properties=self._properties(item))
            ask = Ask(self._place, resource, before.properties if before else None, born)
            step(ask)
        except Exception as error:
            log.info("%s %s of %s failed", verb, item.logical_id, self._stack.name, exc_info=error)
            now = replace(self._stack.resources[item.logical_id], properties=resource.properties)
            self._history.resource(self._stack, now, f"{verb}_FAILED", reason_of(error), shown)
            raise Failed(item.logical_id) from error
        now = replace(resource, physical_id=ask.physical_id, attributes=ask.attributes)
        self._there[item.logical_id] = self._history.resource(
            self._stack, now, f"{verb}_COMPLETE", None, shown
        )
        if ask.left_behind is not None and before is not None:
            self._superseded.append(replace(before, physical_id=ask.left_behind))

    def _properties(self, item: Definition) -> dict[str, Any]:
        found: dict[str, Any] = resolve(evaluate(item.properties, self._scope), self._place.clients)
        return found

    def _show(self, item: Definition) -> dict[str, Any]:
        try:
            shown: dict[str, Any] = evaluate(item.properties, self._shown)
        except Exception:
            return {}  # the failure itself is told when the properties are wanted
        return shown

    def _creation_failed(self, reason: str) -> None:
        if self._stack.on_failure == "DO_NOTHING":
            self._history.stack(self._stack, "CREATE_FAILED", reason)
            return
        if self._stack.on_failure == "DELETE":
            self._history.stack(self._stack, "DELETE_IN_PROGRESS", f"{reason} Delete requested by user.")
            self.delete()
            return
        self._history.stack(self._stack, "ROLLBACK_IN_PROGRESS", f"{reason} Rollback requested by user.")
        left = self._removal.delete_all(set(), born_now=True)
        told = f"The following resource(s) failed to delete: [{', '.join(left)}]. " if left else None
        self._history.stack(self._stack, "ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE", told)

    def _update_failed(self, reason: str) -> None:
        if self._stack.on_failure == "DO_NOTHING":
            self._history.stack(self._stack, "UPDATE_FAILED", reason)
            return
        self._history.stack(self._stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
        back = [name for name in reversed(self._changed) if not self._undo(name)]
        if back:
            told = f"The following resource(s) failed to update: [{', '.join(back)}]. "
            self._history.stack(self._stack, "UPDATE_ROLLBACK_FAILED", told)
            return
        self._history.stack(self._stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        made = [self._stack.resources[name] for name in self._made]
        for name in self._made:
            if name in self._old:
                self._stack.put(self._old[name])
        self._removal.clean_up([each for each in made if each.physical_id], keeping=False)
        for each in made:
            if not each.physical_id and each.logical_id not in self._old:
                self._stack.resources.pop(each.logical_id, None)
        self._history.stack(self._stack, "UPDATE_ROLLBACK_COMPLETE")

    def _undo(self, name: str) -> bool:
        """Gives a resource the properties back that it had; False when that failed."""
        now, before = self._stack.resources[name], self._old[name]
        update = kind_named(before.type).update
        assert update is not None
        self._history.resource(self._stack, before, "UPDATE_IN_PROGRESS")
        ask = Ask(self._place, before, now.properties)
        try:
            update(ask)
        except Exception as error:
            self._history.resource(self._stack, before, "UPDATE_FAILED", reason_of(error))
            return False
        restored = replace(before, physical_id=ask.physical_id, attributes=ask.attributes)
        self._history.resource(self._stack, restored, "UPDATE_COMPLETE")
        return True


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _told(error: Exception, verb: str) -> str:
    if isinstance(error, Failed):
        return f"The following resource(s) failed to {verb}: [{error.logical_id}]."
    return reason_of(error)
