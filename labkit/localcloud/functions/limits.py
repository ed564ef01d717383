"""Limits that the service model does not hold: quotas, reserved names, deprecated runtimes. AWS's sentences.

Numbers and dates come from labkit.facts, never from here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

from labkit import facts
from labkit.errors import FactUnknown
from labkit.localcloud.functions.errors import ServiceError, invalid, unsupported, violated

# Tags of one resource. Source: AWS Tagging User Guide, "Tag naming limits and requirements".
TAGS_MAX = 50

# Names that the service sets itself. Source: Lambda Developer Guide, "Working with Lambda environment
# variables", defined runtime environment variables, the reserved ones.
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)


def quota(name: str) -> int:
    """A quota of Lambda as a whole number."""
    return int(facts.quota(name).value)


def unpacked_max_bytes() -> int:
    """The most that a package, or a function with its layers, may hold unpacked."""
    return quota("unzipped_max_bytes")


def code_storage_max_bytes() -> int:
    """The most that all packages of a Region may hold."""
    return quota("code_storage_max_gb") << 30


def check_upload(zipped_bytes: int) -> None:
    """A package that comes inside the request.

    Raises:
        ServiceError: too large; larger ones come from S3.
    """
    limit = quota("zip_direct_max_bytes")
    if zipped_bytes > limit:
        raise ServiceError(
            "RequestEntityTooLargeException", f"Zipped size must be smaller than {limit} bytes", 413
        )


def too_large_unpacked() -> ServiceError:
    """A package that is too large once unpacked."""
    return invalid(f"Unzipped size must be smaller than {unpacked_max_bytes()} bytes")


def check_with_layers(unpacked_bytes: int) -> None:
    """Code and layers of a function together.

    Raises:
        ServiceError: more than the quota.
    """
    limit = unpacked_max_bytes()
    if unpacked_bytes > limit:
        raise invalid(
            f"Function code combined with layers exceeds the maximum allowed size of {limit} bytes. "
            f"The actual size is {unpacked_bytes} bytes."
        )


def check_code_storage(used_bytes: int) -> None:
    """All packages of the account together.

    Raises:
        ServiceError: CodeStorageExceededException.
    """
    if used_bytes > code_storage_max_bytes():
        raise ServiceError("CodeStorageExceededException", "Code storage limit exceeded.")


def check_name(name: str) -> None:
    """A new function's plain name.

    Raises:
        ServiceError: longer than names may be. (The model's limit is the one for an ARN.)
    """
    limit = quota("function_name_max_chars")
    if len(name) > limit:
        raise invalid(
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limit}"
        )


def check_sizes(memory_mb: int | None, timeout_s: int | None, ephemeral_storage_mb: int | None) -> None:
    """Limits of the default compute type; the model's are those of Managed Instances and accelerators.

    Raises:
        ServiceError: ValidationException.
    """
    if memory_mb is not None and memory_mb > (limit := quota("memory_max_mb")):
        raise ServiceError(
            "ValidationException",
            "'MemorySize' value failed to satisfy constraint: "
            f"Member must have value less than or equal to {limit}",
            400,
        )
    for value, where, limit in (
        (timeout_s, "timeout", quota("timeout_max_s")),
        (ephemeral_storage_mb, "ephemeralStorage.size", quota("tmp_max_mb")),
    ):
        if value is not None and value > limit:
            raise violated(
                f"Value '{value}' at '{where}' failed to satisfy constraint: "
                f"Member must have value less than or equal to {limit}"
            )


def check_environment(variables: Mapping[str, str]) -> None:
    """The learner's environment variables.

    Raises:
        ServiceError: a reserved name, a null character, or more text than fits.
    """
    if reserved := sorted(RESERVED_VARIABLES & variables.keys()):
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if unusable := sorted(name for name, value in variables.items() if "\0" in value):
        raise invalid(f"Environment variables cannot hold a null character: {', '.join(unusable)}")
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    limit = quota("environment_max_bytes")
    if len(measured.encode()) > limit:
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you "
            f"have provided exceeded the {limit // 1024}KB limit. String measured: {measured}"
        )


def check_tags(tags: Mapping[str, str]) -> None:
    """All tags of one resource.

    Raises:
        ServiceError: more than AWS lets a resource have, or one of AWS's own.
    """
    if system := sorted(key for key in tags if key.lower().startswith("aws:")):
        raise invalid(f"Tag keys cannot begin with aws:, which is kept for AWS: {', '.join(system)}")
    if len(tags) > TAGS_MAX:
        raise invalid("Number of tags exceeds resource tag limit.")


def check_runtime(runtime: str, today: date, *, creating: bool) -> None:
    """A runtime on a given day.

    Raises:
        ServiceError: no such runtime, one that AWS blocks on that day, or a customer-managed one.
    """
    if runtime == "custom":
        raise unsupported("Runtime 'custom'", "Use provided.al2023 with an executable named bootstrap.")
    try:
        status = facts.runtime(runtime).status(today)
    except FactUnknown:
        creatable = [entry.name for entry in facts.runtimes() if not entry.status(today).endswith("-blocked")]
        raise invalid(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(creatable)}] or be a valid ARN"
        ) from None
    if status == "update-blocked" or (creating and status == "create-blocked"):
        raise invalid(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
