"""How asynchronous invocations of a function, version or alias are retried, and where their results go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labkit.localcloud.functions.context import Call
from labkit.localcloud.functions.errors import ServiceError, invalid, not_found
from labkit.localcloud.functions.names import LATEST
from labkit.localcloud.functions.paging import page
from labkit.localcloud.functions.state import EventInvokeConfig, Function
from labkit.localcloud.functions.targets import check_destinations

Params = Mapping[str, Any]
Output = dict[str, Any]


async def put_function_event_invoke_config(call: Call, params: Params) -> Output:
    """PutFunctionEventInvokeConfig: in place of everything that was set."""
    function, qualifier = _find(call, params)
    if all(params.get(name) is None for name in _SETTINGS):
        raise invalid("You must specify at least one of error handling or destination setting.")
    return await _store(call, function, qualifier, EventInvokeConfig(call.deps.now()), params)


async def update_function_event_invoke_config(call: Call, params: Params) -> Output:
    """UpdateFunctionEventInvokeConfig: what is not named stays."""
    function, qualifier = _find(call, params)
    present = function.event_invoke.get(qualifier)
    if present is None:
        raise _no_config(call, function.name, qualifier)
    return await _store(call, function, qualifier, present, params)


def get_function_event_invoke_config(call: Call, params: Params) -> Output:
    """GetFunctionEventInvokeConfig."""
    function, qualifier = _existing(call, params)
    return _describe(call, function, qualifier)


def delete_function_event_invoke_config(call: Call, params: Params) -> Output:
    """DeleteFunctionEventInvokeConfig."""
    function, qualifier = _existing(call, params)
    del function.event_invoke[qualifier]
    call.region.targets.clear()
    return {}


def list_function_event_invoke_configs(call: Call, params: Params) -> Output:
    """ListFunctionEventInvokeConfigs."""
    function, _ = _find(call, params)
    items, marker = page(function.event_invoke, lambda qualifier: qualifier, params)
    shown = [_describe(call, function, qualifier) for qualifier in items]
    return {"FunctionEventInvokeConfigs": shown, "NextMarker": marker}


_SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


def _find(call: Call, params: Params) -> tuple[Function, str]:
    name, qualifier = call.names(params["FunctionName"], params.get("Qualifier"))
    function = call.region.functions.get(name)
    known = function is not None and (
        qualifier is None or qualifier in function.aliases or function.version(qualifier) is not None
    )
    if function is None or not known:
        raise not_found("The function doesn't exist.")
    return function, qualifier or LATEST


def _existing(call: Call, params: Params) -> tuple[Function, str]:
    name, qualifier = call.names(params["FunctionName"], params.get("Qualifier"))
    function = call.region.functions.get(name)
    if function is None or (qualifier or LATEST) not in function.event_invoke:
        raise _no_config(call, name, qualifier or LATEST)
    return function, qualifier or LATEST


def _no_config(call: Call, name: str, qualifier: str) -> ServiceError:
    return not_found(f"The function {call.region.arn(name, qualifier)} doesn't have an EventInvokeConfig")


async def _store(
    call: Call, function: Function, qualifier: str, base: EventInvokeConfig, params: Params
) -> Output:
    fields: dict[str, Any] = {"last_modified": call.deps.now()}
    if (retries := params.get("MaximumRetryAttempts")) is not None:
        fields["maximum_retry_attempts"] = retries
    if (age := params.get("MaximumEventAgeInSeconds")) is not None:
        fields["maximum_event_age_s"] = age
    destinations = params.get("DestinationConfig") or {}
    for name, field in (("OnSuccess", "on_success_arn"), ("OnFailure", "on_failure_arn")):
        if name in destinations:
            fields[field] = destinations[name].get("Destination") or None
    wanted = replace(base, **fields)
    if destinations:
        role_arn = call.version(function, qualifier).configuration.role_arn
        await check_destinations(call, role_arn, function.arn, wanted.on_success_arn, wanted.on_failure_arn)
    function.event_invoke[qualifier] = wanted
    call.region.targets.clear()
    return _describe(call, function, qualifier)


def _describe(call: Call, function: Function, qualifier: str) -> Output:
    shown = function.event_invoke[qualifier]
    destinations = {"OnSuccess": shown.on_success_arn, "OnFailure": shown.on_failure_arn}
    answer = {
        "LastModified": shown.last_modified,
        "FunctionArn": call.region.arn(function.name, qualifier),
        "MaximumRetryAttempts": shown.maximum_retry_attempts,
        "MaximumEventAgeInSeconds": shown.maximum_event_age_s,
        "DestinationConfig": {
            name: {"Destination": arn} if arn else {} for name, arn in destinations.items()
        },
    }
    return {name: value for name, value in answer.items() if value is not None}
