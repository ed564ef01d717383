"""What a handler finds around itself: variables, context, identity, limits of the machine."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.conftest import Function, Functions

LOOK = """
import os, resource, sys, time
def handler(event, context):
    return {
        "env": dict(os.environ), "cwd": os.getcwd(), "tz": time.tzname[0], "now": time.time(),
        "left": context.get_remaining_time_in_millis(), "identity": context.identity.cognito_identity_id,
        "client": context.client_context and {
            "custom": context.client_context.custom, "env": context.client_context.env,
            "app": context.client_context.client.app_title if context.client_context.client else None,
        },
        "context": {name: getattr(context, name) for name in NAMES},
        "request_id": hasattr(context, "request_id"), "late": late(context),
        "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "processes": resource.getrlimit(resource.RLIMIT_NPROC)[0],
    }
def late(context):
    context._epoch_deadline_time_in_ms = 0
    return context.get_remaining_time_in_millis()
NAMES = ["aws_request_id", "function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb",
         "log_group_name", "log_stream_name", "tenant_id"]
"""
RESERVED = [
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN",
]  # fmt: skip
UNRESERVED = [
    "LANG", "PATH", "LD_LIBRARY_PATH", "NODE_PATH", "PYTHONPATH", "TZ", "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
]  # fmt: skip


@pytest.fixture(scope="module")
def look(make: Functions) -> Function:
    return make(LOOK, Timeout=7, MemorySize=1769)


def test_variables_say_who_and_where_the_function_is(look: Function) -> None:
    """AWS's documented variables with the values of this function and this environment."""
    seen = look.invoke()["Payload"]
    env, name = seen["env"], look.name
    expected = {
        "_HANDLER": "app.handler", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13", "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "LANG": "en_US.UTF-8", "TZ": ":UTC",
    }  # fmt: skip
    assert {key: env.get(key) for key in expected} == expected
    assert env["AWS_ACCESS_KEY_ID"].startswith("ASIA") and env["AWS_ACCESS_KEY"] == env["AWS_ACCESS_KEY_ID"]
    assert env["AWS_SESSION_TOKEN"] and env["AWS_SECRET_ACCESS_KEY"]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};.*", env["_X_AMZN_TRACE_ID"])
    assert seen["cwd"] == env["LAMBDA_TASK_ROOT"] and seen["tz"] == "UTC"
    assert "AWS_LAMBDA_LOG_FORMAT" not in env and "AWS_LAMBDA_LOG_LEVEL" not in env


def test_the_context_is_lambdas(look: Function) -> None:
    """Every documented field; the memory is a string, there is no request_id, time left is never negative."""
    answer = look.invoke()
    seen = answer["Payload"]
    assert seen["context"] == {
        "aws_request_id": answer["ResponseMetadata"]["RequestId"], "function_name": look.name,
        "function_version": "$LATEST", "memory_limit_in_mb": "1769", "tenant_id": None,
        "invoked_function_arn": f"arn:aws:lambda:us-east-1:123456789012:function:{look.name}",
        "log_group_name": f"/aws/lambda/{look.name}",
        "log_stream_name": seen["env"]["AWS_LAMBDA_LOG_STREAM_NAME"],
    }  # fmt: skip
    assert seen["request_id"] is False and seen["identity"] is None and seen["client"] is None
    assert 0 < seen["left"] <= 7000 and seen["late"] == 0
    assert abs(seen["now"] - time.time()) < 60


def test_the_client_context_reaches_the_handler(look: Function) -> None:
    """Base64 JSON of the caller, with its three parts."""
    given = {"custom": {"a": "1"}, "env": {"locale": "ja"}, "client": {"app_title": "photos"}}
    header = base64.b64encode(json.dumps(given).encode()).decode()
    seen = look.invoke(ClientContext=header)["Payload"]["client"]
    assert seen == {"custom": {"a": "1"}, "env": {"locale": "ja"}, "app": "photos"}


def test_descriptors_are_limited_to_1024(look: Function) -> None:
    """As are processes and threads, where the function has a process namespace of its own."""
    seen = look.invoke()["Payload"]
    assert seen["descriptors"] == 1024
    assert seen["processes"] == 1024 or "TMPDIR" in seen["env"]


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_variables_cannot_be_set(look: Function, name: str) -> None:
    """Refused: by the rule for names when it begins with an underscore, else by its own name."""
    with pytest.raises(ClientError) as refusal:
        look.lambda_.update_function_configuration(
            FunctionName=look.name, Environment={"Variables": {name: "x"}}
        )
    error = refusal.value.response["Error"]
    if name.startswith("_"):
        assert error["Code"] == "ValidationException" and "[a-zA-Z]([a-zA-Z0-9_])+" in error["Message"]
    else:
        assert error["Code"] == "InvalidParameterValueException" and name in error["Message"]


def test_unreserved_variables_are_the_functions_own(make: Functions) -> None:
    """The search paths, the language and the time zone may be set."""
    function = make("import os\ndef handler(event, context): return {n: os.environ[n] for n in event}")
    settings = {name: f"/{name.lower()}" for name in UNRESERVED} | {"TZ": "Asia/Tokyo"}
    function.update(Environment={"Variables": settings})
    assert function.invoke(UNRESERVED)["Payload"] == settings


def test_a_log_group_of_ones_own_names_its_streams_after_the_function(make: Functions, cloud: Any) -> None:
    """YYYY/MM/DD/name[version]…, in the group that LoggingConfig names; the group is in the context."""
    source = "def handler(event, context): return [context.log_group_name, context.log_stream_name]"
    cloud.client("logs").create_log_group(logGroupName="/lessons/shared")
    function = make(source, LoggingConfig={"LogGroup": "/lessons/shared"})
    group, stream = function.invoke()["Payload"]
    assert group == "/lessons/shared"
    assert re.fullmatch(rf"\d{{4}}/\d\d/\d\d/{function.name}\[\$LATEST\][0-9a-f]{{32}}", stream)
    events = cloud.client("logs").get_log_events(logGroupName=group, logStreamName=stream)["events"]
    assert any(event["message"].startswith("REPORT") for event in events)
