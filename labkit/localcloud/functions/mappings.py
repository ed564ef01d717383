"""Event source mappings: their settings and states. Who reads the sources is in mapping_state."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labkit.localcloud.functions import limits
from labkit.localcloud.functions.context import Call
from labkit.localcloud.functions.errors import (
    ServiceError,
    conflict,
    invalid,
    resource_not_found,
    unsupported,
)
from labkit.localcloud.functions.mapping_rules import changed, check_source, check_start, defaults
from labkit.localcloud.functions.mapping_state import (
    NO_RECORDS,
    EventSourceMapping,
    MappingSettings,
    Pollers,
    kind_of,
)
from labkit.localcloud.functions.paging import page
from labkit.localcloud.functions.targets import may_write

Params = Mapping[str, Any]
Output = dict[str, Any]

# What the execution role needs, by kind of source, in the order in which AWS asks; with the API's name.
_NEEDS = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "dynamodb": (
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:DescribeStream",
    ),
    "kinesis": (
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:DescribeStream",
        "kinesis:ListShards",
    ),
}
_ASKED_FOR = {
    "dynamodb": "GetRecords, GetShardIterator, DescribeStream, and ListStreams",
    "kinesis": "GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams",
}


async def create_event_source_mapping(call: Call, params: Params) -> Output:
    """CreateEventSourceMapping: Creating, and Enabled or Disabled a moment later."""
    pollers = _pollers(call)
    source_arn = params.get("EventSourceArn") or ""
    kind = check_source(source_arn, call.region.name, call.region.account_id)
    check_start(kind, source_arn, params)
    function_arn = _function(call, params["FunctionName"])
    wanted = changed(kind, source_arn, defaults(kind, function_arn), params)
    limits.check_tags(params.get("Tags") or {})
    _require_unique(call, source_arn, function_arn, None)
    await _check_access(call, pollers, source_arn, wanted)
    _require_unique(call, source_arn, function_arn, None)  # somebody may have been faster meanwhile
    uid = str(uuid.uuid4())
    mapping = EventSourceMapping(
        uid,
        f"arn:aws:lambda:{call.region.name}:{call.region.account_id}:event-source-mapping:{uid}",
        source_arn,
        wanted,
        "Creating",
        params.get("Enabled", True),
        call.deps.now(),
        params.get("StartingPosition"),
        params.get("StartingPositionTimestamp"),
        dict(params.get("Tags") or {}),
        None if kind == "sqs" else NO_RECORDS,
    )
    call.region.mappings[uid] = mapping
    await pollers.open(mapping)
    _settle_soon(call, mapping)
    return _describe(mapping)


def get_event_source_mapping(call: Call, params: Params) -> Output:
    """GetEventSourceMapping."""
    return _describe(_find(call, params))


def list_event_source_mappings(call: Call, params: Params) -> Output:
    """ListEventSourceMappings: all, those of a function, of a source, or of both."""
    source_arn, text = params.get("EventSourceArn"), params.get("FunctionName")
    function_arn = call.region.arn(*call.names(text)) if text else None
    found = [
        mapping
        for mapping in call.region.mappings.values()
        if source_arn in (None, mapping.source_arn) and function_arn in (None, mapping.settings.function_arn)
    ]
    items, marker = page(found, lambda mapping: mapping.uuid, params)
    return {"EventSourceMappings": [_describe(mapping) for mapping in items], "NextMarker": marker}


async def update_event_source_mapping(call: Call, params: Params) -> Output:
    """UpdateEventSourceMapping: what is not named stays; takes effect a moment later."""
    pollers, mapping = _pollers(call), _settled(call, params, "update")
    kind = kind_of(mapping.source_arn)
    before = mapping.settings
    if text := params.get("FunctionName"):
        function_arn = _function(call, text)
        _require_unique(call, mapping.source_arn, function_arn, mapping)
        before = replace(before, function_arn=function_arn)
    wanted = changed(kind, mapping.source_arn, before, params)
    await _check_access(call, pollers, mapping.source_arn, wanted)
    if _settled(call, params, "update") is not mapping:
        raise resource_not_found()
    enabled = params.get("Enabled", mapping.enabled)
    if enabled == mapping.enabled:
        mapping.state = "Updating"
    else:
        mapping.state = "Enabling" if enabled else "Disabling"
    mapping.enabled, mapping.settings, mapping.last_modified = enabled, wanted, call.deps.now()
    pollers.follow(mapping)
    _settle_soon(call, mapping)
    return _describe(mapping)


def delete_event_source_mapping(call: Call, params: Params) -> Output:
    """DeleteEventSourceMapping: Deleting until its last batch has ended."""
    pollers, mapping = _pollers(call), _settled(call, params, "delete")
    mapping.state, mapping.enabled = "Deleting", False
    mapping.last_modified = call.deps.now()
    pollers.follow(mapping)

    def forget() -> None:
        call.region.mappings.pop(mapping.uuid, None)

    call.deps.schedule(lambda: pollers.close(mapping, forget), call.deps.pending_s)
    return _describe(mapping)


def mapping_by_arn(call: Call, arn: str) -> EventSourceMapping | None:
    """The mapping behind an ARN, for its tags."""
    mapping = call.region.mappings.get(arn.rpartition(":")[2])
    return mapping if mapping is not None and mapping.arn == arn else None


def _pollers(call: Call) -> Pollers:
    if call.deps.pollers is None:
        raise unsupported("An event source mapping", "Use Invoke, or a mapping on an AWS account.")
    return call.deps.pollers()


def _settle_soon(call: Call, mapping: EventSourceMapping) -> None:
    def settle() -> None:
        if mapping.state != "Deleting":
            mapping.state = "Enabled" if mapping.enabled else "Disabled"
            _pollers(call).follow(mapping)

    call.deps.schedule(settle, call.deps.pending_s)


def _find(call: Call, params: Params) -> EventSourceMapping:
    try:
        return call.region.mappings[params["UUID"]]
    except KeyError:
        raise resource_not_found() from None


def _settled(call: Call, params: Params, verb: str) -> EventSourceMapping:
    mapping = _find(call, params)
    if mapping.state not in ("Enabled", "Disabled"):
        raise ServiceError(
            "ResourceInUseException", f"Cannot {verb} the event source mapping because it is in use."
        )
    return mapping


def _function(call: Call, text: str) -> str:
    name, qualifier = call.names(text)
    function = call.region.functions.get(name)
    if function is None:
        raise invalid("Function does not exist")
    call.require_qualifier(function, qualifier)
    return call.region.arn(name, qualifier)


def _require_unique(call: Call, source_arn: str, function_arn: str, own: EventSourceMapping | None) -> None:
    for other in call.region.mappings.values():
        if other is own or other.source_arn != source_arn or other.settings.function_arn != function_arn:
            continue
        function = function_arn.split(":function:")[1]
        if kind_of(source_arn) == "sqs":
            start = f'An event source mapping with SQS arn (" {source_arn} ") and function (" {function} ")'
        else:
            start = f'The event source arn (" {source_arn} ") and function (" {function} ") provided mapping'
        raise conflict(
            f"{start} already exists. Please update or delete the existing mapping with UUID {other.uuid}"
        )


async def _check_access(call: Call, pollers: Pollers, source_arn: str, wanted: MappingSettings) -> None:
    """The source exists, the function's role may read it and write to the destination, timeouts fit."""
    name, qualifier = call.names(wanted.function_arn)
    configuration = call.version(call.function(name), qualifier).configuration
    await _check_role(call, configuration.role_arn, source_arn)
    source = await pollers.find(source_arn)
    if source is None:
        raise _missing(source_arn)
    visible_s = source.visibility_timeout_s
    if visible_s is not None and visible_s < configuration.timeout_s:
        raise invalid(
            f"Queue visibility timeout: {visible_s} seconds is less than "
            f"Function timeout: {configuration.timeout_s} seconds"
        )
    if wanted.on_failure_arn:
        await may_write(call, configuration.role_arn, wanted.on_failure_arn)


async def _check_role(call: Call, role_arn: str, source_arn: str) -> None:
    if call.deps.role_allows is None:
        return
    kind = kind_of(source_arn)
    asked = [call.deps.role_allows(role_arn, action, source_arn) for action in _NEEDS[kind]]
    for action, allowed in zip(_NEEDS[kind], await asyncio.gather(*asked), strict=True):
        if allowed:
            continue
        if kind == "sqs":
            verb = action.partition(":")[2]
            raise invalid(f"The function execution role does not have permissions to call {verb} on SQS")
        raise invalid(
            f"Cannot access stream {source_arn}. Please ensure the role can perform the "
            f"{_ASKED_FOR[kind]} Actions on your stream in IAM."
        )


def _missing(source_arn: str) -> ServiceError:
    if kind_of(source_arn) == "sqs":
        return invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist."
        )
    return invalid(f"Stream not found: {source_arn}")


def _describe(mapping: EventSourceMapping) -> Output:
    settings = mapping.settings
    shown: Output = {
        "UUID": mapping.uuid,
        "EventSourceMappingArn": mapping.arn,
        "EventSourceArn": mapping.source_arn,
        "FunctionArn": settings.function_arn,
        "BatchSize": settings.batch_size,
        "MaximumBatchingWindowInSeconds": settings.window_s,
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if settings.report_failures else [],
        "LastModified": mapping.last_modified,
        "LastProcessingResult": mapping.last_result,
        "State": mapping.state,
    }
    if settings.filters:
        shown["FilterCriteria"] = {"Filters": [{"Pattern": pattern} for pattern in settings.filters]}
    if kind_of(mapping.source_arn) == "sqs":
        shown["StateTransitionReason"] = "USER_INITIATED"
        if settings.maximum_concurrency is not None:
            shown["ScalingConfig"] = {"MaximumConcurrency": settings.maximum_concurrency}
        return shown
    on_failure = {"Destination": settings.on_failure_arn} if settings.on_failure_arn else {}
    return shown | {
        "StateTransitionReason": "User action",
        "StartingPosition": mapping.starting_position,
        "StartingPositionTimestamp": mapping.starting_timestamp,
        "ParallelizationFactor": settings.parallelization,
        "MaximumRecordAgeInSeconds": settings.maximum_age_s,
        "MaximumRetryAttempts": settings.maximum_retries,
        "BisectBatchOnFunctionError": settings.bisect,
        "TumblingWindowInSeconds": 0,
        "DestinationConfig": {"OnFailure": on_failure},
    }
