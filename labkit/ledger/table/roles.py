"""Rows for IAM."""

from __future__ import annotations

from labkit.ledger.kinds import Call, Each, Find, Kind, Look

_ROLE = {"RoleName": "RoleName"}

IAM = (
    Kind(
        "iam.role",
        ("CreateRole",),
        {"RoleName": "params.RoleName"},
        Look(Call("GetRole", _ROLE)),
        (
            Each(
                Call("ListAttachedRolePolicies", _ROLE),
                "r.AttachedPolicies",
                Call("DetachRolePolicy", {**_ROLE, "PolicyArn": "item.PolicyArn"}),
            ),
            Each(
                Call("ListRolePolicies", _ROLE),
                "r.PolicyNames",
                Call("DeleteRolePolicy", {**_ROLE, "PolicyName": "item"}),
            ),
            Call("DeleteRole", _ROLE),
        ),
        leftovers=Find(Call("ListRoles"), "r.Roles", {"RoleName": "item.RoleName"}),
    ),
    Kind(
        "iam.role-policy",
        ("PutRolePolicy",),
        {"RoleName": "params.RoleName", "PolicyName": "params.PolicyName"},
        Look(Call("GetRolePolicy", {**_ROLE, "PolicyName": "PolicyName"})),
        (Call("DeleteRolePolicy", {**_ROLE, "PolicyName": "PolicyName"}),),
        within={"iam.role": ("RoleName",)},
    ),
    Kind(
        "iam.role-attachment",
        ("AttachRolePolicy",),
        {"RoleName": "params.RoleName", "PolicyArn": "params.PolicyArn"},
        Look(Call("ListAttachedRolePolicies", _ROLE), "contains(r.AttachedPolicies[].PolicyArn, PolicyArn)"),
        (Call("DetachRolePolicy", {**_ROLE, "PolicyArn": "PolicyArn"}),),
        within={"iam.role": ("RoleName",)},
    ),
    Kind(
        "iam.policy",
        ("CreatePolicy",),
        {
            "PolicyArn": "response.Policy.Arn || join('', ['arn:', partition, ':iam::', account, ':policy', "
            "params.Path || '/', params.PolicyName])"
        },
        Look(Call("GetPolicy", {"PolicyArn": "PolicyArn"})),
        (
            Each(
                Call("ListEntitiesForPolicy", {"PolicyArn": "PolicyArn"}),
                "r.PolicyRoles",
                Call("DetachRolePolicy", {"RoleName": "item.RoleName", "PolicyArn": "PolicyArn"}),
            ),
            Each(
                Call("ListPolicyVersions", {"PolicyArn": "PolicyArn"}),
                "r.Versions[?!IsDefaultVersion]",
                Call("DeletePolicyVersion", {"PolicyArn": "PolicyArn", "VersionId": "item.VersionId"}),
            ),
            Call("DeletePolicy", {"PolicyArn": "PolicyArn"}),
        ),
        arns=(r"^(?P<PolicyArn>arn:[^:]+:iam::\d+:policy/.+)$",),
    ),
)
