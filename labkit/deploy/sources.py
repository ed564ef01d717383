"""What calls functions: buckets, queues, tables, mappings, permissions. Made once, safe to ask for again."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from labkit.session import Lab


def allow(action: str | list[str], resource: str | list[str]) -> dict[str, Any]:
    """A policy document that allows something, as `role` takes it."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}],
    }


def bucket(lab: Lab, name: str) -> str:
    """A bucket in the lab's Region; its full name.

    Args:
        name: gets the lab's prefix.
    """
    s3, full = lab.client("s3"), lab.name(name)
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": lab.region}}
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=full, **({} if lab.region == "us-east-1" else elsewhere))
    lab.wait("s3", "bucket_exists", Bucket=full)
    return full


def queue(lab: Lab, name: str, **attributes: str) -> tuple[str, str]:
    """A queue; its address and its ARN.

    Args:
        name: gets the lab's prefix.
        attributes: of CreateQueue, such as ``VisibilityTimeout="60"``.
    """
    sqs = lab.client("sqs")
    url = str(sqs.create_queue(QueueName=lab.name(name), Attributes=attributes)["QueueUrl"])
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, str(found["Attributes"]["QueueArn"])


def table(lab: Lab, name: str, key: str) -> str:
    """A table on demand, with one key that is a text; its ARN.

    Args:
        name: gets the lab's prefix.
    """
    dynamodb, full = lab.client("dynamodb"), lab.name(name)
    with suppress(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(
            TableName=full,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    lab.wait("dynamodb", "table_exists", TableName=full)
    return str(dynamodb.describe_table(TableName=full)["Table"]["TableArn"])


def mapping(lab: Lab, function: str, source_arn: str, **settings: Any) -> str:
    """The event source mapping of a function to a queue or stream, once it reads; its UUID.

    Args:
        function: gets the lab's prefix.
        settings: of CreateEventSourceMapping, for one that is not there yet.

    Raises:
        ClientError: Lambda refuses, for instance because the role may not read.
        WaitTimeout: it does not come to read.
    """
    lambda_ = lab.client("lambda")
    pair: dict[str, Any] = {"FunctionName": lab.name(function), "EventSourceArn": source_arn}
    if not (there := lambda_.list_event_source_mappings(**pair)["EventSourceMappings"]):
        there = [lab.eventually(lambda_.create_event_source_mapping, **pair, **settings)]
    uuid = str(there[0]["UUID"])
    lab.until(lambda: lambda_.get_event_source_mapping(UUID=uuid)["State"] == "Enabled")
    return uuid


def permit(lab: Lab, function: str, sid: str, principal: str, **more: Any) -> None:
    """A statement in a function's resource-based policy that lets somebody invoke it.

    Args:
        function: gets the lab's prefix.
        sid: name of the statement; one of that name that is there already is replaced.
        principal: who may, such as ``s3.amazonaws.com``.
        more: of AddPermission, such as ``SourceArn`` or ``Qualifier``; another ``Action``.
    """
    lambda_ = lab.client("lambda")
    statement = {"FunctionName": lab.name(function), "StatementId": sid}
    asked = {**statement, "Action": "lambda:InvokeFunction", "Principal": principal, **more}
    try:
        lambda_.add_permission(**asked)
    except lambda_.exceptions.ResourceConflictException:
        where = {"Qualifier": more["Qualifier"]} if "Qualifier" in more else {}
        lambda_.remove_permission(**statement, **where)
        lambda_.add_permission(**asked)


def http_api(lab: Lab, name: str, **settings: Any) -> dict[str, Any]:
    """The lab's HTTP API of a name, as GetApi describes it; made if there is none, or else updated.

    Args:
        name: gets the lab's prefix.
        settings: of CreateApi. What is left out stays as it is.
    """
    apis, full = lab.client("apigatewayv2"), lab.name(name)
    pages = apis.get_paginator("get_apis").paginate()
    found = [api for page in pages for api in page["Items"] if api["Name"] == full]
    if not found:
        return dict(apis.create_api(Name=full, ProtocolType="HTTP", **settings))
    return dict(apis.update_api(ApiId=found[0]["ApiId"], **settings) if settings else found[0])


def state_machine(lab: Lab, name: str, role: str, definition: dict[str, Any]) -> str:
    """A state machine with a definition, made or updated; its ARN.

    Args:
        name: gets the lab's prefix.
        role: ARN of the role that it takes on.
        definition: in the Amazon States Language.
    """
    steps, full = lab.client("stepfunctions"), lab.name(name)
    settings: dict[str, Any] = {"roleArn": role, "definition": json.dumps(definition)}
    arn = f"arn:aws:states:{lab.region}:{lab.account_id}:stateMachine:{full}"
    try:
        steps.describe_state_machine(stateMachineArn=arn)
    except steps.exceptions.StateMachineDoesNotExist:
        lab.eventually(steps.create_state_machine, name=full, **settings)
    else:
        steps.update_state_machine(stateMachineArn=arn, **settings)
    return arn
