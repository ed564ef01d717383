"""What settings an event source mapping may have, by the kind of its source; AWS's sentences.

Sources: Lambda API model, CreateEventSourceMapping; Lambda Developer Guide, parameters of SQS, DynamoDB and
Kinesis event source mappings. Ranges that the model holds are checked before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labkit.localcloud.functions.errors import ServiceError, invalid, unsupported, violated
from labkit.localcloud.functions.limits import quota
from labkit.localcloud.functions.mapping_state import Kind, MappingSettings, kind_of
from labkit.localcloud.sources.patterns import BadPattern, parse

Params = Mapping[str, Any]

_STREAM_ONLY = (
    "ParallelizationFactor",
    "BisectBatchOnFunctionError",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "DestinationConfig",
)
_FIELDS = {
    "BatchSize": "batch_size",
    "MaximumBatchingWindowInSeconds": "window_s",
    "ParallelizationFactor": "parallelization",
    "MaximumRecordAgeInSeconds": "maximum_age_s",
    "MaximumRetryAttempts": "maximum_retries",
    "BisectBatchOnFunctionError": "bisect",
}
_ELSEWHERE = {
    "kafka": "Amazon MSK",
    "mq": "Amazon MQ",
    "rds": "Amazon DocumentDB",
}


def check_source(source_arn: str | None, region: str, account_id: str) -> Kind:
    """The ARN of a queue or stream of this Region and account.

    Raises:
        ServiceError: none, another service's, another Region's or another account's.
    """
    if not source_arn:
        raise invalid("Unrecognized event source.")
    parts = source_arn.split(":")
    if parts[2] in _ELSEWHERE:
        raise unsupported(f"{_ELSEWHERE[parts[2]]} as event source", "Use Amazon SQS, DynamoDB or Kinesis.")
    if not _is_source(parts):
        raise invalid(
            f"Unrecognized event source, must be kinesis, dynamodb stream or sqs. Given: {source_arn}"
        )
    if "/consumer/" in source_arn:
        raise unsupported("An enhanced fan-out consumer as event source", "Use the ARN of the stream itself.")
    if parts[3] != region:
        raise invalid(
            f"The event source {source_arn} is in {parts[3]}. "
            f"It must be in the same Region as the function, {region}."
        )
    if parts[4] != account_id:
        raise unsupported("An event source in another account", f"The only account here is {account_id}.")
    return kind_of(source_arn)


def _is_source(parts: list[str]) -> bool:
    match parts[2:]:
        case ["sqs", _, _, name]:
            return bool(name)
        case ["kinesis", _, _, name]:
            return name.startswith("stream/")
        case ["dynamodb", _, _, name, *rest]:
            return name.startswith("table/") and "/stream/" in name and bool(rest)
    return False


def check_start(kind: Kind, source_arn: str, params: Params) -> None:
    """StartingPosition: streams must have one, queues cannot.

    Raises:
        ServiceError: with AWS's sentence.
    """
    position, timestamp = params.get("StartingPosition"), params.get("StartingPositionTimestamp")
    if kind == "sqs":
        if position or timestamp:
            raise invalid("StartingPosition is not valid for SQS event sources.")
        return
    if position is None:
        raise violated(
            "Value null at 'startingPosition' failed to satisfy constraint: Member must not be null."
        )
    if position != "AT_TIMESTAMP":
        if timestamp:
            raise invalid("Timestamp only valid with StartingPosition AT_TIMESTAMP")
        return
    if kind == "dynamodb":
        raise invalid(f"Unsupported starting position for arn type: {source_arn}")
    if timestamp is None:
        raise invalid("StartingPositionTimestamp is required with StartingPosition AT_TIMESTAMP.")


def defaults(kind: Kind, function_arn: str) -> MappingSettings:
    """The settings of a mapping for which a caller sets nothing."""
    size = quota("esm_batch_size_sqs_default" if kind == "sqs" else "esm_batch_size_stream_default")
    return MappingSettings(
        function_arn,
        size,
        quota("esm_batching_window_default_s"),
        maximum_age_s=quota("esm_record_age_default_s"),
        maximum_retries=quota("esm_retries_default"),
    )


def changed(kind: Kind, source_arn: str, before: MappingSettings, params: Params) -> MappingSettings:
    """The settings after a request; what it does not name stays.

    Raises:
        ServiceError: a setting that this kind of source does not have, or that does not fit another.
    """
    _check_kind(kind, params)
    fields: dict[str, Any] = {
        field: params[name] for name, field in _FIELDS.items() if params.get(name) is not None
    }
    if (criteria := params.get("FilterCriteria")) is not None:
        fields["filters"] = _filters(criteria)
    if (kinds := params.get("FunctionResponseTypes")) is not None:
        fields["report_failures"] = bool(kinds)
    if (scaling := params.get("ScalingConfig")) is not None:
        fields["maximum_concurrency"] = scaling.get("MaximumConcurrency")
    if (destinations := params.get("DestinationConfig")) is not None:
        fields["on_failure_arn"] = _on_failure(destinations)
    wanted = replace(before, **fields)
    _check_batch(kind, source_arn, wanted)
    if 0 <= wanted.maximum_age_s < (least := quota("esm_record_age_min_s")):
        raise invalid(
            f"MaximumRecordAgeInSeconds must be -1 or between {least} and {quota('esm_record_age_max_s')}."
        )
    return wanted


def _check_kind(kind: Kind, params: Params) -> None:
    if kind == "sqs":
        for name in _STREAM_ONLY:
            if params.get(name) is not None:
                raise invalid(f"{name} is not valid for SQS event sources.")
    elif params.get("ScalingConfig") is not None:
        raise invalid("ScalingConfig is only valid for SQS event sources.")


def _check_batch(kind: Kind, source_arn: str, wanted: MappingSettings) -> None:
    without_window = quota("esm_batch_size_without_window_max")
    if kind == "sqs" and source_arn.endswith(".fifo"):
        if wanted.window_s:
            raise invalid("Batching window is not supported for FIFO queues")
        if wanted.batch_size > (most := quota("esm_batch_size_sqs_fifo_max")):
            raise invalid(f"Batch size must not exceed {most} for FIFO queues")
    # The model says it of all three sources; AWS takes larger batches of streams without a window.
    if kind == "sqs" and wanted.batch_size > without_window and not wanted.window_s:
        raise invalid(
            "Maximum batch window in seconds must be greater than 0 "
            f"if maximum batch size is greater than {without_window}"
        )


def _filters(criteria: Params) -> tuple[str, ...]:
    filters = criteria.get("Filters") or []
    if len(filters) > (most := quota("esm_filters_max")):
        raise invalid(f"FilterCriteria can have at most {most} filters; this one has {len(filters)}.")
    patterns = []
    for each in filters:
        text = each.get("Pattern") or ""
        try:
            parse(text)
        except BadPattern as problem:
            raise invalid(f"Invalid filter pattern definition. {problem.reason}") from None
        patterns.append(text)
    return tuple(patterns)


def _on_failure(destinations: Params) -> str | None:
    if (destinations.get("OnSuccess") or {}).get("Destination"):
        raise invalid("OnSuccess is not supported for event source mappings: they have OnFailure only.")
    arn: str | None = (destinations.get("OnFailure") or {}).get("Destination") or None
    if arn is None:
        return None
    if arn.startswith("kafka://"):
        raise unsupported("A Kafka topic as destination", "Use a queue, a topic or a bucket.")
    if arn.split(":")[2] not in ("sqs", "sns", "s3") or arn.endswith(".fifo"):
        raise _bad_destination(arn)
    return arn


def _bad_destination(arn: str) -> ServiceError:
    return invalid(
        f"The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure("
        f"destination={arn})) is invalid."
    )
