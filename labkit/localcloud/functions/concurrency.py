"""Reserved concurrency, and the account's figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.functions import limits
from labkit.localcloud.functions.context import Call, Change
from labkit.localcloud.functions.errors import function_not_found, invalid
from labkit.localcloud.functions.names import LATEST
from labkit.localcloud.functions.state import Function, Region

Params = Mapping[str, Any]
Output = dict[str, Any]


def put_function_concurrency(call: Call, params: Params) -> Output:
    """PutFunctionConcurrency: a guarantee and a cap; 0 stops the function."""
    name = call.plain_name(params["FunctionName"])
    wanted: int = params["ReservedConcurrentExecutions"]
    if (function := call.region.functions.get(name)) is None:
        raise function_not_found(call.region.arn(name, LATEST))
    provisioned = total_provisioned(function)
    if wanted < provisioned:
        # The spaces are AWS's.
        raise invalid(
            f" ReservedConcurrentExecutions  {wanted} should not be lower than "
            f"function's total provisioned concurrency [{provisioned}]."
        )
    others = sum(claimed(other) for other in call.region.functions.values() if other is not function)
    minimum = limits.quota("concurrency_unreserved_min")
    if account_concurrency() - others - wanted < minimum:
        raise invalid(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{minimum}]."
        )
    return _reserve(call, function, wanted)


def get_function_concurrency(call: Call, params: Params) -> Output:
    """GetFunctionConcurrency: empty when nothing is reserved."""
    function = call.function(call.plain_name(params["FunctionName"]))
    return {"ReservedConcurrentExecutions": function.reserved_concurrency}


def delete_function_concurrency(call: Call, params: Params) -> Output:
    """DeleteFunctionConcurrency."""
    function = call.function(call.plain_name(params["FunctionName"]))
    if function.reserved_concurrency is not None:
        _reserve(call, function, None)
    return {}


def _reserve(call: Call, function: Function, wanted: int | None) -> Output:
    function.reserved_concurrency = wanted
    call.changed(Change("reserved", call.region.name, function.arn))
    return {"ReservedConcurrentExecutions": wanted}


def account_concurrency() -> int:
    """Executions that all functions of a Region may have at the same moment."""
    return limits.quota("concurrency_account_default")


def total_provisioned(function: Function) -> int:
    """Provisioned concurrency of all versions and aliases of a function."""
    return sum(setting.requested for setting in function.provisioned.values())


def claimed(function: Function) -> int:
    """What a function takes out of the account's shared concurrency."""
    if function.reserved_concurrency is not None:
        return function.reserved_concurrency
    return total_provisioned(function)


def unreserved(region: Region) -> int:
    """What is left for the functions that reserve nothing."""
    return account_concurrency() - sum(claimed(function) for function in region.functions.values())


def get_account_settings(call: Call, params: Params) -> Output:
    """GetAccountSettings."""
    return {
        "AccountLimit": {
            "TotalCodeSize": limits.code_storage_max_bytes(),
            "CodeSizeUnzipped": limits.unpacked_max_bytes(),
            "CodeSizeZipped": limits.quota("zip_direct_max_bytes"),
            "ConcurrentExecutions": account_concurrency(),
            "UnreservedConcurrentExecutions": unreserved(call.region),
        },
        "AccountUsage": {
            "TotalCodeSize": call.region.code_bytes(),
            "FunctionCount": len(call.region.functions),
        },
    }
