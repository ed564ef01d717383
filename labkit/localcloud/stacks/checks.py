"""What is refused before anything is made: unknown types and properties, names that lead nowhere."""

from __future__ import annotations

from labkit.localcloud.stacks.errors import StackError, format_error, invalid, not_here, template_error
from labkit.localcloud.stacks.intrinsics import references
from labkit.localcloud.stacks.kinds import KINDS, kind_of
from labkit.localcloud.stacks.kinds.kind import Kind
from labkit.localcloud.stacks.schemas import Schema, schema_of
from labkit.localcloud.stacks.template import Definition, Template

_PSEUDO = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId",
        "NoValue",
        "NotificationARNs",
        "Partition",
        "Region",
        "StackId",
        "StackName",
        "URLSuffix",
    )
)


def check(template: Template) -> None:
    """Refuses what cannot be made.

    Raises:
        StackError: ValidationError that names the resource and what is wrong.
    """
    types = {item.type for item in template.resources.values()}
    unknown = sorted(each for each in types if kind_of(each) is None and schema_of(each) is None)
    if unknown:
        raise format_error(f"Unrecognized resource types: [{', '.join(unknown)}]")
    for item in template.resources.values():
        _check_resource(item)
        _check_references(template, item.properties, "Resources")
    for output in template.outputs.values():
        _check_references(template, output, "Outputs")
    for name, output in template.outputs.items():
        condition = output.get("Condition")
        if condition is not None and condition not in template.conditions:
            raise format_error(f"Unresolved condition dependency {condition} in the Outputs block ({name})")


def _check_resource(item: Definition) -> None:
    kind, schema = kind_of(item.type), schema_of(item.type)
    if kind is None:
        raise _no_kind(item)
    if kind.type not in KINDS:  # a custom resource
        if "ServiceToken" not in item.properties:
            raise invalid(f"ServiceToken is required for the custom resource {item.logical_id}")
        return
    for name in item.properties:
        if name not in kind.takes:
            raise _no_property(item, name, kind, schema)
    missing = [name for name in (schema.required if schema else ()) if name not in item.properties]
    if missing:
        told = "; ".join(f"#: required key [{name}] not found" for name in missing)
        raise invalid(f"Properties validation failed for resource {item.logical_id} with message: [{told}]")


def _no_kind(item: Definition) -> StackError:
    service = item.type.rpartition("::")[0]
    similar = [name for name in KINDS if name.startswith(service)]
    instead = f"Of {service} there are {', '.join(similar)}." if similar else "Use it on an AWS account."
    if item.type == "AWS::CloudFormation::Stack":
        instead = "Deploy the nested template as a stack of its own, and hand values on with Export."
    return not_here(f"The resource type {item.type} of {item.logical_id}", instead)


def _no_property(item: Definition, name: str, kind: Kind, schema: Schema | None) -> StackError:
    if schema is not None and name not in schema.properties:
        return invalid(
            f"Properties validation failed for resource {item.logical_id} with message: "
            f"[#: extraneous key [{name}] is not permitted]"
        )
    instead = kind.instead.get(name, "Leave it out here, and use it on an AWS account.")
    return not_here(f"The property {name} of {item.logical_id} ({item.type})", instead)


def _check_references(template: Template, node: object, block: str) -> None:
    for name, attribute in references(node):
        if name in _PSEUDO or (attribute is None and name in template.parameters):
            continue
        if name not in template.resources:
            raise format_error(
                f"Unresolved resource dependencies [{name}] in the {block} block of the template"
            )
        kind = template.resources[name].type
        schema = schema_of(kind)
        known = attribute is None or schema is None or kind not in KINDS or attribute in schema.attributes
        if not known:
            raise template_error(f"resource {name} does not support attribute type {attribute} in Fn::GetAtt")
