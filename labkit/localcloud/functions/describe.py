"""FunctionConfiguration as the API shows it. Pure: state in, answer out."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from labkit.localcloud.functions.state import Configuration, Function, Logging, Region, Version

CREATING = "The function is being created."


def lambda_time(moment: datetime) -> str:
    """``2026-11-22T10:00:00.000+0000``, as in LastModified and CreatedDate."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def function_configuration(
    region: Region, function: Function, version: Version, qualifier: str | None
) -> dict[str, Any]:
    """One version in full, named by the qualifier that was asked for."""
    answer = listed_configuration(region, function, version, qualifier)
    answer["RuntimeVersionConfig"] = {
        "RuntimeVersionArn": runtime_version_arn(region.name, version.configuration.runtime)
    }
    answer["State"] = version.state
    if version.state == "Pending":
        answer |= {"StateReason": CREATING, "StateReasonCode": "Creating"}
    answer["LastUpdateStatus"] = version.last_update
    if version.last_update == "InProgress":
        answer |= {"LastUpdateStatusReason": CREATING, "LastUpdateStatusReasonCode": "Creating"}
    return answer


def listed_configuration(
    region: Region, function: Function, version: Version, qualifier: str | None
) -> dict[str, Any]:
    """One version as lists show it: without State, LastUpdateStatus and RuntimeVersionConfig."""
    shown = version.configuration
    answer: dict[str, Any] = {
        "FunctionName": function.name,
        "FunctionArn": region.arn(function.name, qualifier),
        "Runtime": shown.runtime,
        "Role": shown.role_arn,
        "Handler": shown.handler,
        "CodeSize": shown.code.zipped_bytes,
        "Description": shown.description,
        "Timeout": shown.timeout_s,
        "MemorySize": shown.memory_mb,
        "LastModified": lambda_time(version.last_modified),
        "CodeSha256": shown.code.sha256_base64,
        "Version": version.number,
        "TracingConfig": {"Mode": shown.tracing_mode},
        "RevisionId": version.revision_id,
        "PackageType": "Zip",
        "Architectures": [shown.architecture],
        "EphemeralStorage": {"Size": shown.ephemeral_storage_mb},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": _logging(shown.logging),
    }
    return answer | _optional(shown)


def _optional(shown: Configuration) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if shown.environment is not None:
        answer["Environment"] = {"Variables": dict(shown.environment)}
    if shown.dead_letter_arn is not None:
        answer["DeadLetterConfig"] = {"TargetArn": shown.dead_letter_arn}
    if shown.layers:
        answer["Layers"] = [{"Arn": layer.arn, "CodeSize": layer.code.zipped_bytes} for layer in shown.layers]
    return answer


def _logging(logging: Logging) -> dict[str, Any]:
    levels = {"ApplicationLogLevel": logging.application_level, "SystemLogLevel": logging.system_level}
    given = {name: level for name, level in levels.items() if level is not None}
    return {"LogFormat": logging.log_format, "LogGroup": logging.log_group, **given}


def runtime_version_arn(region: str, runtime: str) -> str:
    """A runtime version's ARN: AWS's form, with a hash of the runtime's name in place of AWS's own."""
    return f"arn:aws:lambda:{region}::runtime:{hashlib.sha256(runtime.encode()).hexdigest()}"
