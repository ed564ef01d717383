"""From a request to a function's configuration, from a configuration to the API's answer and to what runs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labkit.errors import LabError
from labkit.localcloud.functions import limits, targets
from labkit.localcloud.functions.context import Call
from labkit.localcloud.functions.errors import ServiceError, invalid
from labkit.localcloud.functions.layers import resolve_layers
from labkit.localcloud.functions.state import (
    CodePackage,
    Configuration,
    Function,
    Logging,
    Region,
    Version,
)
from labkit.runtime.spec import FunctionSpec

Params = Mapping[str, Any]


async def initial(call: Call, name: str, params: Params, code: CodePackage) -> Configuration:
    """The configuration that CreateFunction asks for.

    Raises:
        ServiceError: whatever is wrong with it.
    """
    if not params.get("Runtime") or not params.get("Handler"):
        raise invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    base = Configuration(
        code=code,
        runtime=params["Runtime"],
        handler=params["Handler"],
        role_arn=params["Role"],
        logging=Logging(f"/aws/lambda/{name}"),
        memory_mb=limits.quota("memory_default_mb"),
        timeout_s=limits.quota("timeout_default_s"),
        ephemeral_storage_mb=limits.quota("tmp_default_mb"),
        architecture=(params.get("Architectures") or ["x86_64"])[0],
    )
    return await changed(call, base, params, creating=True)


async def changed(
    call: Call, base: Configuration, params: Params, *, creating: bool = False
) -> Configuration:
    """``base`` with the fields that a request names.

    Raises:
        ServiceError: whatever is wrong with them.
    """
    _check_runtime(call, params.get("Runtime", base.runtime), creating=creating)
    storage = (params.get("EphemeralStorage") or {}).get("Size")
    limits.check_sizes(params.get("MemorySize"), params.get("Timeout"), storage)
    fields: dict[str, Any] = {
        field: params[name] for name, field in _SCALARS.items() if params.get(name) is not None
    }
    if storage is not None:
        fields["ephemeral_storage_mb"] = storage
    if (environment := params.get("Environment")) is not None:
        variables = environment.get("Variables")
        limits.check_environment(variables or {})
        fields["environment"] = variables
    if tracing := params.get("TracingConfig"):
        fields["tracing_mode"] = tracing.get("Mode") or "PassThrough"
    if (dead_letter := params.get("DeadLetterConfig")) is not None:
        fields["dead_letter_arn"] = dead_letter.get("TargetArn") or None
    if logging := params.get("LoggingConfig"):
        fields["logging"] = _logging(base.logging, logging)
    if (layers := params.get("Layers")) is not None:
        fields["layers"] = resolve_layers(call, layers)
    new = replace(base, **fields)
    check_size(new)
    if creating or params.get("Role"):
        await call.deps.role_check(new.role_arn)
    if new.tracing_mode == "Active" and (params.get("TracingConfig") or params.get("Role")):
        await targets.check_tracing(call, new.role_arn)
    if params.get("DeadLetterConfig") and new.dead_letter_arn:
        await targets.check_dead_letter(call, new.role_arn, new.dead_letter_arn)
    return new


_SCALARS = {
    "Runtime": "runtime",
    "Handler": "handler",
    "Role": "role_arn",
    "Description": "description",
    "MemorySize": "memory_mb",
    "Timeout": "timeout_s",
}


def check_size(configuration: Configuration) -> None:
    """Code and layers fit together.

    Raises:
        ServiceError: they do not.
    """
    layers = sum(layer.code.unpacked_bytes for layer in configuration.layers)
    limits.check_with_layers(configuration.code.unpacked_bytes + layers)


def _check_runtime(call: Call, runtime: str, *, creating: bool) -> None:
    limits.check_runtime(runtime, call.deps.now().date(), creating=creating)
    if call.deps.runtime_check is None:
        return
    try:
        call.deps.runtime_check(runtime)
    except ServiceError:
        raise
    except LabError as problem:
        raise invalid(str(problem)) from None


def _logging(base: Logging, wanted: Params) -> Logging:
    log_format = wanted.get("LogFormat") or base.log_format
    levels = wanted.get("ApplicationLogLevel"), wanted.get("SystemLogLevel")
    group = wanted.get("LogGroup") or base.log_group
    if log_format == "Text":
        if any(levels):
            raise invalid(
                'LogLevel is not supported when LogFormat is set to "Text". '
                'Remove LogLevel from your request or change the LogFormat to "Json" and try again.'
            )
        return Logging(group)
    return Logging(
        group,
        log_format,
        application_level=levels[0] or base.application_level or "INFO",
        system_level=levels[1] or base.system_level or "INFO",
    )


def spec_of(region: Region, function: Function, version: Version) -> FunctionSpec:
    """A version as labkit.runtime runs it. Its revision is new, so that environments of an older one go."""
    wanted = version.configuration
    return FunctionSpec(
        arn=function.arn,
        name=function.name,
        version=version.number,
        revision=uuid.uuid4().hex,
        runtime=wanted.runtime,
        handler=wanted.handler,
        role_arn=wanted.role_arn,
        region=region.name,
        account_id=region.account_id,
        code_dir=wanted.code.directory,
        layer_dirs=tuple(layer.code.directory for layer in wanted.layers),
        environment=dict(wanted.environment or {}),
        memory_mb=wanted.memory_mb,
        timeout_s=wanted.timeout_s,
        ephemeral_storage_mb=wanted.ephemeral_storage_mb,
        architecture=wanted.architecture,
        log_group=wanted.logging.log_group,
        log_format=wanted.logging.log_format,
        application_log_level=wanted.logging.application_level,
        system_log_level=wanted.logging.system_level,
        tracing_mode=wanted.tracing_mode,
    )
