"""Settings with little behind them: recursion, runtime management, and lists of what cannot exist here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.functions.context import Call

Params = Mapping[str, Any]
Output = dict[str, Any]


def put_function_recursion_config(call: Call, params: Params) -> Output:
    """PutFunctionRecursionConfig."""
    function = call.function(call.plain_name(params["FunctionName"]))
    function.recursive_loop = params["RecursiveLoop"]
    return {"RecursiveLoop": function.recursive_loop}


def get_function_recursion_config(call: Call, params: Params) -> Output:
    """GetFunctionRecursionConfig."""
    function = call.function(call.plain_name(params["FunctionName"]))
    return {"RecursiveLoop": function.recursive_loop}


def put_runtime_management_config(call: Call, params: Params) -> Output:
    """PutRuntimeManagementConfig: Auto only, refusals.py sees to it."""
    return get_runtime_management_config(call, params)


def get_runtime_management_config(call: Call, params: Params) -> Output:
    """GetRuntimeManagementConfig."""
    name, qualifier = call.names(params["FunctionName"], params.get("Qualifier"))
    call.version(call.function(name, qualifier), qualifier)
    return {"UpdateRuntimeOn": "Auto", "FunctionArn": call.region.arn(name, qualifier)}


def get_function_code_signing_config(call: Call, params: Params) -> Output:
    """GetFunctionCodeSigningConfig: no function has one."""
    call.function(call.plain_name(params["FunctionName"]))
    return {}


def delete_function_code_signing_config(call: Call, params: Params) -> Output:
    """DeleteFunctionCodeSigningConfig: nothing to delete."""
    return get_function_code_signing_config(call, params)


def list_code_signing_configs(call: Call, params: Params) -> Output:
    """ListCodeSigningConfigs: none can be created."""
    return {"CodeSigningConfigs": []}


def list_capacity_providers(call: Call, params: Params) -> Output:
    """ListCapacityProviders: none can be created."""
    return {"CapacityProviders": []}
