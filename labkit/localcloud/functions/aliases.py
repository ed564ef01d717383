"""Aliases: names for versions, with an optional second version that takes a share of the calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.functions.context import Call, Change, require_revision
from labkit.localcloud.functions.errors import conflict, function_not_found, invalid, not_found
from labkit.localcloud.functions.names import LATEST
from labkit.localcloud.functions.paging import page
from labkit.localcloud.functions.state import Alias, Function

Params = Mapping[str, Any]
Output = dict[str, Any]


def create_alias(call: Call, params: Params) -> Output:
    """CreateAlias."""
    name = call.plain_name(params["FunctionName"])
    version, weights = params["FunctionVersion"], _weights(params) or {}
    if (function := call.region.functions.get(name)) is None:
        raise function_not_found(call.region.arn(name, version))
    _check(call, function, version, weights)
    if params["Name"] in function.aliases:
        raise conflict(f"Alias already exists: {call.region.arn(name, params['Name'])}")
    alias = Alias(params["Name"], version, call.new_revision(), params.get("Description", ""), weights)
    function.aliases[alias.name] = alias
    return _describe(call, function, alias)


def get_alias(call: Call, params: Params) -> Output:
    """GetAlias."""
    name = call.plain_name(params["FunctionName"])
    function = call.function(name)
    alias = function.aliases.get(params["Name"])
    if alias is None:
        raise not_found(f"Cannot find alias arn: {call.region.arn(name, params['Name'])}")
    return _describe(call, function, alias)


def update_alias(call: Call, params: Params) -> Output:
    """UpdateAlias: what is not named stays."""
    name = call.plain_name(params["FunctionName"])
    function = call.function(name)
    alias = function.aliases.get(params["Name"])
    if alias is None:
        raise not_found(f"Alias not found: {call.region.arn(name, params['Name'])}")
    require_revision(params.get("RevisionId"), alias.revision_id)
    version = params.get("FunctionVersion", alias.version)
    given = _weights(params)
    weights = alias.weights if given is None else given
    _check(call, function, version, weights)
    moved = version != alias.version
    alias.version, alias.weights = version, weights
    alias.description = params.get("Description", alias.description)
    alias.revision_id = call.new_revision()
    if moved and alias.name in function.provisioned:
        _provisioned_moves(call, function, alias.name)
    return _describe(call, function, alias)


def delete_alias(call: Call, params: Params) -> Output:
    """DeleteAlias: also when there is none. What hangs on the alias goes with it."""
    name = call.plain_name(params["FunctionName"])
    function = call.function(name)
    if function.aliases.pop(params["Name"], None) is None:
        return {}
    if url := function.urls.get(params["Name"]):
        call.region.urls.pop(url.url_id, None)
    had_provisioned = params["Name"] in function.provisioned
    function.forget(params["Name"])
    if had_provisioned:
        _provisioned_moves(call, function, params["Name"])
    return {}


def list_aliases(call: Call, params: Params) -> Output:
    """ListAliases, of one version where FunctionVersion is given."""
    name = call.plain_name(params["FunctionName"])
    function = call.function(name)
    version = params.get("FunctionVersion")
    found = [alias for alias in function.aliases.values() if version is None or _points_to(alias, version)]
    items, marker = page(found, lambda alias: alias.name, params)
    return {"Aliases": [_describe(call, function, alias) for alias in items], "NextMarker": marker}


def _weights(params: Params) -> dict[str, float] | None:
    """The shares of further versions that a request sets, None when it does not speak of them."""
    if (routing := params.get("RoutingConfig")) is None:
        return None
    return dict(routing.get("AdditionalVersionWeights") or {})


def _check(call: Call, function: Function, version: str, weights: Mapping[str, float]) -> None:
    if len(weights) > 1:
        raise invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    if version in weights:
        raise invalid(
            f"Invalid function version {version}. "
            f"Function version {version} is already included in routing configuration."
        )
    if weights and version == LATEST:
        raise invalid("$LATEST is not supported for an alias pointing to more than 1 version")
    for number in (version, *weights):
        if function.version(number) is None:
            raise function_not_found(call.region.arn(function.name, number))


def _points_to(alias: Alias, version: str) -> bool:
    return version == alias.version or version in alias.weights


def _provisioned_moves(call: Call, function: Function, qualifier: str) -> None:
    call.changed(Change("provisioned", call.region.name, function.arn, qualifier=qualifier))


def _describe(call: Call, function: Function, alias: Alias) -> Output:
    answer: Output = {
        "AliasArn": call.region.arn(function.name, alias.name),
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.weights:
        answer["RoutingConfig"] = {"AdditionalVersionWeights": dict(alias.weights)}
    return answer
