"""The environment variables a function sees: AWS's documented ones, the learner's, and nothing of the host.

Source: AWS, "Working with Lambda environment variables". The additions are ``AWS_ENDPOINT_URL`` and
``AWS_DISABLE_HOST_PREFIX_INJECTION``, with which the SDK inside the function reaches the same local cloud.
"""

from __future__ import annotations

from labkit.runtime.languages import Launch, View
from labkit.runtime.spec import Credentials, FunctionSpec


def variables(
    spec: FunctionSpec,
    launch: Launch,
    view: View,
    credentials: Credentials,
    *,
    runtime_api: str,
    log_stream: str,
    endpoint: str,
    xray_daemon: str = "",
    initialization_type: str = "on-demand",
) -> dict[str, str]:
    """All variables of one execution environment; reserved ones win over the learner's."""
    reserved = {
        "_HANDLER": spec.handler,
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": initialization_type,
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_ACCESS_KEY": credentials.access_key_id,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "LAMBDA_TASK_ROOT": view.task_root,
        "LAMBDA_RUNTIME_DIR": view.runtime_dir,
    }
    if spec.log_format == "JSON":
        reserved["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        reserved["AWS_LAMBDA_LOG_LEVEL"] = spec.application_log_level or "INFO"
    if xray_daemon:
        host, _, port = xray_daemon.partition(":")
        reserved |= {"_AWS_XRAY_DAEMON_ADDRESS": host, "_AWS_XRAY_DAEMON_PORT": port}
    defaults = {
        "TZ": ":UTC",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        **launch.environment,
    }
    if xray_daemon:
        defaults["AWS_XRAY_DAEMON_ADDRESS"] = xray_daemon
    if view.tmp_dir != "/tmp":
        defaults["TMPDIR"] = view.tmp_dir
    return {**defaults, **spec.environment, **reserved}
