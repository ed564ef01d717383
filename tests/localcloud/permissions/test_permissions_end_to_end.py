"""boto3 with an execution role's credentials, through signature and decision to moto: what a handler sees."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from permission_cloud import KEY, SECRET, SmallCloud, allow, arn, policy
from permission_requests import read_table

from labkit.localcloud.identities import ACCOUNT_ID
from labkit.runtime.spec import Credentials

KEY_SCHEMA = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ITEM = {"id": {"S": "1"}}


def refused(call: Any, **arguments: Any) -> tuple[str, int, str]:
    """The error of a call: code, HTTP status, message."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error = raised.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]


def test_least_privilege_on_one_table(small_cloud: SmallCloud) -> None:
    """What the role names works; the rest is refused with AWS's words."""
    table, other = small_cloud.name("orders"), small_cloud.name("other")
    admin = small_cloud.client("dynamodb")
    for name in (table, other):
        admin.create_table(TableName=name, **KEY_SCHEMA)
    role = small_cloud.role(
        allow(["dynamodb:GetItem", "dynamodb:PutItem"], arn("dynamodb", f"table/{table}"))
    )
    handler = small_cloud.as_function(role, "orders-api")("dynamodb")
    handler.put_item(TableName=table, Item=ITEM)
    assert handler.get_item(TableName=table, Key=ITEM)["Item"] == ITEM
    session = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role.rpartition('/')[2]}/orders-api"
    assert refused(handler.delete_item, TableName=table, Key=ITEM) == (
        "AccessDeniedException",
        400,
        f"User: {session} is not authorized to perform: dynamodb:DeleteItem on resource: "
        f"{arn('dynamodb', f'table/{table}')} because no identity-based policy allows the "
        "dynamodb:DeleteItem action",
    )
    assert arn("dynamodb", f"table/{other}") in refused(handler.get_item, TableName=other, Key=ITEM)[2]


DENIALS = read_table("denials.txt")


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "expected"), DENIALS, ids=[f"{row[0]}-{row[1]}" for row in DENIALS]
)
def test_each_service_refuses_in_its_own_words(
    small_cloud: SmallCloud, service: str, operation: str, arguments: dict[str, Any], expected: list[str]
) -> None:
    """Error code, HTTP status and message as boto3 raises them on AWS."""
    code, status, action, *resource = expected[0].split()
    role = small_cloud.role()
    client = small_cloud.as_function(role, "handler")(service)
    user = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role.rpartition('/')[2]}/handler"
    message = f"User: {user} is not authorized to perform: {action}"
    message += f" on resource: {resource[0]}" if resource else ""
    if service != "sts":
        message += f" because no identity-based policy allows the {action} action"
    assert refused(getattr(client, operation), **arguments) == (code, int(status), message)


def test_a_head_request_says_only_403(small_cloud: SmallCloud) -> None:
    """S3 sends no body with it."""
    client = small_cloud.as_function(small_cloud.role())("s3")
    assert refused(client.head_object, Bucket="b", Key="k")[:2] == ("403", 403)


def test_an_explicit_deny_says_so_and_wins(small_cloud: SmallCloud) -> None:
    """Over the same role's own allow."""
    role = small_cloud.role(allow("sqs:*"), {"Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*"})
    sqs = small_cloud.as_function(role)("sqs")
    url = sqs.create_queue(QueueName=small_cloud.name("q"))["QueueUrl"]
    assert refused(sqs.delete_queue, QueueUrl=url)[2].endswith(
        "with an explicit deny in an identity-based policy"
    )


def test_aws_managed_policies_work(small_cloud: SmallCloud) -> None:
    """AWSLambdaBasicExecutionRole allows logs and nothing else."""
    role = small_cloud.role()
    small_cloud.client("iam").attach_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    )
    group = f"/aws/lambda/{small_cloud.name('f')}"
    logs = small_cloud.as_function(role)("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    assert refused(logs.delete_log_group, logGroupName=group)[0] == "AccessDeniedException"


def test_a_new_policy_counts_at_once_and_a_newer_version_too(small_cloud: SmallCloud) -> None:
    """Nothing is remembered beyond the documents themselves."""
    iam, role = small_cloud.client("iam"), small_cloud.role()
    name = role.rpartition("/")[2]
    ssm = small_cloud.as_function(role)("ssm")
    assert refused(ssm.put_parameter, Name="/p", Value="v", Type="String")[0] == "AccessDeniedException"
    made = iam.create_policy(PolicyName=small_cloud.name("p"), PolicyDocument=policy(allow("ssm:*")))
    policy_arn = made["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy_arn)
    ssm.put_parameter(Name="/p", Value="v", Type="String", Overwrite=True)
    version = policy(allow("ssm:GetParameter", arn("ssm", "parameter/p")))
    iam.create_policy_version(PolicyArn=policy_arn, PolicyDocument=version, SetAsDefault=True)
    assert ssm.get_parameter(Name="/p")["Parameter"]["Value"] == "v"
    assert refused(ssm.put_parameter, Name="/p", Value="w", Type="String")[0] == "AccessDeniedException"


@pytest.mark.parametrize("pattern", ["{name}-??????", "{name}-*", "{name}*"])
def test_secrets_are_matched_with_the_suffix_of_their_arn(small_cloud: SmallCloud, pattern: str) -> None:
    """A handler asks by name; the policy names the ARN with six characters more."""
    name = small_cloud.name("db")
    small_cloud.client("secretsmanager").create_secret(Name=name, SecretString="s3cret")
    allowed = arn("secretsmanager", "secret:" + pattern.format(name=name))
    secrets = small_cloud.as_function(small_cloud.role(allow("secretsmanager:GetSecretValue", allowed)))(
        "secretsmanager"
    )
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "s3cret"
    assert refused(secrets.describe_secret, SecretId=name)[0] == "AccessDeniedException"
    missing = secrets.get_secret_value
    if pattern != "{name}*":
        assert refused(missing, SecretId=f"{name}x")[0] == "AccessDeniedException"


def test_keys_need_their_key_policy_and_are_found_by_alias(small_cloud: SmallCloud) -> None:
    """KMS asks the key's own policy, which by default delegates to the account."""
    kms = small_cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    alias = f"alias/{small_cloud.name('k')}"
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    handler = small_cloud.as_function(small_cloud.role(allow("kms:*", key)))("kms")
    cipher = handler.encrypt(KeyId=alias, Plaintext=b"x")["CiphertextBlob"]
    assert handler.decrypt(CiphertextBlob=cipher)["Plaintext"] == b"x"
    nobody = policy({"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "*", "Resource": "*"})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=nobody)
    assert "because no resource-based policy allows" in refused(handler.encrypt, KeyId=key, Plaintext=b"x")[2]


def test_a_resource_policy_alone_is_enough_within_an_account(small_cloud: SmallCloud) -> None:
    """A bucket that names the role lets it in; naming the account only delegates to its policies."""
    bucket, role = small_cloud.name("bucket"), small_cloud.role()
    s3 = small_cloud.client("s3")
    s3.create_bucket(Bucket=bucket)
    handler = small_cloud.as_function(role)("s3")
    for principal, works in (
        (role, True),
        (f"arn:aws:iam::{ACCOUNT_ID}:root", False),
        ("999999999999", False),
    ):
        grant = allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": principal})
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(grant))
        if works:
            handler.put_object(Bucket=bucket, Key="k", Body=b"x")
        else:
            assert refused(handler.put_object, Bucket=bucket, Key="k", Body=b"x")[0] == "AccessDenied"


def test_a_resource_policy_can_deny_even_the_administrator(small_cloud: SmallCloud) -> None:
    """As on AWS, where people lock themselves out of buckets."""
    bucket, s3 = small_cloud.name("locked"), small_cloud.client("s3")
    s3.create_bucket(Bucket=bucket)
    lock = {**allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*"), "Effect": "Deny"}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(lock))
    message = refused(s3.get_object, Bucket=bucket, Key="k")[2]
    assert message == (
        f"User: arn:aws:iam::{ACCOUNT_ID}:user/learner is not authorized to perform: s3:GetObject on "
        f'resource: "arn:aws:s3:::{bucket}/k" with an explicit deny in a resource-based policy'
    )


def test_policies_that_the_cloud_itself_keeps_count_too(small_cloud: SmallCloud) -> None:
    """Functions keep theirs elsewhere than moto."""
    role, function = small_cloud.role(), arn("lambda", "function:shared")
    call = small_cloud.as_function(role)("lambda").get_function
    assert refused(call, FunctionName="shared")[0] == "AccessDeniedException"
    grant = allow("lambda:GetFunction", function, Principal={"AWS": role})
    small_cloud.resource_policies[function] = policy(grant)
    assert refused(call, FunctionName="shared")[0] == "ResourceNotFoundException", (
        "let through to the service"
    )


def test_a_default_topic_policy_lets_nobody_in(small_cloud: SmallCloud) -> None:
    """It names everybody, but only for services that act for the owner."""
    topic = small_cloud.client("sns").create_topic(Name=small_cloud.name("t"))["TopicArn"]
    sns = small_cloud.as_function(small_cloud.role())("sns")
    assert refused(sns.publish, TopicArn=topic, Message="m")[0] == "AuthorizationError"


def test_a_permissions_boundary_limits(small_cloud: SmallCloud) -> None:
    """Both must allow; the message names which did not."""
    boundary = small_cloud.client("iam").create_policy(
        PolicyName=small_cloud.name("b"), PolicyDocument=policy(allow("sqs:*"))
    )
    role = small_cloud.role(allow("*"), PermissionsBoundary=boundary["Policy"]["Arn"])
    as_role = small_cloud.as_function(role)
    as_role("sqs").list_queues()
    message = refused(as_role("dynamodb").list_tables)[2]
    assert message.endswith("because no permissions boundary allows the dynamodb:ListTables action")


def test_roles_are_assumed_by_those_they_trust(small_cloud: SmallCloud) -> None:
    """The trust policy decides; naming the account delegates to the caller's policies."""
    caller = small_cloud.role(allow("sts:AssumeRole"))
    named = small_cloud.role(allow("sqs:ListQueues"), trust={"AWS": caller})
    account = small_cloud.role(trust={"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"})
    lambda_only = small_cloud.role()
    sts = small_cloud.as_function(caller)("sts")
    held = sts.assume_role(RoleArn=named, RoleSessionName="chained")["Credentials"]
    credentials = Credentials(held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"])
    assert small_cloud.client("sts", credentials).get_caller_identity()["Arn"] == (
        f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{named.rpartition('/')[2]}/chained"
    )
    small_cloud.client("sqs", credentials).list_queues()
    assert refused(small_cloud.client("sqs", credentials).create_queue, QueueName="q")[0] == "AccessDenied"
    sts.assume_role(RoleArn=account, RoleSessionName="xx")
    assert refused(sts.assume_role, RoleArn=lambda_only, RoleSessionName="xx")[0] == "AccessDenied"
    admin = small_cloud.client("sts")
    assert refused(admin.assume_role, RoleArn=lambda_only, RoleSessionName="xx")[0] == "AccessDenied"
    poor = small_cloud.as_function(small_cloud.role())("sts")
    assert refused(poor.assume_role, RoleArn=account, RoleSessionName="xx")[0] == "AccessDenied"


def test_conditions_of_a_trust_policy(small_cloud: SmallCloud) -> None:
    """The external id that third parties are asked for."""
    iam, name = small_cloud.client("iam"), small_cloud.name("role")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "42"}},
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    sts = small_cloud.client("sts")
    assert refused(sts.assume_role, RoleArn=role, RoleSessionName="xx")[0] == "AccessDenied"
    sts.assume_role(RoleArn=role, RoleSessionName="xx", ExternalId="42")


def test_a_session_policy_limits_the_session(small_cloud: SmallCloud) -> None:
    """Only what role and session policy both allow; what moto would forget is refused."""
    role = small_cloud.role(allow("sqs:*"), trust={"AWS": f"arn:aws:iam::{ACCOUNT_ID}:user/learner"})
    sts = small_cloud.client("sts")
    held = sts.assume_role(
        RoleArn=role, RoleSessionName="xx", Policy=policy(allow(["sqs:ListQueues", "sns:*"]))
    )
    given = held["Credentials"]
    credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    small_cloud.client("sqs", credentials).list_queues()
    message = refused(small_cloud.client("sqs", credentials).create_queue, QueueName="q")[2]
    assert message.endswith("because no session policy allows the sqs:createqueue action")
    assert refused(small_cloud.client("sns", credentials).list_topics)[0] == "AuthorizationError"
    code, _, text = refused(
        sts.assume_role, RoleArn=role, RoleSessionName="xx", Tags=[{"Key": "a", "Value": "b"}]
    )
    assert (code, "Tags" in text) == ("PolicyUnsupported", True)


@pytest.mark.parametrize(
    ("statement", "service", "operation", "right", "wrong"),
    [
        (
            allow("cloudwatch:PutMetricData", Condition={"StringEquals": {"cloudwatch:namespace": "Orders"}}),
            "cloudwatch",
            "put_metric_data",
            {"Namespace": "Orders", "MetricData": []},
            {"Namespace": "Other", "MetricData": []},
        ),
        (
            allow("sqs:CreateQueue", Condition={"StringEquals": {"aws:RequestTag/team": "red"}}),
            "sqs",
            "create_queue",
            {"QueueName": "tagged-1", "tags": {"team": "red"}},
            {"QueueName": "tagged-2"},
        ),
        (
            allow("sqs:CreateQueue", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}),
            "sqs",
            "create_queue",
            {"QueueName": "tagged-3", "tags": {"team": "red"}},
            {"QueueName": "tagged-4", "tags": {"team": "red", "x": "y"}},
        ),
        (
            allow(
                "sqs:*",
                Condition={
                    "StringEquals": {"aws:RequestedRegion": "us-east-1"},
                    "Bool": {"aws:SecureTransport": "true"},
                    "DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
                },
            ),
            "sqs",
            "list_queues",
            {},
            None,
        ),
        (
            allow("ssm:PutParameter", Condition={"Null": {"ssm:Overwrite": "true"}}),
            "ssm",
            "put_parameter",
            {"Name": "/cond", "Value": "v", "Type": "String"},
            {"Name": "/cond", "Value": "v", "Type": "String", "Overwrite": True},
        ),
    ],
    ids=["namespace", "request tag", "tag keys", "global keys", "null"],
)
def test_conditions_read_the_request(
    small_cloud: SmallCloud,
    statement: dict[str, Any],
    service: str,
    operation: str,
    right: dict[str, Any],
    wrong: dict[str, Any] | None,
) -> None:
    """Keys of the request, of its tags, of the moment."""
    client = small_cloud.as_function(small_cloud.role(statement))(service)
    getattr(client, operation)(**right)
    if wrong is not None:
        assert "not authorized" in refused(getattr(client, operation), **wrong)[2]


def test_conditions_of_buckets(small_cloud: SmallCloud) -> None:
    """s3:prefix limits what can be listed."""
    bucket = small_cloud.name("prefixed")
    small_cloud.client("s3").create_bucket(Bucket=bucket)
    limited = allow(
        "s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition={"StringLike": {"s3:prefix": "in/*"}}
    )
    s3 = small_cloud.as_function(small_cloud.role(limited))("s3")
    s3.list_objects_v2(Bucket=bucket, Prefix="in/2026")
    assert refused(s3.list_objects_v2, Bucket=bucket)[0] == "AccessDenied"
    assert refused(s3.list_objects_v2, Bucket=bucket, Prefix="out/")[0] == "AccessDenied"


@pytest.mark.parametrize("key", ["aws:ResourceTag/team", "sqs:SomethingNew"])
def test_what_cannot_be_decided_is_refused_with_the_reason(small_cloud: SmallCloud, key: str) -> None:
    """A condition key that the local cloud does not work out never allows."""
    role = small_cloud.role(allow("sqs:*", Condition={"StringEquals": {key: "red"}}))
    code, status, message = refused(small_cloud.as_function(role)("sqs").list_queues)
    assert (code, status) == ("PolicyUnsupported", 403)
    assert key in message


def test_handing_over_a_role_needs_permission(small_cloud: SmallCloud) -> None:
    """iam:PassRole, on the role, for the service that gets it."""
    passed = small_cloud.role(trust={"Service": "states.amazonaws.com"})
    machine = {
        "name": small_cloud.name("m"),
        "roleArn": passed,
        "definition": json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
    }
    without = small_cloud.as_function(small_cloud.role(allow("states:*")))("stepfunctions")
    assert (
        f"iam:PassRole on resource: {passed} because" in refused(without.create_state_machine, **machine)[2]
    )
    for receiver, works in (("lambda.amazonaws.com", False), ("states.amazonaws.com", True)):
        to = {"StringEquals": {"iam:PassedToService": receiver}}
        role = small_cloud.role(allow("states:*"), allow("iam:PassRole", passed, Condition=to))
        states = small_cloud.as_function(role)("stepfunctions")
        if works:
            assert states.create_state_machine(**machine)["stateMachineArn"]
        else:
            assert refused(states.create_state_machine, **machine)[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("service", "operation", "unknown", "wrong"),
    [
        ("dynamodb", "list_tables", "UnrecognizedClientException", "InvalidSignatureException"),
        ("lambda", "list_functions", "UnrecognizedClientException", "InvalidSignatureException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("sqs", "list_queues", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("s3", "list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    ],
)
def test_bad_credentials_are_named_as_each_service_names_them(
    small_cloud: SmallCloud, service: str, operation: str, unknown: str, wrong: str
) -> None:
    """An unknown key, and a known key with another secret."""
    nobody = small_cloud.client(service, Credentials("AKIANOBODY", SECRET, ""))
    thief = small_cloud.client(service, Credentials(KEY, "guessed", ""))
    assert refused(getattr(nobody, operation))[0] == unknown
    assert refused(getattr(thief, operation))[0] == wrong


@pytest.mark.parametrize(
    "text", ["x&Action=DeleteTable&y", "a&TableName={other}&b", '{{"Action":"DeleteTable"}}']
)
def test_stored_text_is_never_taken_for_a_request(small_cloud: SmallCloud, text: str) -> None:
    """Whatever a role may write, it can only write."""
    table, other = small_cloud.name("texts"), small_cloud.name("other")
    admin = small_cloud.client("dynamodb")
    for name in (table, other):
        admin.create_table(TableName=name, **KEY_SCHEMA)
    role = small_cloud.role(allow("dynamodb:PutItem", arn("dynamodb", f"table/{table}")))
    item = {"id": {"S": text.format(other=other)}}
    small_cloud.as_function(role)("dynamodb").put_item(TableName=table, Item=item)
    assert admin.scan(TableName=table)["Items"] == [item]
    assert admin.scan(TableName=other)["Items"] == []


def test_messages_and_logs_may_say_anything(small_cloud: SmallCloud) -> None:
    """Query strings are common in both."""
    sqs, logs, text = small_cloud.client("sqs"), small_cloud.client("logs"), "GET /?a=1&Action=DeleteQueue&b="
    url = sqs.create_queue(QueueName=small_cloud.name("q"))["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=text)
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == [text]
    group = small_cloud.name("g")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    event = {"timestamp": int(time.time() * 1000), "message": text.replace("Queue", "LogGroup")}
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])
    events = logs.get_log_events(logGroupName=group, logStreamName="s")["events"]
    assert [each["message"] for each in events] == [event["message"]]


def test_presigned_urls_reach_the_service_they_were_made_for(small_cloud: SmallCloud) -> None:
    """They have no Authorization header that would name it."""
    role = small_cloud.role(allow("s3:GetObject"))
    as_role = small_cloud.as_function(role, "linker")
    url = as_role("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    with urlopen(url) as answer:
        assert b":assumed-role/" in answer.read()
    bucket, s3 = small_cloud.name("bucket"), small_cloud.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a b", Body=b"content")
    arguments = {"Bucket": bucket, "Key": "a b"}
    with urlopen(as_role("s3").generate_presigned_url("get_object", arguments)) as answer:
        assert answer.read() == b"content"
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(as_role("s3").generate_presigned_url("delete_object", arguments), method="DELETE"))


def test_the_region_is_the_one_that_was_signed(small_cloud: SmallCloud) -> None:
    """Not one that a User-Agent speaks of."""
    name = small_cloud.name("regional")
    client = boto3.client(
        "sqs",
        "eu-west-1",
        endpoint_url=small_cloud.endpoint,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(user_agent_extra="region/us-west-2"),
    )
    url = client.create_queue(QueueName=name)["QueueUrl"]
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    assert attributes["QueueArn"] == arn("sqs", name, "eu-west-1")


def test_unsigned_requests_are_refused(small_cloud: SmallCloud) -> None:
    """Whatever they ask for, in whatever protocol."""
    for headers in ({}, {"X-Amz-Target": "DynamoDB_20120810.ListTables"}):
        with pytest.raises(HTTPError) as refusal:
            urlopen(Request(small_cloud.endpoint + "/anything", headers=headers))
        assert b"missing Authentication Token" in refusal.value.read()
