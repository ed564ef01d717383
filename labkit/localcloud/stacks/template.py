"""A template that was read and checked: its sections, and what each resource says besides its properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.localcloud.stacks.errors import format_error, not_here
from labkit.localcloud.stacks.include import FUNCTION as INCLUDING
from labkit.localcloud.stacks.intrinsics import FUNCTIONS, NOT_HERE_FUNCTIONS

SECTIONS = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
    "Globals",
]
_ATTRIBUTES = [
    "Type",
    "Properties",
    "Condition",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
    "Description",
    "CreationPolicy",
    "UpdatePolicy",
]
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
_ALONE = re.compile(r"Fn::\w+")
_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")


@dataclass(frozen=True)
class Definition:
    """One resource of a template."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    condition: str | None = None
    depends_on: tuple[str, ...] = ()
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"


@dataclass(frozen=True)
class Template:
    """A template without transforms. ``document`` is all of it."""

    document: Mapping[str, Any]
    description: str | None = None
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Definition] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def transforms(document: Mapping[str, Any]) -> list[str]:
    """The transforms that a document declares."""
    named = document.get("Transform") or []
    return [each if isinstance(each, str) else str(each) for each in _list(named)]


def read(document: Mapping[str, Any]) -> Template:
    """Checks the form of a document, without the transforms that were applied.

    Raises:
        StackError: ValidationError, in AWS's words where AWS has the check.
    """
    for section in document:
        if section in ("Rules", "Hooks"):
            raise not_here(f"The section {section}", "Leave it out, or use an AWS account.")
        if section not in SECTIONS:
            raise format_error(f"Invalid template property or properties [{section}]")
    resources = _section(document, "Resources")
    if not resources:
        raise format_error("At least one Resources member must be defined.")
    conditions = _section(document, "Conditions")
    for place in ("Resources", "Outputs", "Conditions"):
        _check_functions(document.get(place) or {})
    read_resources = {name: _definition(name, item, conditions) for name, item in resources.items()}
    for item in read_resources.values():
        if unknown := [name for name in item.depends_on if name not in read_resources]:
            raise _unresolved(unknown)
    return Template(
        document,
        document.get("Description"),
        _section(document, "Parameters"),
        _section(document, "Mappings"),
        conditions,
        read_resources,
        {name: _output(name, item) for name, item in _section(document, "Outputs").items()},
    )


def _definition(name: str, item: Any, conditions: Mapping[str, Any]) -> Definition:
    if not _LOGICAL_ID.fullmatch(name):
        raise format_error(f"Resource name {name} is non alphanumeric.")
    if not isinstance(item, Mapping) or not isinstance(item.get("Type"), str):
        raise format_error(f"[/Resources/{name}] Every Resources object must contain a Type member.")
    if unknown := [each for each in item if each not in _ATTRIBUTES]:
        raise format_error(f"Invalid template resource property '{unknown[0]}' of {name}")
    for attribute in ("CreationPolicy", "UpdatePolicy"):
        if item.get(attribute):
            raise not_here(f"{attribute} of {name}", "Resources here are ready when they are made.")
    condition = item.get("Condition")
    if condition is not None and condition not in conditions:
        raise format_error(
            f"Unresolved condition dependency {condition} in the Resources block of the template"
        )
    policies = [_policy(name, item, each) for each in ("DeletionPolicy", "UpdateReplacePolicy")]
    properties = item.get("Properties") or {}
    if not isinstance(properties, Mapping):
        raise format_error(f"[/Resources/{name}/Properties] is no map of properties.")
    depends_on = tuple(_list(item.get("DependsOn") or []))
    return Definition(name, item["Type"], properties, condition, depends_on, *policies)


def _policy(name: str, item: Mapping[str, Any], attribute: str) -> str:
    policy = item.get(attribute) or "Delete"
    if policy not in _POLICIES:
        raise format_error(f"Unrecognized {attribute} {policy} for resource {name}")
    if policy == "Snapshot":
        raise format_error(f"{attribute} Snapshot is not valid for the type {item['Type']} of {name}")
    return str(policy)


def _output(name: str, item: Any) -> Mapping[str, Any]:
    if not isinstance(item, Mapping) or "Value" not in item:
        raise format_error(f"[/Outputs/{name}] Every Outputs member must contain a Value object")
    return item


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name)
    if section is None:
        return {}  # or a heading with nothing below it
    if not isinstance(section, Mapping):
        raise format_error(f"Every {name} object must be a map.")
    return section


def _check_functions(node: Any) -> None:
    """Refuses functions that do not exist, or not here."""
    if isinstance(node, list):
        for item in node:
            _check_functions(item)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key in NOT_HERE_FUNCTIONS:
                raise not_here(f"The function {key}", NOT_HERE_FUNCTIONS[key])
            if _ALONE.fullmatch(str(key)) and key not in FUNCTIONS and key != INCLUDING:
                raise format_error(f"Unrecognized function {key}")
            _check_functions(value)


def _unresolved(names: list[str]) -> Exception:
    shown = ", ".join(names)
    return format_error(f"Unresolved resource dependencies [{shown}] in the Resources block of the template")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
