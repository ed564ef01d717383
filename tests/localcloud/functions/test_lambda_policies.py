"""Resource-based policies of functions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lambda_world import ACCOUNT, FUNCTION_ARN, Cloud, refused

ARN = f"{FUNCTION_ARN}:orders"
INVALID, MISSING, CONFLICT = (
    "InvalidParameterValueException",
    "ResourceNotFoundException",
    "ResourceConflictException",
)
BUCKET = "arn:aws:s3:::photos"
S3 = {"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}

STATEMENTS: list[tuple[dict[str, Any], Any, dict[str, Any] | None]] = [
    # what AddPermission is told, the principal and the condition of the statement
    ({}, {"Service": "s3.amazonaws.com"}, None),
    (
        {"SourceArn": BUCKET, "SourceAccount": ACCOUNT},
        {"Service": "s3.amazonaws.com"},
        {"StringEquals": {"AWS:SourceAccount": ACCOUNT}, "ArnLike": {"AWS:SourceArn": BUCKET}},
    ),
    ({"Principal": "*"}, "*", None),
    ({"Principal": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, None),
    (
        {"Principal": f"arn:aws:iam::{ACCOUNT}:role/lab"},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:role/lab"},
        None,
    ),
    ({"Principal": "logs.us-east-1.amazonaws.com"}, {"Service": "logs.us-east-1.amazonaws.com"}, None),
    (
        {
            "Action": "lambda:InvokeFunctionUrl",
            "Principal": "*",
            "FunctionUrlAuthType": "NONE",
            "PrincipalOrgID": "o-1234567890",
        },
        "*",
        {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE", "aws:PrincipalOrgID": "o-1234567890"}},
    ),
    (
        {"Principal": "*", "InvokedViaFunctionUrl": True},
        "*",
        {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    ),
    (
        {"Principal": "*", "EventSourceToken": "amzn1.ask.skill.x"},
        "*",
        {"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.x"}},
    ),
]


@pytest.mark.parametrize(("told", "principal", "condition"), STATEMENTS)
def test_a_permission_becomes_a_statement(
    told: dict[str, Any],
    principal: Any,
    condition: dict[str, Any] | None,
    create: Any,
    api: Any,
    cloud: Cloud,
) -> None:
    create()
    answer = api.add_permission(FunctionName="orders", **S3 | told)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    expected = {
        "Sid": "s3",
        "Effect": "Allow",
        "Principal": principal,
        "Action": told.get("Action", "lambda:InvokeFunction"),
        "Resource": ARN,
    } | ({"Condition": condition} if condition else {})
    assert json.loads(answer["Statement"]) == expected
    policy = json.loads(api.get_policy(FunctionName="orders")["Policy"])
    assert policy == {"Version": "2012-10-17", "Id": "default", "Statement": [expected]}
    assert cloud.service.policy_for(ARN) == policy


def test_each_qualifier_has_a_policy_of_its_own(create: Any, api: Any, cloud: Cloud) -> None:
    create(Publish=True)
    api.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    for number, qualifier in enumerate((None, "1", "live")):
        more = {"Qualifier": qualifier} if qualifier else {}
        api.add_permission(FunctionName="orders", **S3 | {"StatementId": f"s{number}"}, **more)
    for number, arn in enumerate((ARN, f"{ARN}:1", f"{ARN}:live")):
        policy = cloud.service.policy_for(arn)
        assert policy is not None
        assert [(found["Sid"], found["Resource"]) for found in policy["Statement"]] == [(f"s{number}", arn)]
    assert cloud.service.policy_for(f"{ARN}:$LATEST") == cloud.service.policy_for(ARN)
    for nothing in (f"{ARN}:2", f"{FUNCTION_ARN}:nobody", BUCKET, "", "arn:aws:lambda:us-east-1:1:layer:x:1"):
        assert cloud.service.policy_for(nothing) is None
    api.delete_alias(FunctionName="orders", Name="live")
    assert cloud.service.policy_for(f"{ARN}:live") is None


def test_removing_the_last_statement_removes_the_policy(create: Any, api: Any) -> None:
    create()
    for sid in ("a", "b"):
        api.add_permission(FunctionName="orders", **S3 | {"StatementId": sid})
    answer = api.remove_permission(FunctionName="orders", StatementId="a")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    policy = json.loads(api.get_policy(FunctionName="orders")["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["b"]
    api.remove_permission(FunctionName="orders", StatementId="b")
    gone = (MISSING, "The resource you requested does not exist.", 404)
    assert refused(api.get_policy, FunctionName="orders") == gone


ERRORS: list[tuple[str, dict[str, Any], tuple[str, str, int]]] = [
    (
        "add_permission",
        S3 | {"StatementId": "known"},
        (
            CONFLICT,
            "The statement id (known) provided already exists. "
            "Please provide a new statement id, or remove the existing statement.",
            409,
        ),
    ),
    (
        "add_permission",
        S3 | {"Qualifier": "$LATEST"},
        (INVALID, "We currently do not support adding policies for $LATEST.", 400),
    ),
    (
        "add_permission",
        S3 | {"Principal": "invalid.nonaws.com"},
        (INVALID, "The provided principal was invalid. Please check the principal and try again.", 400),
    ),
    (
        "add_permission",
        S3 | {"Qualifier": "nope"},
        (MISSING, f"Cannot find alias arn: {ARN}:nope", 404),
    ),
    ("add_permission", S3 | {"Qualifier": "42"}, (MISSING, f"Function not found: {ARN}:42", 404)),
    (
        "add_permission",
        S3 | {"FunctionName": "nobody"},
        (MISSING, f"Function not found: {FUNCTION_ARN}:nobody", 404),
    ),
    (
        "add_permission",
        S3 | {"FunctionUrlAuthType": "NONE"},
        (INVALID, "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action", 400),
    ),
    (
        "add_permission",
        S3 | {"StatementId": "example.com"},
        (
            "ValidationException",
            "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
            400,
        ),
    ),
    (
        "remove_permission",
        {"StatementId": "nope"},
        (MISSING, "Statement nope is not found in resource policy.", 404),
    ),
    (
        "remove_permission",
        {"StatementId": "known", "Qualifier": "1"},
        (MISSING, "No policy is associated with the given resource.", 404),
    ),
    (
        "remove_permission",
        {"StatementId": "known", "FunctionName": "nobody"},
        (MISSING, f"No policy found for: {FUNCTION_ARN}:nobody", 404),
    ),
    (
        "remove_permission",
        {"StatementId": "known", "Qualifier": "nope"},
        (MISSING, f"Cannot find alias arn: {ARN}:nope", 404),
    ),
    (
        "get_policy",
        {"FunctionName": "nobody"},
        (MISSING, "The resource you requested does not exist.", 404),
    ),
]


@pytest.mark.parametrize(("operation", "arguments", "error"), ERRORS)
def test_wrong_permissions(
    operation: str, arguments: dict[str, Any], error: tuple[str, str, int], create: Any, api: Any
) -> None:
    create(Publish=True)
    api.add_permission(FunctionName="orders", **S3 | {"StatementId": "known"})
    assert refused(getattr(api, operation), **{"FunctionName": "orders"} | arguments) == error


def test_policy_and_function_share_a_revision(create: Any, api: Any, cloud: Cloud) -> None:
    create()
    spec = cloud.resolve("orders").spec
    revision = api.get_function_configuration(FunctionName="orders")["RevisionId"]
    wrong = refused(api.add_permission, FunctionName="orders", **S3, RevisionId="wrong")
    assert (wrong[0], wrong[2]) == ("PreconditionFailedException", 412)
    assert wrong[1].endswith("Call the GetPolicy API to retrieve the latest Revision Id")
    api.add_permission(FunctionName="orders", **S3, RevisionId=revision)
    after = api.get_policy(FunctionName="orders")["RevisionId"]
    assert after != revision
    assert api.get_function_configuration(FunctionName="orders")["RevisionId"] == after
    assert cloud.resolve("orders").spec is spec, "a permission does not replace environments"


def test_a_policy_may_hold_20_kb(create: Any, api: Any) -> None:
    create()
    with pytest.raises(api.exceptions.PolicyLengthExceededException) as caught:
        for number in range(200):
            api.add_permission(
                FunctionName="orders",
                StatementId=f"s{number}",
                Action="lambda:InvokeFunction",
                Principal="s3.amazonaws.com",
                SourceArn=f"{BUCKET}-{number:03d}",
            )
    assert caught.value.response["Error"]["Message"].endswith("is bigger than the limit (20480).")
    assert len(api.get_policy(FunctionName="orders")["Policy"]) <= 20480


def test_a_whole_policy_is_put_read_and_deleted(create: Any, api: Any, cloud: Cloud) -> None:
    create()
    api.add_permission(FunctionName="orders", **S3)
    statement = {
        "Sid": "mine",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    put = api.put_resource_policy(ResourceArn=ARN, Policy=json.dumps(document))
    assert json.loads(put["Policy"]) == document
    assert json.loads(api.get_policy(FunctionName="orders")["Policy"])["Statement"] == [statement]
    got = api.get_resource_policy(ResourceArn=ARN)
    assert (got["Policy"], got["RevisionId"]) == (put["Policy"], put["RevisionId"])
    answer = api.delete_resource_policy(ResourceArn=ARN, RevisionId=got["RevisionId"])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(api.get_resource_policy, ResourceArn=ARN)[0] == MISSING
    assert cloud.service.policy_for(ARN) is None


@pytest.mark.parametrize(
    ("policy", "code", "text"),
    [
        ("{", INVALID, "The policy is no JSON document"),
        ("{}", INVALID, "The policy has no Statement"),
        ('{"Statement": [{"Effect": "Allow"}]}', INVALID, "needs Effect, Principal, Action and Resource"),
        (
            json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "x", "Resource": "y"}}),
            "PublicPolicyException",
            "would grant public access",
        ),
    ],
)
def test_a_policy_that_cannot_be(policy: str, code: str, text: str, create: Any, api: Any) -> None:
    create()
    found = refused(api.put_resource_policy, ResourceArn=ARN, Policy=policy)
    assert (found[0], text in found[1]) == (code, True)
