"""The real AWS CLI runs what we wrote down, in a real shell, and gives the same resources as boto3 did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest

from labkit.awscli import Recorder, script

CHANGING = {
    "ARN", "CodeSize", "CreateDate", "CreatedDate", "CreatedTimestamp", "CreationDateTime", "CreationTime",
    "LastModified", "LastModifiedDate", "LastModifiedTimestamp", "Location", "ResponseMetadata", "RevisionId",
    "RoleId", "SecretVersionsToStages", "TableId", "TopicArn", "UUID", "VersionId", "creationTime",
    "LastUpdateToPayPerRequestDateTime", "Url",
}  # fmt: skip
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": "arn:aws:dynamodb:*:*:table/t"}
        ],
    }
)
ROLE = "arn:aws:iam::123456789012:role/orders-role"
Clients = Callable[[str], Any]


def zipped(text: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("handler.py"), text)
    return out.getvalue()


def in_a_shell(text: str, folder: Path) -> str:
    """Run the commands as a person would: pasted into a shell, the CLI on the path, with no account about."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }
    ran = subprocess.run(
        ["bash", "-eu", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, timeout=280
    )
    assert ran.returncode == 0, f"{ran.stderr}\n{text}"
    return ran.stdout


def steady(value: Any) -> Any:
    """An answer without what differs from one creation to the next."""
    if isinstance(value, dict):
        return {key: steady(item) for key, item in value.items() if key not in CHANGING}
    if isinstance(value, list):
        return [steady(item) for item in value]
    return "a time" if isinstance(value, datetime) else value


def functions(client: Clients) -> None:
    """Functions, versions, aliases, layers, tags, permissions, invocations."""
    lambda_ = client("lambda")
    client("iam").create_role(RoleName="orders-role", AssumeRolePolicyDocument=TRUST)
    layer = lambda_.publish_layer_version(
        LayerName="tools",
        Description="it's a layer",
        Content={"ZipFile": zipped("tools = 1")},
        CompatibleRuntimes=["python3.12", "python3.13"],
    )
    lambda_.create_function(
        FunctionName="orders",
        Runtime="python3.13",
        Role=ROLE,
        Handler="handler.handler",
        Code={"ZipFile": zipped("def handler(event, context): return 1")},
        Environment={"Variables": {"TABLE": "orders", "GREETING": 'it\'s "$HOME"'}},
        Layers=[layer["LayerVersionArn"]],
        Tags={"course": "lambda", "phase": "02"},
        Timeout=10,
        MemorySize=256,
        Publish=True,
        Architectures=["arm64"],
    )
    lambda_.update_function_code(
        FunctionName="orders", ZipFile=zipped("def handler(event, context): return 2")
    )
    lambda_.update_function_configuration(
        FunctionName="orders", Description="-v2", MemorySize=512, Environment={"Variables": {}}
    )
    version = lambda_.publish_version(FunctionName="orders", Description="second")["Version"]
    lambda_.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    weights = {"AdditionalVersionWeights": {version: 0.1}}
    lambda_.update_alias(FunctionName="orders", Name="live", RoutingConfig=weights)
    lambda_.tag_resource(
        Resource="arn:aws:lambda:us-east-1:123456789012:function:orders", Tags={"owner": "me"}
    )
    lambda_.untag_resource(
        Resource="arn:aws:lambda:us-east-1:123456789012:function:orders", TagKeys=["phase"]
    )
    lambda_.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=3)
    lambda_.add_permission(
        FunctionName="orders", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::uploads", SourceAccount="123456789012",
    )  # fmt: skip
    for _ in range(3):
        lambda_.invoke(FunctionName="orders", Payload=json.dumps({"name": "Zoë's"}), LogType="Tail")
    lambda_.invoke(FunctionName="orders", Payload=b"", InvocationType="RequestResponse")


def see_functions(client: Clients) -> list[Any]:
    lambda_ = client("lambda")
    return [
        lambda_.list_functions(FunctionVersion="ALL")["Functions"],
        lambda_.get_function(FunctionName="orders"),
        lambda_.list_aliases(FunctionName="orders")["Aliases"],
        lambda_.list_layers()["Layers"],
        lambda_.get_policy(FunctionName="orders")["Policy"],
        lambda_.get_function_concurrency(FunctionName="orders"),
    ]


def roles(client: Clients) -> None:
    """Roles with inline and managed policies."""
    iam = client("iam")
    iam.create_role(
        RoleName="orders-role", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b c"}],
        MaxSessionDuration=7200,
    )  # fmt: skip
    iam.put_role_policy(RoleName="orders-role", PolicyName="table", PolicyDocument=POLICY)
    read = iam.create_policy(PolicyName="read", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="orders-role", PolicyArn=read)
    iam.create_role(RoleName="gone", AssumeRolePolicyDocument=TRUST)
    iam.delete_role(RoleName="gone")


def see_roles(client: Clients) -> list[Any]:
    iam = client("iam")
    return [
        iam.list_roles()["Roles"],
        iam.get_role(RoleName="orders-role")["Role"],
        iam.get_role_policy(RoleName="orders-role", PolicyName="table"),
        iam.list_attached_role_policies(RoleName="orders-role")["AttachedPolicies"],
        iam.list_policies(Scope="Local")["Policies"][0]["PolicyName"],
    ]


def data(client: Clients) -> None:
    """Tables and items, logs, parameters, secrets."""
    dynamodb, logs = client("dynamodb"), client("logs")
    dynamodb.create_table(
        TableName="photos",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"id": {"S": "it's"}, "at": {"N": "1.50"}, "tags": {"L": [{"S": "-x"}, {"NULL": True}]}}
    dynamodb.put_item(TableName="photos", Item=item)
    dynamodb.put_item(TableName="photos", Item={"id": {"S": "raw"}, "at": {"N": "2"}, "b": {"B": b"bytes"}})
    dynamodb.update_item(
        TableName="photos",
        Key={"id": {"S": "it's"}, "at": {"N": "1.50"}},
        UpdateExpression="SET #v = :v",
        ExpressionAttributeNames={"#v": "views"},
        ExpressionAttributeValues={":v": {"N": "3"}},
    )
    logs.create_log_group(logGroupName="/aws/lambda/orders", tags={"course": "lambda"})
    logs.put_retention_policy(logGroupName="/aws/lambda/orders", retentionInDays=7)
    ssm, secrets = client("ssm"), client("secretsmanager")
    ssm.put_parameter(Name="/orders/url", Value="https://example.com/?a=1&b=2", Type="String")
    ssm.put_parameter(Name="/orders/key", Value="s3cr3t\n", Type="SecureString", Overwrite=True)
    secrets.create_secret(Name="orders/db", SecretString=json.dumps({"user": "me", "password": "p'w"}))
    secrets.create_secret(Name="orders/raw", SecretBinary=b"\x00\xff")


def see_data(client: Clients) -> list[Any]:
    names = ["/orders/url", "/orders/key"]
    return [
        client("dynamodb").describe_table(TableName="photos")["Table"],
        client("dynamodb").scan(TableName="photos")["Items"],
        client("logs").describe_log_groups()["logGroups"],
        client("ssm").get_parameters(Names=names, WithDecryption=True)["Parameters"],
        client("secretsmanager").get_secret_value(SecretId="orders/db"),
        client("secretsmanager").get_secret_value(SecretId="orders/raw"),
    ]


def events(client: Clients) -> None:
    """Queues, topics, rules, buckets: what later phases make."""
    sqs, sns = client("sqs"), client("sns")
    queue = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody='{"order": 1}')
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:work")
    rules = client("events")
    rules.put_rule(Name="nightly", ScheduleExpression="cron(0 2 * * ? *)", State="ENABLED")
    rules.put_targets(Rule="nightly", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:work"}])
    s3 = client("s3")
    s3.create_bucket(Bucket="uploads")
    s3.put_object(Bucket="uploads", Key="a b/ü.txt", Body=b"hello", Metadata={"who": "me"})


def see_events(client: Clients) -> list[Any]:
    sqs = client("sqs")
    queue = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    message = sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"]
    found = client("s3").get_object(Bucket="uploads", Key="a b/ü.txt")
    return [
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"],
        message,
        [one["Endpoint"] for one in client("sns").list_subscriptions()["Subscriptions"]],
        client("events").list_rules()["Rules"],
        client("events").list_targets_by_rule(Rule="nightly")["Targets"],
        found["Body"].read(),
        found["Metadata"],
    ]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("make", "see"), [(functions, see_functions), (roles, see_roles), (data, see_data), (events, see_events)]
)
def test_the_cli_makes_what_boto3_made(
    moto: Any,
    session: boto3.Session,
    tmp_path: Path,
    make: Callable[[Clients], None],
    see: Callable[[Clients], list[Any]],
) -> None:
    """Recorded from boto3, forgotten by the cloud, made again by the CLI from our text alone."""
    recorder = Recorder()
    recorder.attach(session)
    make(session.client)
    made = recorder.commands(endpoint_url=moto.url)
    by_boto3 = steady(see(session.client))
    moto.forget()
    for command in made:
        for file in command.files:
            if not any(line.startswith("printf") for line in file.lines):
                file.save(tmp_path)  # a zip or a secret, which the text only describes
    in_a_shell(script(made), tmp_path)
    assert steady(see(session.client)) == by_boto3
