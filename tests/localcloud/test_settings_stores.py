"""Parameters, secrets, roles and state machines: what their services do not take, and what they hide."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

UNCHECKED = Config(parameter_validation=False, retries={"total_max_attempts": 1})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)
VALID, IAM_VALID = "ValidationException", "ValidationError"
ROLE = {"RoleName": "stored", "AssumeRolePolicyDocument": TRUST}
TEXT = {"Name": "/stored/a", "Value": "x", "Type": "String"}


def policy(**statement: Any) -> str:
    """A policy of one statement."""
    whole = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [whole]})


LARGE = policy(Resource=[f"arn:aws:s3:::{'x' * 60}{number}" for number in range(200)])
TABLE: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("iam", "create_role", {**ROLE, "RoleName": "two words"}, IAM_VALID, "Value 'two words' at 'roleName'"),
    ("iam", "create_role", {**ROLE, "RoleName": "x" * 65}, IAM_VALID, "length less than or equal to 64"),
    ("iam", "create_role", {**ROLE, "MaxSessionDuration": 60}, IAM_VALID, "greater than or equal to 3600"),
    ("iam", "create_role", {**ROLE, "PermissionsBoundary": "arn:aws:iam::aws:policy/None"}, "NoSuchEntity",
     "Scope ARN: arn:aws:iam::aws:policy/None does not exist or is not attachable."),
    ("iam", "put_role_policy",
     {"RoleName": "holder", "PolicyName": "p", "PolicyDocument": policy(Principal="*")},
     "MalformedPolicyDocument", "Policy document should not specify a principal."),
    ("iam", "put_role_policy", {"RoleName": "holder", "PolicyName": "p", "PolicyDocument": LARGE},
     "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role holder"),
    ("iam", "list_roles", {"MaxItems": 0}, IAM_VALID, "Value '0' at 'maxItems'"),
    ("ssm", "put_parameter", {**TEXT, "Name": "two words"}, VALID, "4 symbols .-_/"),
    ("ssm", "put_parameter", {**TEXT, "Value": "x" * 4097}, VALID, "maximum parameter value of 4096"),
    ("ssm", "put_parameter", {**TEXT, "AllowedPattern": r"^\d+$"}, "ParameterPatternMismatchException",
     r"cannot be validated against allowedPattern: ^\d+$"),
    ("ssm", "put_parameter", {**TEXT, "Policies": "[]"}, VALID, "stay until they are deleted"),
    ("ssm", "get_parameters_by_path", {"Path": "stored"}, VALID, 'must begin with a forward slash "/"'),
    ("secretsmanager", "create_secret", {"Name": "two words", "SecretString": "x"}, VALID, "Invalid name."),
    ("secretsmanager", "create_secret", {"Name": "both", "SecretString": "x", "SecretBinary": b"y"},
     "InvalidParameterException", "both a binary secret value and a string secret value"),
    ("secretsmanager", "create_secret", {"Name": "going", "SecretString": "x"}, "InvalidRequestException",
     "already scheduled for deletion"),
    ("secretsmanager", "get_secret_value", {"SecretId": "going"}, "InvalidRequestException",
     "You tried to perform the operation on a secret that's currently marked deleted."),
    ("secretsmanager", "rotate_secret", {"SecretId": "going"}, "NotImplemented", "PutSecretValue"),
    ("stepfunctions", "create_state_machine",
     {"name": "m", "definition": "{}", "roleArn": "arn:aws:iam::123456789012:role/r", "type": "FAST"}, VALID,
     "Value 'FAST' at 'type'"),
    ("stepfunctions", "list_executions", {}, VALID, "Must specify a State Machine ARN"),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def made(cloud: Any) -> None:
    cloud.client("iam").create_role(RoleName="holder", AssumeRolePolicyDocument=TRUST)
    secrets = cloud.client("secretsmanager")
    secrets.create_secret(Name="going", SecretString="x")
    secrets.delete_secret(SecretId="going")


@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "message"),
    TABLE,
    ids=[f"{number}-{row[1]}" for number, row in enumerate(TABLE)],
)
def test_a_request_is_refused(
    cloud: Any, service: str, operation: str, params: dict[str, Any], code: str, message: str
) -> None:
    """AWS's error, and a message that says it once."""
    with pytest.raises(ClientError) as raised:
        getattr(cloud.client(service, config=UNCHECKED), operation)(**params)
    error = raised.value.response["Error"]
    assert error["Code"] == code and message in error["Message"]
    assert "An error occurred" not in error["Message"]


def test_an_encrypted_parameter_is_read_by_those_who_ask_for_it(cloud: Any) -> None:
    """Without WithDecryption its value says nothing."""
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name="/stored/secret", Value="p4ssword", Type="SecureString")
    hidden = ssm.get_parameter(Name="/stored/secret")["Parameter"]["Value"]
    assert hidden.startswith("AQICAH") and "p4ssword" not in hidden
    named = {"Name": "/stored/secret", "WithDecryption": True}
    assert ssm.get_parameter(**named)["Parameter"]["Value"] == "p4ssword"
