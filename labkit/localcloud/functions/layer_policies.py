"""Permissions of layer versions: who may read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labkit.localcloud.functions.context import Call, require_revision
from labkit.localcloud.functions.errors import not_found
from labkit.localcloud.functions.names import layer_name
from labkit.localcloud.functions.policies import (
    duplicate_statement,
    empty_policy,
    no_policy,
    no_statement,
    principal,
)
from labkit.localcloud.functions.state import Layer, LayerPolicy

Params = Mapping[str, Any]
Output = dict[str, Any]


def add_layer_version_permission(call: Call, params: Params) -> Output:
    """AddLayerVersionPermission."""
    layer, number, arn = _find(call, params)
    policy = layer.policies.get(number) or LayerPolicy(call.new_revision())
    require_revision(params.get("RevisionId"), policy.revision_id, "GetLayerPolicy")
    if any(known["Sid"] == params["StatementId"] for known in policy.statements):
        raise duplicate_statement(params["StatementId"])
    statement = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": principal(params["Principal"]),
        "Action": params["Action"],
        "Resource": arn,
    }
    if organisation := params.get("OrganizationId"):
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organisation}}
    layer.policies[number] = LayerPolicy(call.new_revision(), [*policy.statements, statement])
    return {
        "Statement": json.dumps(statement, separators=(",", ":")),
        "RevisionId": layer.policies[number].revision_id,
    }


def get_layer_version_policy(call: Call, params: Params) -> Output:
    """GetLayerVersionPolicy."""
    layer, number, _ = _find(call, params)
    policy = layer.policies.get(number)
    if policy is None:
        raise no_policy()
    document = {**empty_policy(), "Statement": policy.statements}
    return {"Policy": json.dumps(document, separators=(",", ":")), "RevisionId": policy.revision_id}


def remove_layer_version_permission(call: Call, params: Params) -> Output:
    """RemoveLayerVersionPermission."""
    layer, number, _ = _find(call, params)
    policy = layer.policies.get(number) or LayerPolicy("")
    if policy.statements:
        require_revision(params.get("RevisionId"), policy.revision_id, "GetLayerPolicy")
    kept = [known for known in policy.statements if known["Sid"] != params["StatementId"]]
    if len(kept) == len(policy.statements):
        raise no_statement(params["StatementId"])
    if kept:
        layer.policies[number] = LayerPolicy(call.new_revision(), kept)
    else:
        del layer.policies[number]
    return {}


def _find(call: Call, params: Params) -> tuple[Layer, int, str]:
    name, _ = layer_name(params["LayerName"], call.caller, f"lambda:{call.operation}")
    number = params["VersionNumber"]
    arn = call.caller.layer_arn(name, number)
    layer = call.region.layers.get(name)
    if layer is None or number not in layer.versions:
        raise not_found(f"Layer version {arn} does not exist.")
    return layer, number, arn
