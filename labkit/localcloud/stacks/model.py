"""Stacks, their resources, events and change sets, as they are kept. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from labkit.localcloud.stacks.parameters import Value
from labkit.localcloud.stacks.template import Definition, Template

OnFailure = Literal["ROLLBACK", "DELETE", "DO_NOTHING"]


@dataclass(frozen=True)
class Resource:
    """A resource of a stack. ``properties`` are those it was made with, all functions applied."""

    logical_id: str
    type: str
    status: str
    at: float
    physical_id: str = ""
    reason: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    definition: Definition | None = None


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    at: float
    reason: str | None = None
    properties: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a stack shall be: a checked template with its values."""

    original: str
    template: Template
    parameters: Mapping[str, Value]
    conditions: Mapping[str, bool]
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()
    role_arn: str | None = None

    @property
    def definitions(self) -> dict[str, Definition]:
        """The resources whose condition holds."""
        return {
            name: item
            for name, item in self.template.resources.items()
            if item.condition is None or self.conditions[item.condition]
        }

    def same(self, other: Plan) -> bool:
        """Whether an update to ``other`` would change nothing."""
        mine, others = self.template, other.template
        return (
            self.parameters == other.parameters
            and self.tags == other.tags
            and mine.resources == others.resources
            and (mine.outputs, mine.mappings, mine.conditions)
            == (others.outputs, others.mappings, others.conditions)
        )


@dataclass
class ChangeSet:
    """A change that was worked out and waits to be executed; ``plan`` is None when it failed."""

    name: str
    id: str
    at: float
    status: str
    execution: str
    plan: Plan | None
    changes: list[dict[str, Any]] = field(default_factory=list)
    reason: str | None = None
    description: str | None = None
    on_failure: OnFailure = "ROLLBACK"


@dataclass
class Stack:
    """A stack. What belongs to it changes under the lock of ``Stacks`` only."""

    name: str
    id: str
    region: str
    created: float
    status: str
    plan: Plan | None = None
    reason: str | None = None
    updated: float | None = None
    deleted: float | None = None
    protected: bool = False
    on_failure: OnFailure = "ROLLBACK"
    token: str | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[dict[str, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        """Whether something is being done to it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def exports(self) -> dict[str, str]:
        """What other stacks can import: name -> value."""
        return {each["ExportName"]: each["OutputValue"] for each in self.outputs if "ExportName" in each}

    def put(self, resource: Resource) -> None:
        self.resources[resource.logical_id] = resource
