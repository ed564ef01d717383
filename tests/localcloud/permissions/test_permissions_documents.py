"""Policies of resources and roles that no service would take: refused before they could lock anybody out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labkit.localcloud.permissions import documents
from labkit.localcloud.permissions.requests import classify

BUCKET = "arn:aws:s3:::photos"
GOOD = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
MISSING = "arn:aws:iam::123456789012:role/missing"


def without(name: str, statement: dict[str, Any] = GOOD) -> dict[str, Any]:
    """A statement that lacks an element."""
    return {key: value for key, value in statement.items() if key != name}


def of_bucket(text: str) -> tuple[str, str] | None:
    """What S3 says of a bucket policy."""
    call = classify("PUT", "127.0.0.1", "/photos", "policy", {}, text.encode(), "s3", "us-east-1")
    return documents.refused(call, lambda arn: arn != MISSING)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no json", "Policies must be valid JSON and the first byte must be '{'"),
        ("[]", "Policies must be valid JSON and the first byte must be '{'"),
        ("{}", "Missing required field Statement"),
        ('{"Statement": ["x"]}', "Syntax errors in policy."),
        (without("Effect"), "Missing required field Effect"),
        (without("Principal"), "Missing required field Principal"),
        (without("Action"), "Missing required field Action"),
        (without("Resource"), "Missing required field Resource"),
        ({**GOOD, "Effect": "allow"}, "Invalid effect: allow"),
        ({**GOOD, "Actions": "s3:*"}, "Unknown field Actions"),
        ({**GOOD, "Principal": "me"}, 'Invalid principal in policy: "me"'),
        ({**GOOD, "Principal": {"AWS": MISSING}}, f'Invalid principal in policy: "AWS":"{MISSING}"'),
        ({**GOOD, "Principal": {"Service": "lambda"}}, 'Invalid principal in policy: "SERVICE":"lambda"'),
        ({**GOOD, "Action": "sqs:SendMessage"}, "Policy has invalid action"),
        ({**GOOD, "Resource": "arn:aws:s3:::other/*"}, "Policy has invalid resource"),
        ({**GOOD, "Condition": {"StringResembles": {"aws:PrincipalTag/a": "b"}}},
         "The condition operator StringResembles is not supported by the local cloud."),
    ],
)  # fmt: skip
def test_a_bad_bucket_policy_is_refused_with_s3s_sentence(text: Any, message: str) -> None:
    """MalformedPolicy, whatever is wrong."""
    whole = text if isinstance(text, str) else json.dumps({"Version": "2012-10-17", "Statement": text})
    assert of_bucket(whole) == ("MalformedPolicy", message)


@pytest.mark.parametrize(
    "statement",
    [
        GOOD,
        {**GOOD, "Resource": [BUCKET, f"{BUCKET}/*"]},
        {**without("Principal"), "NotPrincipal": {"AWS": "123456789012"}},
        {**GOOD, "Principal": {"AWS": "arn:aws:iam::999999999999:role/elsewhere"}},
        {**GOOD, "Principal": {"AWS": "arn:aws:iam::123456789012:root", "Service": "s3.amazonaws.com"}},
    ],
)
def test_a_good_bucket_policy_passes(statement: dict[str, Any]) -> None:
    """Also with principals of accounts that nobody here knows."""
    assert of_bucket(json.dumps({"Version": "2012-10-17", "Statement": [statement]})) is None


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({**TRUST, "Principal": {"Service": "lambda.amazon.com"}},
         'Invalid principal in policy: "SERVICE":"lambda.amazon.com"'),
        ({**TRUST, "Resource": "*"}, "Has prohibited field Resource"),
        ({**TRUST, "Action": "lambda:InvokeFunction"},
         "AssumeRole policy may only specify STS AssumeRole actions."),
        ({**TRUST, "Principal": {"AWS": MISSING}}, f'Invalid principal in policy: "AWS":"{MISSING}"'),
    ],
)  # fmt: skip
def test_a_bad_trust_policy_makes_no_role(cloud: Any, statement: dict[str, Any], message: str) -> None:
    """MalformedPolicyDocument, and no role of that name."""
    iam, name = cloud.client("iam"), "trusted-by-nobody"
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException) as raised:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    assert raised.value.response["Error"]["Message"] == message
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=name)


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("sqs", "create_queue", {"QueueName": "bad-policy", "Attributes": {"Policy": "{}"}},
         "InvalidAttributeValue"),
        ("sns", "create_topic", {"Name": "bad-policy", "Attributes": {"Policy": "{}"}}, "InvalidParameter"),
        ("kms", "create_key", {"Policy": "{}"}, "MalformedPolicyDocumentException"),
        ("logs", "put_resource_policy", {"policyName": "bad", "policyDocument": "{}"},
         "InvalidParameterException"),
        ("events", "put_permission", {"Policy": "{}"}, "ValidationException"),
    ],
)  # fmt: skip
def test_each_service_has_its_own_name_for_a_bad_policy(
    cloud: Any, service: str, operation: str, params: dict[str, Any], code: str
) -> None:
    """Nothing is made with it."""
    client = cloud.client(service)
    with pytest.raises(client.exceptions.ClientError) as raised:
        getattr(client, operation)(**params)
    assert raised.value.response["Error"]["Code"] == code
