"""What each API call needs: one row a call, the IAM actions and resources beside it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import Shape
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.core.request import Request
from moto.core.routing import get_service_router
from permission_requests import ENDPOINT, call_of, read_table, unsent_client

from labkit.localcloud.permissions import RequestUnclear, classify
from labkit.localcloud.permissions.tables import SERVICES

A, R = "123456789012", "us-east-1"
FN = f"arn:aws:lambda:{R}:{A}:function"
FORM = {"content-type": "application/x-www-form-urlencoded"}
QUEUE = f"{ENDPOINT}/{A}/orders"
CALLS = read_table("calls.txt")


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "needs"),
    CALLS,
    ids=[f"{row[0]}-{row[1]}-{index}" for index, row in enumerate(CALLS)],
)
def test_what_a_call_needs(service: str, operation: str, arguments: dict[str, Any], needs: list[str]) -> None:
    """Actions are IAM's, not the API's; resources are whole ARNs; roles handed over are needed too."""
    call = call_of(service, operation, arguments)
    assert [f"{need.action} {need.resource}" for need in call.needs] == needs
    assert call.action == call.needs[0].action


def test_every_operation_in_the_tables_exists() -> None:
    """A misspelt operation would silently have the wrong resource."""
    models = {
        "states": ["stepfunctions"],
        "monitoring": ["cloudwatch"],
        "tagging": ["resourcegroupstaggingapi"],
        "dynamodb": ["dynamodb", "dynamodbstreams"],
        "apigateway": ["apigateway", "apigatewayv2"],
    }
    for name, table in SERVICES.items():
        known: set[str] = set()
        for model in models.get(name, [name]):
            known |= set(Loader().load_service_model(model, "service-2")["operations"])
        assert {*table.resources, *table.actions, *table.more, *table.pass_role} <= known, name


def _dummy(shape: Shape, depth: int = 0) -> Any:
    """The least value of a shape that can be put into a request."""
    kind = shape.type_name
    if kind == "structure":
        required = shape.required_members if depth == 0 else []  # type: ignore[attr-defined]
        return {name: _dummy(shape.members[name], depth + 1) for name in required}  # type: ignore[attr-defined]
    if kind == "list":
        return [_dummy(shape.member, depth + 1)]  # type: ignore[attr-defined]
    simple = {"map": {}, "blob": b"x", "boolean": True, "timestamp": "2026-01-01T00:00:00Z"}
    return simple.get(kind, "x" if kind == "string" else 1)


def _rest_operations() -> list[tuple[str, str]]:
    services = ["s3", "lambda", "apigateway", "apigatewayv2", "scheduler", "xray", "pipes"]
    elsewhere = {"CreateSession", "ListDirectoryBuckets", "WriteGetObjectResponse"}  # endpoints of their own
    return [
        (service, operation)
        for service in services
        for operation in unsent_client(service).meta.service_model.operation_names
        if operation not in elsewhere
    ]


_TWINS = (
    "BucketNotification",
    "BucketLifecycle",
)  # old operations of S3 with the same request as their heirs


@pytest.mark.parametrize(("service", "operation"), _rest_operations())
def test_every_rest_operation_is_recognised(service: str, operation: str) -> None:
    """The request that boto3 writes with only the required parameters."""
    shape = unsent_client(service).meta.service_model.operation_model(operation).input_shape
    call = call_of(service, xform_name(operation), _dummy(shape) if shape else {})
    same = {operation}
    if operation.endswith(_TWINS) or operation.endswith(tuple(f"{twin}Configuration" for twin in _TWINS)):
        same |= {operation.removesuffix("Configuration"), f"{operation}Configuration"}
    assert call.operation in same


@pytest.mark.parametrize(
    ("service", "operation"), [("s3", "GetObject"), ("lambda", "Invoke"), ("scheduler", "GetSchedule")]
)
@settings(max_examples=40, deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10))
def test_paths_are_read_as_moto_reads_them(service: str, operation: str, name: str) -> None:
    """Two readers of one path that disagree would check one thing and do another."""
    if name in (".", "..") or name.startswith("/"):
        return  # clients cannot send these as a name
    arguments = {
        "GetObject": {"Bucket": "b", "Key": name},
        "Invoke": {"FunctionName": name},
        "GetSchedule": {"Name": name},
    }[operation]
    client = {"GetObject": "get_object", "Invoke": "invoke", "GetSchedule": "get_schedule"}[operation]
    call = call_of(service, client, arguments)
    request = Request.from_primitives(call.wire.method, ENDPOINT + call.wire.raw_path, {}, b"")
    request.environ["RAW_URI"] = call.wire.raw_path
    matched, labels = get_service_router(service).match(request)
    assert matched.name == call.operation
    assert {member: call.params[member] for member in arguments} == {
        member: labels.get(member, labels.get("Key")) for member in arguments
    }


def _classify(
    service: str, headers: dict[str, str], body: bytes = b"", query: str = "", path: str = "/"
) -> Any:
    return classify("POST", "127.0.0.1", path, query, headers, body, service, R)


def test_smithy_rpc_v2_cbor_is_understood() -> None:
    """Some SDKs speak CBOR to CloudWatch; operation from the path, parameters from the body."""
    model = unsent_client("cloudwatch").meta.service_model
    operation = model.operation_model("PutMetricAlarm")
    request = create_serializer("smithy-rpc-v2-cbor").serialize_to_request({"AlarmName": "a"}, operation)
    call = _classify("monitoring", dict(request["headers"]), request["body"], path=request["url_path"])
    assert (call.protocol, call.operation) == ("cbor", "PutMetricAlarm")
    assert call.resources == (f"arn:aws:cloudwatch:{R}:{A}:alarm:a",)


@pytest.mark.parametrize(
    ("service", "headers", "body", "query"),
    [
        ("sqs", {"x-amz-target": "AmazonSQS.ReceiveMessage"}, b"{}", "Action=DeleteQueue"),
        ("sqs", {"x-amz-target": "AmazonSQS.ReceiveMessage"}, b"Action=DeleteQueue", ""),
        ("sqs", {"x-amz-target": "AmazonSQS.ListQueues"}, b"Action=DeleteQueue", ""),
        ("sqs", {"x-amz-target": "AmazonSQS.ListQueues", **FORM}, b'{"a": "&Action=DeleteQueue"}', ""),
        (
            "sqs",
            {"content-type": "application/x-www-form-urlencoded"},
            b"Action=DeleteQueue",
            "Action=ListQueues",
        ),
        (
            "iam",
            {"content-type": "application/x-www-form-urlencoded"},
            b"Action=GetRole&Action=DeleteRole",
            "",
        ),
        ("iam", FORM, b"", ""),
        ("scheduler", {}, b"", "Action=DeleteSchedule"),
        ("lambda", {}, b"", ""),
        ("nosuchservice", {}, b"", ""),
        ("sqs", {"x-amz-target": ""}, b"{}", ""),
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(
    service: str, headers: dict[str, str], body: bytes, query: str
) -> None:
    """Or in none: one reading would be checked and the other done."""
    with pytest.raises(RequestUnclear):
        assert _classify(service, headers, body, query).needs


def test_signing_names_in_capitals_are_the_same_service() -> None:
    """A claim of another name must not lead around a policy."""
    call = _classify(
        "SQS", {"x-amz-target": "AmazonSQS.DeleteQueue"}, json.dumps({"QueueUrl": QUEUE}).encode()
    )
    assert (call.service, call.action) == ("sqs", "sqs:DeleteQueue")


def test_calls_of_deployed_apis() -> None:
    """Both forms of their address."""
    for host, path in (
        ("127.0.0.1", "/_aws/execute-api/abc/dev/orders/1"),
        ("abc.execute-api.localhost:1", "/dev/orders/1"),
    ):
        call = classify("GET", host, path, "", {}, b"", "execute-api", R)
        assert call.needs[0].resource == f"arn:aws:execute-api:{R}:{A}:abc/dev/GET/orders/1"
        assert call.action == "execute-api:Invoke"


def test_virtual_hosted_buckets() -> None:
    """The bucket may stand in the host."""
    for host in ("photos.s3.amazonaws.com", "photos.s3.us-east-1.amazonaws.com", "photos.localhost:4566"):
        call = classify("GET", host, "/a/b", "", {}, b"", "s3", R)
        assert call.resources == ("arn:aws:s3:::photos/a/b",), host


def test_large_bodies_are_not_read_when_the_path_tells_all() -> None:
    """Code packages and payloads are megabytes; a broken one does not matter here."""
    call = classify("PUT", "127.0.0.1", "/2015-03-31/functions/f/code", "", {}, b"{not json", "lambda", R)
    assert call.resources == (f"{FN}:f",)
    assert "_body" not in vars(call.params)


@settings(max_examples=200, deadline=None)
@given(
    service=st.sampled_from(["s3", "lambda", "sqs", "iam", "dynamodb", "apigateway", "execute-api", "x"]),
    path=st.text(max_size=30),
    query=st.text(max_size=30),
    body=st.binary(max_size=60),
    target=st.one_of(st.none(), st.text(max_size=20)),
    form=st.booleans(),
)
def test_noise_is_classified_or_refused_and_never_crashes(
    service: str, path: str, query: str, body: bytes, target: str | None, form: bool
) -> None:
    """Whatever comes, the answer is a Call or RequestUnclear."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    if target is not None:
        headers["X-Amz-Target"] = target
    with suppress(RequestUnclear):
        assert classify("POST", "h", "/" + path, query, headers, body, service, R).needs
