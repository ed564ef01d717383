"""Stacks, resources, events and change sets as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from labkit.localcloud.stacks import capabilities
from labkit.localcloud.stacks.model import ChangeSet, Event, Plan, Resource, Stack
from labkit.localcloud.stacks.parameters import Value, text_of
from labkit.localcloud.stacks.template import Template

Document = dict[str, Any]


def moment(seconds: float) -> datetime:
    """A time as the serializer wants it."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def stack(it: Stack) -> Document:
    """A stack of DescribeStacks."""
    plan = it.plan
    return {
        **summary(it),
        "Description": plan.template.description if plan else None,
        "Parameters": parameters(plan.parameters) if plan else [],
        "DisableRollback": it.on_failure == "DO_NOTHING",
        "NotificationARNs": [],
        "Capabilities": list(plan.capabilities) if plan else [],
        "Outputs": it.outputs,
        "RoleARN": plan.role_arn if plan else None,
        "Tags": [{"Key": key, "Value": value} for key, value in plan.tags.items()] if plan else [],
        "EnableTerminationProtection": it.protected,
        "RollbackConfiguration": {},
    }


def summary(it: Stack) -> Document:
    """A stack of ListStacks."""
    return {
        "StackId": it.id,
        "StackName": it.name,
        "TemplateDescription": it.plan.template.description if it.plan else None,
        "CreationTime": moment(it.created),
        "LastUpdatedTime": moment(it.updated) if it.updated else None,
        "DeletionTime": moment(it.deleted) if it.deleted else None,
        "StackStatus": it.status,
        "StackStatusReason": it.reason,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def parameters(values: Mapping[str, Value]) -> list[Document]:
    return [
        {"ParameterKey": name, "ParameterValue": value.shown, "ResolvedValue": value.resolved}
        for name, value in values.items()
    ]


def resource(it: Stack, each: Resource) -> Document:
    """A resource of DescribeStackResources and ListStackResources; each shape takes its part of it."""
    return {
        "StackId": it.id,
        "StackName": it.name,
        "LogicalResourceId": each.logical_id,
        "PhysicalResourceId": each.physical_id or None,
        "ResourceType": each.type,
        "Timestamp": moment(each.at),
        "LastUpdatedTimestamp": moment(each.at),
        "ResourceStatus": each.status,
        "ResourceStatusReason": each.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def event(it: Stack, each: Event) -> Document:
    return {
        "StackId": it.id,
        "StackName": it.name,
        "EventId": each.id,
        "LogicalResourceId": each.logical_id,
        "PhysicalResourceId": each.physical_id,
        "ResourceType": each.type,
        "Timestamp": moment(each.at),
        "ResourceStatus": each.status,
        "ResourceStatusReason": each.reason,
        "ResourceProperties": each.properties,
        "ClientRequestToken": each.token,
    }


def change_set(it: Stack, each: ChangeSet) -> Document:
    """A change set of DescribeChangeSet and ListChangeSets."""
    plan = each.plan
    return {
        "ChangeSetName": each.name,
        "ChangeSetId": each.id,
        "StackId": it.id,
        "StackName": it.name,
        "Description": each.description,
        "Parameters": parameters(plan.parameters) if plan else [],
        "CreationTime": moment(each.at),
        "ExecutionStatus": each.execution,
        "Status": each.status,
        "StatusReason": each.reason,
        "Capabilities": list(plan.capabilities) if plan else [],
        "Tags": [{"Key": key, "Value": value} for key, value in plan.tags.items()] if plan else [],
        "IncludeNestedStacks": False,
        "OnStackFailure": each.on_failure,
    }


def template_summary(it: Template, transforms: Sequence[str]) -> Document:
    """What GetTemplateSummary says."""
    capability, types = capabilities.needed(it)
    return {
        **validation(it, transforms),
        "ResourceTypes": sorted({each.type for each in it.resources.values()}),
        "Version": it.document.get("AWSTemplateFormatVersion"),
        "Metadata": None,
        **({"CapabilitiesReason": _reason(types)} if capability else {}),
        "ResourceIdentifierSummaries": [],
    }


def validation(it: Template, transforms: Sequence[str]) -> Document:
    """What ValidateTemplate says."""
    capability, types = capabilities.needed(it)
    wanted = [capability] if capability else []
    if transforms:
        wanted.append(capabilities.EXPAND)
    return {
        "Parameters": [_declared(name, said) for name, said in it.parameters.items()],
        "Description": it.description,
        "Capabilities": wanted,
        "CapabilitiesReason": _reason(types) if types else None,
        "DeclaredTransforms": list(transforms),
    }


def template_body(plan: Plan, stage: str | None) -> Any:
    """The template of GetTemplate: text, or the processed one."""
    return plan.template.document if stage == "Processed" and plan.transforms else plan.original


def _declared(name: str, said: Mapping[str, Any]) -> Document:
    limits = (
        {"AllowedValues": [text_of(each) for each in said["AllowedValues"]]}
        if "AllowedValues" in said
        else {}
    )
    return {
        "ParameterKey": name,
        "DefaultValue": text_of(said["Default"]) if "Default" in said else None,
        "ParameterType": said.get("Type"),
        "NoEcho": text_of(said.get("NoEcho", "false")) == "true",
        "Description": said.get("Description"),
        "ParameterConstraints": limits,
    }


def _reason(types: Sequence[str]) -> str:
    return f"The following resource(s) require capabilities: [{', '.join(types)}]"
