"""Provisioned concurrency of versions and aliases. Whoever starts the environments reports back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.functions import limits
from labkit.localcloud.functions.concurrency import account_concurrency, total_provisioned, unreserved
from labkit.localcloud.functions.context import Call, Change, missing_qualifier
from labkit.localcloud.functions.errors import ServiceError, conflict, invalid
from labkit.localcloud.functions.names import LATEST
from labkit.localcloud.functions.paging import page
from labkit.localcloud.functions.state import Function, Provisioned

Params = Mapping[str, Any]
Output = dict[str, Any]


def put_provisioned_concurrency_config(call: Call, params: Params) -> Output:
    """PutProvisionedConcurrencyConfig: IN_PROGRESS until the environments are ready."""
    function, qualifier = _find(
        call, params, "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    )
    wanted: int = params["ProvisionedConcurrentExecutions"]
    _check_double(function, qualifier)
    _check_capacity(call, function, qualifier, wanted)
    setting = Provisioned(qualifier, wanted, call.deps.now())
    function.provisioned[qualifier] = setting
    answer = _describe(setting)
    _changed(call, function, qualifier)
    return answer


def get_provisioned_concurrency_config(call: Call, params: Params) -> Output:
    """GetProvisionedConcurrencyConfig."""
    function, qualifier = _find(call, params, _NOT_PUBLISHED)
    if qualifier not in function.provisioned:
        raise ServiceError(
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
        )
    return _describe(function.provisioned[qualifier])


def delete_provisioned_concurrency_config(call: Call, params: Params) -> Output:
    """DeleteProvisionedConcurrencyConfig: also when there is none."""
    function, qualifier = _find(call, params, _NOT_PUBLISHED)
    if function.provisioned.pop(qualifier, None) is not None:
        _changed(call, function, qualifier)
    return {}


def list_provisioned_concurrency_configs(call: Call, params: Params) -> Output:
    """ListProvisionedConcurrencyConfigs."""
    function = call.function(call.plain_name(params["FunctionName"]))
    items, marker = page(function.provisioned.values(), lambda setting: setting.qualifier, params)
    shown = [
        {"FunctionArn": call.region.arn(function.name, setting.qualifier), **_describe(setting)}
        for setting in items
    ]
    return {"ProvisionedConcurrencyConfigs": shown, "NextMarker": marker}


_NOT_PUBLISHED = "The function resource provided must be an alias or a published version."


def _find(call: Call, params: Params, not_for_latest: str) -> tuple[Function, str]:
    name, given = call.names(params["FunctionName"], params["Qualifier"])
    qualifier = given or LATEST
    if qualifier == LATEST:
        raise invalid(not_for_latest)
    function = call.region.functions.get(name)
    if function is None:
        raise missing_qualifier(call.region.arn(name, qualifier), qualifier)
    call.require_qualifier(function, qualifier)
    if call.version(function, qualifier) is function.latest:
        raise invalid(not_for_latest)
    return function, qualifier


def _check_double(function: Function, qualifier: str) -> None:
    """A version is provisioned once: by itself or by one alias."""
    if alias := function.aliases.get(qualifier):
        if alias.version in function.provisioned:
            raise conflict(
                "Alias can't be used for Provisioned Concurrency configuration "
                "on an already Provisioned version"
            )
    elif any(
        other in function.provisioned for other, at in function.aliases.items() if at.version == qualifier
    ):
        raise conflict("Version is pointed by a Provisioned Concurrency alias")


def _check_capacity(call: Call, function: Function, qualifier: str, wanted: int) -> None:
    present = function.provisioned.get(qualifier)
    freed = present.requested if present else 0
    if function.reserved_concurrency is not None:
        if total_provisioned(function) - freed + wanted > function.reserved_concurrency:
            raise invalid(
                "Requested Provisioned Concurrency should not be greater than "
                "the reservedConcurrentExecution for function"
            )
        return
    available = unreserved(call.region) + freed
    minimum = limits.quota("concurrency_unreserved_min")
    if wanted > min(available, account_concurrency()):
        raise invalid(
            "Specified ConcurrentExecutions for function is greater than "
            f"account's unreserved concurrency [{available}]."
        )
    if available - wanted < minimum:
        raise invalid(
            "Specified ConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{minimum}]."
        )


def _changed(call: Call, function: Function, qualifier: str) -> None:
    call.changed(Change("provisioned", call.region.name, function.arn, qualifier=qualifier))


def _describe(setting: Provisioned) -> Output:
    return {
        "RequestedProvisionedConcurrentExecutions": setting.requested,
        "AvailableProvisionedConcurrentExecutions": setting.available,
        "AllocatedProvisionedConcurrentExecutions": setting.allocated,
        "Status": setting.status,
        "LastModified": f"{setting.last_modified:%Y-%m-%dT%H:%M:%S}+0000",
    } | ({} if setting.reason is None else {"StatusReason": setting.reason})
