"""The operations that only look: at stacks, their resources, events, exports and templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.identities import Identity
from labkit.localcloud.stacks import checks, documents, wanted
from labkit.localcloud.stacks.decode import decode
from labkit.localcloud.stacks.engine import Engine
from labkit.localcloud.stacks.errors import invalid, no_stack
from labkit.localcloud.stacks.model import Resource, Stack
from labkit.localcloud.stacks.planning import is_sam
from labkit.localcloud.stacks.store import Store
from labkit.localcloud.stacks.template import Template, read, transforms

Params = Mapping[str, Any]
Document = dict[str, Any]


class Reading:
    """What can be asked about stacks and templates. Runs in moto's threads."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store, self._engine = store, engine

    def describe_stacks(self, params: Params, region: str, caller: Identity) -> Document:
        name = params.get("StackName")
        found = [self._store.find(region, name)] if name else self._store.living(region)
        return {"Stacks": [documents.stack(stack) for stack in found]}

    def list_stacks(self, params: Params, region: str, caller: Identity) -> Document:
        wanted_states = params.get("StackStatusFilter") or []
        found = [
            each for each in self._store.all(region) if not wanted_states or each.status in wanted_states
        ]
        return {"StackSummaries": [documents.summary(stack) for stack in found]}

    def describe_stack_events(self, params: Params, region: str, caller: Identity) -> Document:
        stack = self._named(params, region)
        return {"StackEvents": [documents.event(stack, each) for each in reversed(stack.events)]}

    def describe_stack_resource(self, params: Params, region: str, caller: Identity) -> Document:
        stack = self._named(params, region)
        name = params["LogicalResourceId"]
        return {"StackResourceDetail": documents.resource(stack, _resource(stack, name))}

    def describe_stack_resources(self, params: Params, region: str, caller: Identity) -> Document:
        physical_id, name = params.get("PhysicalResourceId"), params.get("LogicalResourceId")
        stack = self._named(params, region) if physical_id is None else self._with(region, physical_id)
        found = list(stack.resources.values()) if name is None else [_resource(stack, name)]
        return {"StackResources": [documents.resource(stack, each) for each in found]}

    def list_stack_resources(self, params: Params, region: str, caller: Identity) -> Document:
        stack = self._named(params, region)
        return {
            "StackResourceSummaries": [documents.resource(stack, each) for each in stack.resources.values()]
        }

    def get_template(self, params: Params, region: str, caller: Identity) -> Document:
        if "ChangeSetName" in params:
            _, found = self._store.change_set(region, params["ChangeSetName"], params.get("StackName"))
            plan = found.plan
        else:
            plan = self._named(params, region).plan
        if plan is None:
            raise invalid("There is no template yet.")
        body = documents.template_body(plan, params.get("TemplateStage"))
        stages = ["Original", "Processed"]
        return {"TemplateBody": body, "StagesAvailable": stages}

    def get_template_summary(self, params: Params, region: str, caller: Identity) -> Document:
        if "StackName" in params:
            plan = self._named(params, region).plan
            if plan is None:
                raise invalid("There is no template yet.")
            text = plan.original
        else:
            text = wanted.template_text(params, self._engine.clients(region, caller, None))
        template, named = _read(text)
        return documents.template_summary(template, named)

    def validate_template(self, params: Params, region: str, caller: Identity) -> Document:
        clients = self._engine.clients(region, caller, None)
        template, named = _read(wanted.template_text(params, clients))
        if not named:
            checks.check(template)
        return documents.validation(template, named)

    def list_exports(self, params: Params, region: str, caller: Identity) -> Document:
        return {
            "Exports": [
                {"ExportingStackId": stack.id, "Name": name, "Value": value}
                for stack in self._store.living(region)
                for name, value in sorted(stack.exports.items())
            ]
        }

    def list_imports(self, params: Params, region: str, caller: Identity) -> Document:
        name = params["ExportName"]
        users = self._store.importers(region, name)
        if not users:
            raise invalid(f"Export '{name}' is not imported by any stack.")
        return {"Imports": users}

    def _named(self, params: Params, region: str) -> Stack:
        if "StackName" not in params:
            raise invalid("StackName is required.")
        return self._store.find(region, params["StackName"])

    def _with(self, region: str, physical_id: str) -> Stack:
        for stack in self._store.living(region):
            if any(each.physical_id == physical_id for each in stack.resources.values()):
                return stack
        raise no_stack(physical_id)


def _read(text: str) -> tuple[Template, list[str]]:
    document = decode(text)
    is_sam(document)
    return read(document), transforms(document)


def _resource(stack: Stack, name: str) -> Resource:
    if name not in stack.resources:
        raise invalid(f"Resource {name} does not exist for stack {stack.name}")
    return stack.resources[name]
