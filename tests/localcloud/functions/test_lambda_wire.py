"""The wire: requests that boto3 would never send, and every operation of the model there and back."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSRequest
from botocore.model import Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from labkit.localcloud.functions import wire
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.model import members, operation_model, operation_names

TIME = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def _sample(shape: Shape, depth: int = 0) -> Any:
    """A value of this shape with every member set, down to some depth."""
    match shape.type_name:
        case "structure":
            named = members(shape) if depth < 4 else {}  # type: ignore[arg-type]
            return {name: _sample(member, depth + 1) for name, member in named.items()}
        case "list":
            return [_sample(shape.member, depth + 1)]  # type: ignore[attr-defined]
        case "map":
            return {"key": _sample(shape.value, depth + 1)}  # type: ignore[attr-defined]
        case "integer" | "long":
            return 7
        case "double" | "float":
            return 0.5
        case "boolean":
            return True
        case "blob":
            return b"\x00\xffbytes"
        case "timestamp":
            return TIME
    return "a:b/c d&e=ü$LATEST"


@pytest.mark.parametrize("operation", operation_names())
def test_what_botocore_writes_is_what_we_read(operation: str) -> None:
    bound = operation_model(operation)
    params = _sample(bound.input_shape) if bound.input_shape else {}
    if operation == "ListProvisionedConcurrencyConfigs":
        params.pop("Qualifier", None)
    written = create_serializer("rest-json", include_validation=False).serialize_to_request(params, bound)
    request = AWSRequest(
        method=written["method"],
        url="http://127.0.0.1" + written["url_path"],
        params=written["query_string"],
        headers={name: str(value) for name, value in written["headers"].items()},
        data=written["body"],
    ).prepare()
    raw_path, _, query = request.url.removeprefix("http://127.0.0.1").partition("?")
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    read = wire.parse(request.method, raw_path, query, request.headers, body)
    assert (read.operation, read.params) == (operation, params)


@pytest.mark.parametrize("operation", operation_names())
def test_what_we_write_is_what_botocore_reads(operation: str) -> None:
    bound = operation_model(operation)
    if operation == "InvokeWithResponseStream":
        pytest.skip("an event stream is no single answer")
    output = _sample(bound.output_shape) if bound.output_shape else {}
    if "StatusCode" in output:
        output["StatusCode"] = 202
    if operation == "Invoke":
        output = {name: "x" if isinstance(value, str) else value for name, value in output.items()}
        output["Payload"] = b"{}"
    answer = wire.respond(operation, output)
    parsed = create_parser("rest-json").parse(
        {"status_code": answer.status, "headers": answer.headers, "body": answer.body}, bound.output_shape
    )
    parsed.pop("ResponseMetadata")
    expected = {name: value for name, value in output.items() if answer.status != 204 or name == "StatusCode"}
    if "Payload" in parsed:  # botocore's parser decodes what boto3 would hand on as a stream
        parsed["Payload"] = parsed["Payload"].encode()
    assert parsed == expected
    assert answer.headers["x-amzn-RequestId"]


BAD: list[tuple[str, str, bytes, str, str]] = [
    # method, path and query, body, code, part of the message
    ("POST", "/2015-03-31/functions", b"{", "InvalidRequestContentException", "Could not parse request body"),
    ("POST", "/2015-03-31/functions", b"[]", "SerializationException", "must be a JSON object, not an array"),
    ("POST", "/2015-03-31/functions", b"\xff\xfe", "InvalidRequestContentException", "Could not parse"),
    ("POST", "/2015-03-31/functions", b"[" * 100_000, "InvalidRequestContentException", "Could not parse"),
    (
        "POST",
        "/2015-03-31/functions",
        b'{"FunctionName": 7}',
        "SerializationException",
        "FunctionName must be a string, not a number",
    ),
    (
        "POST",
        "/2015-03-31/functions",
        b'{"Timeout": "3"}',
        "SerializationException",
        "Timeout must be an integer, not a string",
    ),
    (
        "POST",
        "/2015-03-31/functions",
        b'{"Timeout": 3.5}',
        "SerializationException",
        "Timeout must be an integer",
    ),
    (
        "POST",
        "/2015-03-31/functions",
        b'{"Timeout": NaN}',
        "SerializationException",
        "Timeout must be an integer",
    ),
    (
        "POST",
        "/2015-03-31/functions",
        b'{"Timeout": true}',
        "SerializationException",
        "Timeout must be an integer, not a boolean",
    ),
    (
        "POST",
        "/2015-03-31/functions",
        b'{"Code": {"ZipFile": "%%"}}',
        "SerializationException",
        "ZipFile is not valid base64",
    ),
    (
        "POST",
        "/2015-03-31/functions",
        b'{"Environment": {"Variables": {"A": 1}}}',
        "SerializationException",
        "Variables.A must be a string",
    ),
    (
        "POST",
        "/2015-03-31/functions",
        b'{"Layers": "x"}',
        "SerializationException",
        "Layers must be a list, not a string",
    ),
    (
        "GET",
        "/2015-03-31/functions?MaxItems=many",
        b"",
        "SerializationException",
        "MaxItems must be an integer",
    ),
    (
        "GET",
        "/2018-10-31/layers/x/versions/one",
        b"",
        "SerializationException",
        "VersionNumber must be a long, not 'one'",
    ),
    ("GET", "/", b"", "UnknownOperationException", "no GET /"),
    ("PATCH", "/2015-03-31/functions", b"", "UnknownOperationException", "no PATCH"),
    ("GET", "/2015-03-31/functions/a/b/c/d", b"", "UnknownOperationException", "no GET"),
]


@pytest.mark.parametrize(("method", "url", "body", "code", "text"), BAD)
def test_a_request_that_cannot_be_read(method: str, url: str, body: bytes, code: str, text: str) -> None:
    path, _, query = url.partition("?")
    with pytest.raises(ServiceError) as caught:
        wire.parse(method, path, query, {}, body)
    assert (caught.value.code, text in caught.value.message) == (code, True)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=st.text(st.characters(codec="ascii"), max_size=60)
    | st.sampled_from(["/2015-03-31/functions", "/2015-03-31/functions/f/invocations", "/2018-10-31/layers"]),
    query=st.text(st.characters(codec="ascii"), max_size=30),
    body=st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps({"FunctionName": value}).encode()
    ),
)
def test_no_request_brings_the_parser_down(method: str, path: str, query: str, body: bytes) -> None:
    with suppress(ServiceError):
        wire.parse(method, path, query, {}, body)


ERRORS = [
    (ServiceError("ResourceNotFoundException", "m"), 404, {"Type": "User", "Message": "m"}, {}),
    (ServiceError("ResourceConflictException", "m"), 409, {"Type": "User", "message": "m"}, {}),
    (ServiceError("PreconditionFailedException", "m"), 412, {"Type": "User", "message": "m"}, {}),
    (ServiceError("ServiceException", "m"), 500, {"Type": "Service", "Message": "m"}, {}),
    (ServiceError("ResourceNotReadyException", "m"), 502, {"Type": "Service", "message": "m"}, {}),
    (ServiceError("ValidationException", "m", 400), 400, {"message": "m"}, {}),
    (
        ServiceError(
            "TooManyRequestsException", "m", Reason="CallerRateLimitExceeded", retryAfterSeconds="1"
        ),
        429,
        {"Type": "User", "message": "m", "Reason": "CallerRateLimitExceeded"},
        {"Retry-After": "1"},
    ),
]


@pytest.mark.parametrize(("error", "status", "body", "headers"), ERRORS, ids=lambda value: str(value)[:40])
def test_errors_have_the_status_and_the_members_of_their_shape(
    error: ServiceError, status: int, body: dict[str, str], headers: dict[str, str]
) -> None:
    answer = wire.respond_error(error, "request-1")
    assert (answer.status, json.loads(answer.body)) == (status, body)
    assert answer.headers["x-amzn-ErrorType"] == error.code
    assert answer.headers["x-amzn-RequestId"] == "request-1"
    assert headers.items() <= answer.headers.items()


def test_the_model_is_the_one_that_boto3_uses() -> None:
    session = botocore.session.get_session()
    document = session.get_component("data_loader").load_service_model("lambda", "service-2")
    assert set(document["operations"]) == set(operation_names())
