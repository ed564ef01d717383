"""The outputs of a stack, and what it exports to others."""

from __future__ import annotations

from typing import Protocol

from labkit.localcloud.stacks.errors import invalid
from labkit.localcloud.stacks.fit import text
from labkit.localcloud.stacks.intrinsics import evaluate
from labkit.localcloud.stacks.model import Plan, Stack
from labkit.localcloud.stacks.scope import StackScope


class Exports(Protocol):
    """What all stacks of a Region export and import."""

    def exporter(self, region: str, name: str) -> Stack | None:
        """The stack that exports a name."""

    def importers(self, region: str, name: str) -> list[str]:
        """The names of the stacks that import it."""


def outputs(plan: Plan, scope: StackScope, stack: Stack, exports: Exports) -> list[dict[str, str]]:
    """The outputs of a stack whose resources are there.

    Raises:
        StackError: ValidationError: an export is taken, or is in use and would change.
    """
    made = []
    for name, item in plan.template.outputs.items():
        if "Condition" in item and not plan.conditions[item["Condition"]]:
            continue
        output = {"OutputKey": name, "OutputValue": text(evaluate(item["Value"], scope))}
        if "Description" in item:
            output["Description"] = str(item["Description"])
        if "Export" in item:
            output["ExportName"] = text(evaluate(item["Export"]["Name"], scope))
        made.append(output)
    _check(stack, {each["ExportName"]: each["OutputValue"] for each in made if "ExportName" in each}, exports)
    return made


def _check(stack: Stack, wanted: dict[str, str], exports: Exports) -> None:
    for name in wanted:
        other = exports.exporter(stack.region, name)
        if other is not None and other is not stack:
            raise invalid(f"Export with name {name} is already exported by stack {other.name}.")
    for name, value in stack.exports.items():
        if wanted.get(name) != value and (users := exports.importers(stack.region, name)):
            verb = "updated" if name in wanted else "deleted"
            raise invalid(f"Export {name} cannot be {verb} as it is in use by {', '.join(users)}")
