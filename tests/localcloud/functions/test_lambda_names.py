"""A function's name in all its forms, and qualifiers that fit or do not."""

from __future__ import annotations

from typing import Any

import pytest
from lambda_world import ACCOUNT, FUNCTION_ARN, REGION, Cloud, refused

ARN = f"{FUNCTION_ARN}:orders"

FORMS: list[tuple[str, str | None, str, str]] = [
    # FunctionName, Qualifier, version, FunctionArn in the answer
    ("orders", None, "$LATEST", ARN),
    ("function:orders", None, "$LATEST", ARN),
    (f"{ACCOUNT}:function:orders", None, "$LATEST", ARN),
    (ARN, None, "$LATEST", ARN),
    ("orders", "$LATEST", "$LATEST", f"{ARN}:$LATEST"),
    ("orders", "1", "1", f"{ARN}:1"),
    ("orders", "live", "1", f"{ARN}:live"),
    ("orders:1", None, "1", f"{ARN}:1"),
    ("orders:live", None, "1", f"{ARN}:live"),
    ("orders:$LATEST", None, "$LATEST", f"{ARN}:$LATEST"),
    (f"{ACCOUNT}:function:orders:live", None, "1", f"{ARN}:live"),
    (f"{ARN}:1", None, "1", f"{ARN}:1"),
    (f"{ARN}:live", "live", "1", f"{ARN}:live"),
]


@pytest.mark.parametrize(("name", "qualifier", "version", "arn"), FORMS)
def test_every_form_reaches_the_version_it_means(
    name: str, qualifier: str | None, version: str, arn: str, create: Any, api: Any, cloud: Cloud
) -> None:
    create(Publish=True)
    api.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    arguments = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
    for answer in (
        api.get_function_configuration(**arguments),
        api.get_function(**arguments)["Configuration"],
    ):
        assert (answer["Version"], answer["FunctionArn"]) == (version, arn)
    resolved = cloud.resolve(name, qualifier)
    assert (resolved.executed_version, resolved.invoked_arn) == (version, arn)
    assert resolved.alias == ("live" if "live" in (qualifier or name) else None)


INVALID, MISSING, VALIDATION = (
    "InvalidParameterValueException",
    "ResourceNotFoundException",
    "ValidationException",
)
MISMATCH = "The derived qualifier from the function name does not match the specified qualifier."
PATTERN = "failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:"

WRONG: list[tuple[str, str | None, str, str]] = [
    ("nobody", None, MISSING, f"Function not found: {FUNCTION_ARN}:nobody"),
    ("nobody", "1", MISSING, f"Function not found: {FUNCTION_ARN}:nobody:1"),
    ("orders", "7", MISSING, f"Function not found: {ARN}:7"),
    ("orders", "nope", MISSING, f"Function not found: {ARN}:nope"),
    ("orders", "$latest", MISSING, f"Function not found: {ARN}:$latest"),
    ("a" * 65, None, MISSING, f"Function not found: {FUNCTION_ARN}:{'a' * 65}"),
    (
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function",
        None,
        MISSING,
        f"Function not found: {FUNCTION_ARN}:function",
    ),
    ("orders:1", "2", INVALID, MISMATCH),
    (f"{ARN}:$LATEST", "1", INVALID, MISMATCH),
    (
        ARN.replace(REGION, "eu-west-1"),
        None,
        MISSING,
        f"Functions from 'eu-west-1' are not reachable in this region ('{REGION}')",
    ),
    ("*", None, VALIDATION, f"1 validation error detected: Value '*' at 'functionName' {PATTERN}"),
    ("my-function!", None, VALIDATION, "1 validation error detected: Value 'my-function!' at 'functionName'"),
    (f"{ARN}:1:2", None, VALIDATION, f"1 validation error detected: Value '{ARN}:1:2' at 'functionName'"),
    (f"{ARN}:$LATES", None, VALIDATION, f"1 validation error detected: Value '{ARN}:$LATES'"),
    (
        "orders",
        "invalid!",
        VALIDATION,
        "1 validation error detected: Value 'invalid!' at 'qualifier' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
    ),
    ("orders", "q" * 129, VALIDATION, f"1 validation error detected: Value '{'q' * 129}' at 'qualifier'"),
]


@pytest.mark.parametrize(("name", "qualifier", "code", "message"), WRONG)
def test_a_wrong_name_or_qualifier_is_told_apart(
    name: str, qualifier: str | None, code: str, message: str, create: Any, api: Any
) -> None:
    create(Publish=True)
    arguments = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
    found = refused(api.get_function, **arguments)
    assert found[0] == code
    assert found[1].startswith(message)
    assert found[2] == (404 if code == MISSING else 400)


def test_another_account_is_denied(create: Any, api: Any) -> None:
    create()
    other = ARN.replace(ACCOUNT, "999999999999")
    code, message, status = refused(api.get_function, FunctionName=other)
    assert (code, status) == ("AccessDeniedException", 403)
    assert message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/learner is not authorized to perform: lambda:GetFunction "
        f"on resource: {other} because no resource-based policy allows the lambda:GetFunction action"
    )


WHOLE = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support "
    "this operation. Please specify either a function name or an unqualified function ARN."
)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("update_function_configuration", {"Timeout": 5}),
        ("update_function_code", {"S3Bucket": "bucket", "S3Key": "k"}),
        ("publish_version", {}),
        ("put_function_concurrency", {"ReservedConcurrentExecutions": 1}),
        ("get_function_concurrency", {}),
        ("delete_function_concurrency", {}),
        ("create_alias", {"Name": "live", "FunctionVersion": "1"}),
    ],
)
def test_operations_on_the_function_itself_take_no_version(
    operation: str, arguments: dict[str, Any], create: Any, api: Any
) -> None:
    create(Publish=True)
    assert refused(getattr(api, operation), FunctionName="orders:1", **arguments) == (INVALID, WHOLE, 400)


def test_a_function_may_be_created_by_its_arn_but_not_with_a_version(create: Any, api: Any) -> None:
    assert create(FunctionName=ARN)["FunctionName"] == "orders"
    assert "leave ':7' out" in refused(create, FunctionName="new:7")[1]
