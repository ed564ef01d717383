"""What the functions of one stack's template can ask for, before and while its resources are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.stacks.errors import template_error
from labkit.localcloud.stacks.intrinsics import evaluate, is_open
from labkit.localcloud.stacks.model import Resource
from labkit.localcloud.stacks.parameters import Value
from labkit.localcloud.stacks.template import Template

Imported = Callable[[str], str]


class StackScope:
    """The Scope of a template with its values.

    ``resources`` are those that are there: what asks for another one stays open.
    """

    def __init__(
        self,
        template: Template,
        parameters: Mapping[str, Value],
        stack: tuple[str, str, str],
        imported: Imported,
        resources: Mapping[str, Resource],
    ) -> None:
        """``stack`` is its name, id and Region."""
        self._template, self._parameters, self._imported = template, parameters, imported
        self._resources = resources
        self.mappings = template.mappings
        name, arn, region = stack
        self._pseudo: dict[str, Any] = {
            "AWS::AccountId": ACCOUNT_ID,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackId": arn,
            "AWS::StackName": name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self._conditions: dict[str, bool | None] = {}

    def ref(self, name: str) -> Any:
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters[name].value
        if name not in self._template.resources:
            raise template_error(f"Unresolved resource dependencies [{name}] in the template")
        there = self._resources.get(name)
        return {"Ref": name} if there is None else there.physical_id

    def attribute(self, logical_id: str, name: str) -> Any:
        if logical_id not in self._template.resources:
            raise template_error(f"instance of Fn::GetAtt references undefined resource {logical_id}")
        there = self._resources.get(logical_id)
        if there is None:
            return {"Fn::GetAtt": [logical_id, name]}
        if name not in there.attributes:
            raise template_error(
                f"resource {logical_id} does not support attribute type {name} in Fn::GetAtt"
            )
        return there.attributes[name]

    def condition(self, name: str) -> bool:
        if name not in self._template.conditions:
            raise template_error(f"unresolved condition dependency {name}")
        if name in self._conditions:
            known = self._conditions[name]
            if known is None:
                raise template_error(f"Circular dependency between conditions: {name}")
            return known
        self._conditions[name] = None
        found = evaluate(self._template.conditions[name], self)
        if is_open(found):
            raise template_error(f"the condition {name} cannot ask for a resource")
        self._conditions[name] = str(found).lower() == "true"
        return bool(self._conditions[name])

    def imported(self, name: str) -> str:
        return self._imported(name)

    def conditions(self) -> dict[str, bool]:
        """All conditions."""
        return {name: self.condition(name) for name in self._template.conditions}
