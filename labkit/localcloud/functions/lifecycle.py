"""Create, read, update and delete functions, with the moment in which one is Pending or InProgress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from labkit.localcloud.functions import configuration, limits
from labkit.localcloud.functions.context import Call, Change, require_revision, require_settled
from labkit.localcloud.functions.describe import function_configuration, listed_configuration
from labkit.localcloud.functions.errors import ServiceError, conflict, invalid
from labkit.localcloud.functions.names import LATEST
from labkit.localcloud.functions.paging import page
from labkit.localcloud.functions.state import Configuration, Function, Version
from labkit.localcloud.functions.versions import publish

Params = Mapping[str, Any]
Output = dict[str, Any]


async def create_function(call: Call, params: Params) -> Output:
    """CreateFunction: answers at once, the function becomes Active a moment later."""
    name, qualifier = call.names(params["FunctionName"])
    if qualifier not in (None, LATEST):
        raise invalid(f"A new function's name has no qualifier: leave ':{qualifier}' out of FunctionName.")
    limits.check_name(name)
    limits.check_tags(params.get("Tags") or {})
    _require_new(call, name)
    code = await call.code.take(params["Code"])
    wanted = await configuration.initial(call, name, params, code)
    limits.check_code_storage(call.region.code_bytes() + code.zipped_bytes)
    _require_new(call, name)  # somebody may have created it while the package was unpacked
    latest = Version(LATEST, wanted, call.new_revision(), call.deps.now())
    function = Function(name, call.region.arn(name), latest, tags=dict(params.get("Tags") or {}))
    call.region.functions[name] = function
    call.deps.schedule(lambda: _settle(call, function), call.deps.pending_s)
    shown = publish(call, function) if params.get("Publish") else latest
    return function_configuration(call.region, function, shown, None)


def _require_new(call: Call, name: str) -> None:
    if name in call.region.functions:
        raise conflict(f"Function already exist: {name}")


def get_function(call: Call, params: Params) -> Output:
    """GetFunction."""
    function, version, qualifier = _find(call, params)
    answer: Output = {
        "Configuration": function_configuration(call.region, function, version, qualifier),
        "Code": {
            "RepositoryType": "S3",
            "Location": call.deps.code_url(version.configuration.code.sha256),
        },
    }
    if function.tags:
        answer["Tags"] = dict(function.tags)
    if function.reserved_concurrency is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
    return answer


def get_function_configuration(call: Call, params: Params) -> Output:
    """GetFunctionConfiguration."""
    function, version, qualifier = _find(call, params)
    return function_configuration(call.region, function, version, qualifier)


def _find(call: Call, params: Params) -> tuple[Function, Version, str | None]:
    name, qualifier = call.names(params["FunctionName"], params.get("Qualifier"))
    function = call.function(name, qualifier)
    return function, call.version(function, qualifier), qualifier


def list_functions(call: Call, params: Params) -> Output:
    """ListFunctions, with all versions where FunctionVersion is ALL."""
    everything = params.get("FunctionVersion") == "ALL"
    found = [
        (function, version)
        for function in call.region.functions.values()
        for version in (function.all_versions() if everything else [function.latest])
    ]
    items, marker = page(found, lambda pair: _order(*pair), params)
    shown = [
        listed_configuration(call.region, function, version, version.number if everything else None)
        for function, version in items
    ]
    return {"Functions": shown, "NextMarker": marker}


def _order(function: Function, version: Version) -> str:
    """By name, then $LATEST, then the published versions by number."""
    return f"{function.name}:{0 if version.number == LATEST else int(version.number):010d}"


async def update_function_code(call: Call, params: Params) -> Output:
    """UpdateFunctionCode. The old code serves until the update is Successful."""
    function = _changeable(call, params)
    if params.get("ImageUri"):
        raise invalid("Please don't provide ImageUri when updating a function with packageType Zip.")
    before = function.latest.configuration
    code = await call.code.take(params)
    wanted = replace(before, code=code)
    if architectures := params.get("Architectures"):
        wanted = replace(wanted, architecture=architectures[0])
    configuration.check_size(wanted)
    limits.check_runtime(wanted.runtime, call.deps.now().date(), creating=False)
    if params.get("DryRun"):
        preview = replace(function.latest, configuration=wanted)
        return function_configuration(call.region, function, preview, None)
    limits.check_code_storage(call.region.code_bytes() + code.zipped_bytes)
    shown = _update(call, function, before, wanted, params)
    return function_configuration(
        call.region, function, shown, None if shown is function.latest else shown.number
    )


async def update_function_configuration(call: Call, params: Params) -> Output:
    """UpdateFunctionConfiguration. The old configuration serves until the update is Successful."""
    function = _changeable(call, params)
    before = function.latest.configuration
    wanted = await configuration.changed(call, before, params)
    shown = _update(call, function, before, wanted, params)
    return function_configuration(call.region, function, shown, None)


def _changeable(call: Call, params: Params) -> Function:
    name = call.plain_name(params["FunctionName"])
    function = call.function(name)
    require_settled(function)
    require_revision(params.get("RevisionId"), function.latest.revision_id)
    return function


def _update(
    call: Call, function: Function, before: Configuration, wanted: Configuration, params: Params
) -> Version:
    # Another update, or a deletion, may have come in while this one was checked: nobody's change gets lost.
    if _changeable(call, params) is not function or function.latest.configuration is not before:
        raise conflict(f"{function.arn} was changed during this update. Read it and send the update again.")
    latest = function.latest
    latest.configuration = wanted
    latest.last_update = "InProgress"
    latest.last_modified = call.deps.now()
    latest.revision_id = call.new_revision()
    call.deps.schedule(lambda: _settle(call, function), call.deps.pending_s)
    return publish(call, function) if params.get("Publish") else latest


def _settle(call: Call, function: Function) -> None:
    """End of creation or update: from now on invocations get the new code and configuration."""
    if call.region.functions.get(function.name) is not function:
        return
    for version in function.all_versions():
        if version.state == "Active" and version.last_update == "Successful":
            continue
        change = partial(Change, "active" if version.spec is None else "replaced")
        version.spec = configuration.spec_of(call.region, function, version)
        version.state, version.last_update = "Active", "Successful"
        version.revision_id = call.new_revision()
        call.changed(change(call.region.name, function.arn, version.number, version.spec))


def delete_function(call: Call, params: Params) -> Output:
    """DeleteFunction: one published version, or everything."""
    name, qualifier = call.names(params["FunctionName"], params.get("Qualifier"))
    if qualifier == LATEST:
        raise invalid("$LATEST version cannot be deleted without deleting the function.")
    if qualifier is not None and not qualifier.isdecimal() and not qualifier.startswith("$"):
        raise invalid("Deletion of aliases is not currently supported.")
    function = call.function(name)
    if qualifier is not None:
        _delete_version(call, function, qualifier)
        return {"StatusCode": 204}
    del call.region.functions[name]
    for url in function.urls.values():
        call.region.urls.pop(url.url_id, None)
    for version in function.all_versions():
        call.changed(Change("deleted", call.region.name, function.arn, version.number, version.spec))
    return {"StatusCode": 204}


def _delete_version(call: Call, function: Function, number: str) -> None:
    referring = [
        alias.name
        for alias in function.aliases.values()
        if number == alias.version or number in alias.weights
    ]
    if referring:
        raise _in_use(referring)
    version = function.versions.pop(number, None)
    if version is None:
        return
    function.forget(number)
    call.changed(Change("deleted", call.region.name, function.arn, number, version.spec))


def _in_use(aliases: list[str]) -> ServiceError:
    return conflict(
        f"Unable to delete version because the following aliases reference it: [{', '.join(aliases)}]"
    )
