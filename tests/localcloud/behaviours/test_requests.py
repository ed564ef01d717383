"""Invoke as an API: what is refused, with which name, status and members."""

from __future__ import annotations

import base64
import json
import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.conftest import Function, Functions


@pytest.fixture(scope="module")
def echo(make: Functions) -> Function:
    return make("def handler(event, context): return event")


def refusal(function: Function, **request: Any) -> dict[str, Any]:
    """The error answer of an Invoke."""
    with pytest.raises(ClientError) as refused:
        function.lambda_.invoke(**{"FunctionName": function.name, **request})
    return refused.value.response


def context(size: int) -> str:
    """A client context of so many bytes in base64."""
    return base64.b64encode(json.dumps({"custom": {"x": ""}}).encode().ljust(size // 4 * 3)).decode()


CASES: list[tuple[dict[str, Any], str, int]] = [
    ({"FunctionName": "nobody"}, "ResourceNotFoundException", 404),
    ({"Qualifier": "7"}, "ResourceNotFoundException", 404),
    ({"Payload": b"{'a': 1}"}, "InvalidRequestContentException", 400),
    ({"Payload": b"[" * 100_000}, "InvalidRequestContentException", 400),
    ({"Payload": b"NaN"}, "InvalidRequestContentException", 400),
    ({"Payload": b'{"a": -Infinity}'}, "InvalidRequestContentException", 400),
    ({"TenantId": "blue"}, "InvalidParameterValueException", 400),
    ({"DurableExecutionName": "order-7"}, "InvalidParameterValueException", 400),
    ({"LogType": "Head"}, "InvalidParameterValueException", 400),
    ({"InvocationType": "Sync"}, "InvalidParameterValueException", 400),
    ({"ClientContext": "no base64!"}, "InvalidRequestContentException", 400),
    ({"ClientContext": context(3588)}, "InvalidRequestContentException", 400),
    ({"Payload": b" " * 6_291_457}, "RequestTooLargeException", 413),
]


@pytest.mark.parametrize(
    ("request_", "code", "status"), CASES, ids=[f"{n}-{row[1]}" for n, row in enumerate(CASES)]
)
def test_what_cannot_be_invoked_is_refused(echo: Function, request_: Any, code: str, status: int) -> None:
    """AWS's exception and its HTTP status."""
    response = refusal(echo, **request_)
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert response["ResponseMetadata"]["RequestId"]


def test_a_client_context_may_have_3583_bytes(echo: Function) -> None:
    """The largest multiple of four below is taken."""
    assert echo.invoke(1, ClientContext=context(3580))["Payload"] == 1


def test_a_request_and_an_answer_of_six_megabytes_pass(make: Functions) -> None:
    """6,291,456 bytes both ways."""
    function = make("def handler(event, context): return event", MemorySize=1769, Timeout=30)
    payload = b'"' + b"x" * (6_291_456 - 2) + b'"'
    answer = function.lambda_.invoke(FunctionName=function.name, Payload=payload)
    assert answer["Payload"].read() == payload and "FunctionError" not in answer


def test_a_throttle_has_its_members(make: Functions) -> None:
    """429 with Type, message, Reason and Retry-After; it is no invocation."""
    function = make("def handler(event, context): pass")
    function.lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    response = refusal(function)
    assert response["Error"]["Code"] == "TooManyRequestsException" and response["Type"] == "User"
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert response["retryAfterSeconds"] == "1"
    assert function.log() == []


def test_an_answer_has_lambdas_headers(echo: Function) -> None:
    """Request id, trace id, executed version; LogResult only when asked for."""
    answer = echo.lambda_.invoke(FunctionName=echo.name, Payload=b"1")
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-requestid"] == answer["ResponseMetadata"]["RequestId"]
    assert headers["x-amzn-trace-id"].startswith("Root=1-") and headers["content-type"] == "application/json"
    assert answer["ExecutedVersion"] == "$LATEST" and "LogResult" not in answer


def test_request_line_and_headers_may_have_one_megabyte(cloud: Any) -> None:
    """More is refused before anything else is looked at."""
    host, port = cloud.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as link:
        head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"".join(
            b"x-%d: %b\r\n" % (n, b"y" * 1000) for n in range(1100)
        )
        link.sendall(head + b"\r\n")
        assert link.recv(64).startswith(b"HTTP/1.1 431 ")
