"""IAM roles and policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit import facts
from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.kinds.kind import Kind, names

_HOLDERS = {"Roles": ("Role", "RoleName"), "Users": ("User", "UserName"), "Groups": ("Group", "GroupName")}


def create_role(ask: Ask) -> None:
    name = ask.name("RoleName", 64)
    given = ask.some("AssumeRolePolicyDocument Description MaxSessionDuration Path PermissionsBoundary")
    made = ask.call("iam", "CreateRole", {**given, "RoleName": name, "Tags": ask.tag_list})["Role"]
    ask.born(name, Arn=made["Arn"], RoleId=made["RoleId"])
    _policies_of_role(ask)


def update_role(ask: Ask) -> None:
    which = {"RoleName": ask.physical_id}
    if ask.changed("AssumeRolePolicyDocument"):
        document = ask.properties["AssumeRolePolicyDocument"]
        ask.call("iam", "UpdateAssumeRolePolicy", {**which, "PolicyDocument": document})
    if ask.changed("Description", "MaxSessionDuration"):
        described = {"Description": "", **ask.some("Description MaxSessionDuration")}
        ask.call("iam", "UpdateRole", {**which, **described})
    if ask.changed("PermissionsBoundary"):
        boundary = ask.some("PermissionsBoundary")
        operation = "PutRolePermissionsBoundary" if boundary else "DeleteRolePermissionsBoundary"
        ask.call("iam", operation, {**which, **boundary})
    _policies_of_role(ask)
    if ask.lost_tags:
        ask.call("iam", "UntagRole", {**which, "TagKeys": ask.lost_tags})
    if ask.tag_list:
        ask.call("iam", "TagRole", {**which, "Tags": ask.tag_list})


def delete_role(ask: Ask) -> None:
    which = {"RoleName": ask.physical_id}
    for arn in ask.properties.get("ManagedPolicyArns") or []:
        ask.gone("iam", "DetachRolePolicy", {**which, "PolicyArn": arn})
    for name in _inline(ask.properties):
        ask.gone("iam", "DeleteRolePolicy", {**which, "PolicyName": name})
    ask.gone("iam", "DeleteRole", which)


def _policies_of_role(ask: Ask) -> None:
    which = {"RoleName": ask.physical_id}
    before, after = (set(p.get("ManagedPolicyArns") or []) for p in (ask.before, ask.properties))
    for arn in sorted(after - before):
        ask.call("iam", "AttachRolePolicy", {**which, "PolicyArn": arn})
    for arn in sorted(before - after):
        ask.gone("iam", "DetachRolePolicy", {**which, "PolicyArn": arn})
    had, has = _inline(ask.before), _inline(ask.properties)
    for name, document in has.items():
        if had.get(name) != document:
            ask.call("iam", "PutRolePolicy", {**which, "PolicyName": name, "PolicyDocument": document})
    for name in had.keys() - has.keys():
        ask.gone("iam", "DeleteRolePolicy", {**which, "PolicyName": name})


def _inline(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {each["PolicyName"]: each["PolicyDocument"] for each in properties.get("Policies") or []}


def put_policy(ask: Ask) -> None:
    given = ask.some("PolicyName PolicyDocument")
    if not ask.physical_id:
        ask.born(ask.name("", 128), Id=given["PolicyName"])
    for kind, who in _held(ask.properties):
        ask.call("iam", f"Put{kind}Policy", {**who, **given})
    kept = _held(ask.properties)
    renamed = ask.changed("PolicyName")
    for kind, who in _held(ask.before):
        if renamed or (kind, who) not in kept:
            ask.gone("iam", f"Delete{kind}Policy", {**who, "PolicyName": ask.before["PolicyName"]})


def delete_policy(ask: Ask) -> None:
    for kind, who in _held(ask.properties):
        ask.gone("iam", f"Delete{kind}Policy", {**who, **ask.some("PolicyName")})


def _held(properties: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    return [
        (kind, {parameter: str(name)})
        for prop, (kind, parameter) in _HOLDERS.items()
        for name in properties.get(prop) or []
    ]


def create_managed(ask: Ask) -> None:
    name = ask.name("ManagedPolicyName", 128)
    given = ask.some("PolicyDocument Path Description")
    arn = ask.call("iam", "CreatePolicy", {**given, "PolicyName": name})["Policy"]["Arn"]
    ask.born(arn, PolicyArn=arn)
    _attach(ask)


def update_managed(ask: Ask) -> None:
    which = {"PolicyArn": ask.physical_id}
    if ask.changed("PolicyDocument"):
        versions = ask.client("iam").list_policy_versions(PolicyArn=ask.physical_id)["Versions"]
        if len(versions) >= facts.quota("iam_managed_policy_versions_max").value:  # the oldest makes room
            oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"])
            ask.call("iam", "DeletePolicyVersion", {**which, "VersionId": oldest["VersionId"]})
        document = ask.some("PolicyDocument")
        ask.call("iam", "CreatePolicyVersion", {**which, **document, "SetAsDefault": True})
    _attach(ask)


def delete_managed(ask: Ask) -> None:
    which = {"PolicyArn": ask.physical_id}
    for kind, who in _held(ask.properties):
        ask.gone("iam", f"Detach{kind}Policy", {**who, **which})
    for version in ask.client("iam").list_policy_versions(PolicyArn=ask.physical_id)["Versions"]:
        if not version["IsDefaultVersion"]:
            ask.gone("iam", "DeletePolicyVersion", {**which, "VersionId": version["VersionId"]})
    ask.gone("iam", "DeletePolicy", which)


def _attach(ask: Ask) -> None:
    which, before, after = {"PolicyArn": ask.physical_id}, _held(ask.before), _held(ask.properties)
    for kind, who in after:
        if (kind, who) not in before:
            ask.call("iam", f"Attach{kind}Policy", {**who, **which})
    for kind, who in before:
        if (kind, who) not in after:
            ask.gone("iam", f"Detach{kind}Policy", {**who, **which})


ACCOUNTS = (
    Kind(
        "AWS::IAM::Role",
        names(
            "RoleName AssumeRolePolicyDocument Description MaxSessionDuration Path PermissionsBoundary "
            "ManagedPolicyArns Policies Tags"
        ),
        create_role,
        delete_role,
        update_role,
    ),
    Kind(
        "AWS::IAM::Policy",
        names("PolicyName PolicyDocument Roles Users Groups"),
        put_policy,
        delete_policy,
        put_policy,
    ),
    Kind(
        "AWS::IAM::ManagedPolicy",
        names("ManagedPolicyName PolicyDocument Path Description Roles Users Groups"),
        create_managed,
        delete_managed,
        update_managed,
    ),
)
