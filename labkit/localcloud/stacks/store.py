"""All stacks of this cloud: found by name or id, with what they export and import."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.stacks.errors import StackError, invalid, no_stack
from labkit.localcloud.stacks.intrinsics import evaluate
from labkit.localcloud.stacks.model import ChangeSet, Stack
from labkit.localcloud.stacks.scope import StackScope

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")


class Store:
    """Keeps the stacks, those that were deleted too."""

    def __init__(self) -> None:
        self._stacks: dict[str, Stack] = {}

    def all(self, region: str) -> list[Stack]:
        """The stacks of a Region, the newest first."""
        return [stack for stack in reversed(list(self._stacks.values())) if stack.region == region]

    def living(self, region: str) -> list[Stack]:
        return [stack for stack in self.all(region) if stack.status != "DELETE_COMPLETE"]

    def look(self, region: str, name: str) -> Stack | None:
        """The stack of a name, or of an id even when it was deleted; None when there is none."""
        if name.startswith("arn:"):
            return self._stacks.get(name)
        return next((stack for stack in self.living(region) if stack.name == name), None)

    def find(self, region: str, name: str) -> Stack:
        """The same.

        Raises:
            StackError: ValidationError: there is none.
        """
        found = self.look(region, name)
        if found is None:
            raise no_stack(name)
        return found

    def add(self, region: str, name: str, now: float, status: str) -> Stack:
        """A new stack without resources.

        Raises:
            StackError: the name is none, or there is such a stack.
        """
        if not _NAME.fullmatch(name):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
            )
        if self.look(region, name) is not None:
            raise StackError("AlreadyExistsException", f"Stack [{name}] already exists")
        stack_id = f"arn:aws:cloudformation:{region}:{ACCOUNT_ID}:stack/{name}/{uuid.uuid4()}"
        made = Stack(name, stack_id, region, now, status)
        self._stacks[stack_id] = made
        return made

    def forget(self, stack: Stack) -> None:
        """For a stack of which nothing was ever made."""
        self._stacks.pop(stack.id, None)

    def change_set(self, region: str, name: str, stack_name: str | None) -> tuple[Stack, ChangeSet]:
        """A change set by its id, or by its name and its stack.

        Raises:
            StackError: ChangeSetNotFound.
        """
        for stack in self.all(region):
            for each in stack.change_sets.values():
                by_name = each.name == name and stack_name in (stack.name, stack.id)
                if each.id == name or (by_name and stack.status != "DELETE_COMPLETE"):
                    return stack, each
        if stack_name is not None and not name.startswith("arn:"):
            self.find(region, stack_name)
        raise StackError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)

    def exporter(self, region: str, name: str) -> Stack | None:
        return next((stack for stack in self.living(region) if name in stack.exports), None)

    def importers(self, region: str, name: str) -> list[str]:
        return sorted(stack.name for stack in self.living(region) if name in set(self._imports(stack)))

    def imported(self, region: str, name: str) -> str:
        """The value that a stack of the Region exports under a name.

        Raises:
            StackError: ValidationError: none does.
        """
        found = self.exporter(region, name)
        if found is None:
            raise invalid(f"No export named {name} found. Rollback requested by user.")
        return found.exports[name]

    def _imports(self, stack: Stack) -> Iterator[str]:
        if stack.plan is None:
            return
        names = (stack.name, stack.id, stack.region)
        scope = StackScope(stack.plan.template, stack.plan.parameters, names, lambda name: "", {})
        wanted = [item.properties for item in stack.plan.definitions.values()]
        for argument in _arguments([*wanted, *stack.plan.template.outputs.values()]):
            found = evaluate(argument, scope)
            if isinstance(found, str):
                yield found


def _arguments(node: Any) -> Iterator[Any]:
    if isinstance(node, list):
        for item in node:
            yield from _arguments(item)
    elif isinstance(node, Mapping):
        if "Fn::ImportValue" in node:
            yield node["Fn::ImportValue"]
        for item in node.values():
            yield from _arguments(item)
