"""What an update would change, worked out before anything is done: the changes of a change set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.stacks.intrinsics import evaluate, is_open, references
from labkit.localcloud.stacks.kinds import kind_of
from labkit.localcloud.stacks.model import Plan, Stack
from labkit.localcloud.stacks.order import ordered
from labkit.localcloud.stacks.schemas import schema_of
from labkit.localcloud.stacks.scope import Imported, StackScope
from labkit.localcloud.stacks.template import Definition


def changes(stack: Stack, plan: Plan, imported: Imported) -> list[dict[str, Any]]:
    """The changes that ``plan`` would make, as DescribeChangeSet shows them."""
    names = (stack.name, stack.id, stack.region)
    new = StackScope(plan.template, plan.parameters, names, imported, {})
    old_plan = stack.plan
    old = StackScope(old_plan.template, old_plan.parameters, names, imported, {}) if old_plan else None
    definitions = plan.definitions
    found: list[dict[str, Any]] = []
    touched: dict[str, str] = {}  # logical id -> Replacement
    for name in ordered(definitions, plan.conditions):
        item = definitions[name]
        before = stack.resources.get(name)
        if before is None or old is None or before.definition is None:
            found.append(_change("Add", item))
            continue
        details, replacement = _details(item, before.definition, new, old, touched)
        if plan.tags != (old_plan.tags if old_plan else {}) and "Tags" in _takes(item.type):
            details.append(_detail("Tags", None, "Static", "DirectModification", "Never"))
            replacement = replacement or "False"
        if details:
            touched[name] = replacement
            change = _change("Modify", item, before.physical_id)
            scopes = sorted({detail["Target"]["Attribute"] for detail in details})
            change["ResourceChange"] |= {"Replacement": replacement, "Scope": scopes, "Details": details}
            found.append(change)
    for name, resource in stack.resources.items():
        if name not in definitions and resource.definition is not None:
            found.append(_change("Remove", resource.definition, resource.physical_id))
    return found


def _details(
    item: Definition, before: Definition, new: StackScope, old: StackScope, touched: Mapping[str, str]
) -> tuple[list[dict[str, Any]], str]:
    if item.type != before.type:
        return [_detail("Properties", None, "Static", "DirectModification", "Always")], "True"
    after, had = evaluate(item.properties, new), evaluate(before.properties, old)
    kind, schema = kind_of(item.type), schema_of(item.type)
    fixed = schema.create_only if schema else frozenset()
    details, replacement = [], ""
    for name in sorted(after.keys() | had.keys()):
        recreates = "Always" if kind is None or kind.update is None or name in fixed else "Never"
        if after.get(name) != had.get(name):
            how = "Dynamic" if is_open(after.get(name)) else "Static"
            details.append(_detail("Properties", name, how, "DirectModification", recreates))
            replacement = _stronger(replacement, "True" if recreates == "Always" else "False")
        elif any(touched.get(each) in ("True", "Conditional") for each, _ in references(after.get(name))):
            details.append(_detail("Properties", name, "Dynamic", "ResourceReference", recreates))
            replacement = _stronger(replacement, "Conditional" if recreates == "Always" else "False")
    return details, replacement


def _stronger(one: str, other: str) -> str:
    order = ["", "False", "Conditional", "True"]
    return max(one, other, key=order.index)


def _takes(kind: str) -> frozenset[str]:
    found = kind_of(kind)
    return found.takes if found else frozenset()


def _change(action: str, item: Definition, physical_id: str = "") -> dict[str, Any]:
    change: dict[str, Any] = {
        "Action": action,
        "LogicalResourceId": item.logical_id,
        "ResourceType": item.type,
        "Scope": [],
        "Details": [],
    }
    if physical_id:
        change["PhysicalResourceId"] = physical_id
    return {"Type": "Resource", "ResourceChange": change}


def _detail(attribute: str, name: str | None, how: str, source: str, recreates: str) -> dict[str, Any]:
    target: dict[str, Any] = {"Attribute": attribute, "RequiresRecreation": recreates}
    if name is not None:
        target["Name"] = name
    return {"Target": target, "Evaluation": how, "ChangeSource": source}
