"""What phase 03 leaves: what calls the photo library's functions. Each function makes one part in a lab.

Names, each through ``lab.name``:

- bucket ``uploads``: a PNG under ``originals/`` calls ``thumbnail``, which writes under ``thumbnails/``
- stream of the table ``photos``: calls ``count-ratings``, which keeps the table ``statistics``; what it
  cannot take goes to the queue ``ratings-failed``
- HTTP API ``photos-api``: ``GET /photos/{photo_id}`` calls ``get-photo`` behind its alias ``live``
- schedule ``nightly``: calls ``clean-up`` at two in the morning, Tokyo time
- queue ``orders``: calls ``work-orders``, which keeps the table ``orders``; what fails three times goes to
  the queue ``orders-dead``
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from labkit import deploy
from labkit.library import code
from labkit.library.parts import TABLE, allow, exists, table_arn
from labkit.session import Lab

READ_STREAM = [
    f"dynamodb:{one}" for one in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
]
READ_QUEUE = [f"sqs:{one}" for one in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")]
VISIBILITY_S = 60  # six times the timeout of work-orders: Lambda Developer Guide, Amazon SQS
RECEIVES = 3


def uploads(lab: Lab) -> bool:
    """The bucket, the function ``thumbnail``, and the notification from the one to the other."""
    s3, bucket = lab.client("s3"), lab.name("uploads")
    if exists(s3.head_bucket, Bucket=bucket):
        told = s3.get_bucket_notification_configuration(Bucket=bucket)
        if told.get("LambdaFunctionConfigurations"):
            return False
    else:
        _make_bucket(lab, bucket)
    objects = f"arn:aws:s3:::{bucket}"
    role = deploy.role(
        lab,
        "thumbnail-role",
        deploy.BASIC_EXECUTION,
        allow("s3:GetObject", f"{objects}/originals/*"),
        allow("s3:PutObject", f"{objects}/thumbnails/*"),
        allow("dynamodb:UpdateItem", table_arn(lab)),
    )
    arn = _deploy(lab, "thumbnail", role, {"TABLE_NAME": lab.name(TABLE)}, memory_mb=512, timeout_s=30)
    permit(lab, "thumbnail", "uploads", "s3.amazonaws.com", objects, SourceAccount=lab.account_id)
    rules = [{"Name": "prefix", "Value": "originals/"}, {"Name": "suffix", "Value": ".png"}]
    tell = {"Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"LambdaFunctionConfigurations": [{**tell, "LambdaFunctionArn": arn}]},
    )
    return True


def ratings(lab: Lab) -> bool:
    """The table's stream, the function ``count-ratings``, and the mapping between them."""
    if _mapped(lab, "count-ratings"):
        return False
    failed = _queue(lab, "ratings-failed")
    statistics = _make_table(lab, "statistics", "statistic")
    stream = table_stream(lab)
    role = deploy.role(
        lab,
        "count-ratings-role",
        deploy.BASIC_EXECUTION,
        allow(READ_STREAM, stream),
        allow("dynamodb:UpdateItem", statistics),
        allow("sqs:SendMessage", failed),
    )
    _deploy(lab, "count-ratings", role, {"STATISTICS_TABLE": lab.name("statistics")}, timeout_s=10)
    _map(
        lab,
        "count-ratings",
        stream,
        StartingPosition="LATEST",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": failed}},
    )
    return True


def photos_api(lab: Lab) -> bool:
    """The HTTP API in front of ``get-photo``."""
    apis, name = lab.client("apigatewayv2"), lab.name("photos-api")
    pages = apis.get_paginator("get_apis").paginate()
    found = [api for page in pages for api in page["Items"] if api["Name"] == name]
    live = lab.client("lambda").get_alias(FunctionName=lab.name("get-photo"), Name="live")["AliasArn"]
    api = (
        found[0]
        if found
        else apis.create_api(Name=name, ProtocolType="HTTP", RouteKey="GET /photos/{photo_id}", Target=live)
    )
    source = f"arn:aws:execute-api:{lab.region}:{lab.account_id}:{api['ApiId']}/*"
    permit(lab, "get-photo", "photos-api", "apigateway.amazonaws.com", source, Qualifier="live")
    return not found


def nightly(lab: Lab) -> bool:
    """The function ``clean-up``, and the schedule that calls it."""
    scheduler, name = lab.client("scheduler"), lab.name("nightly")
    if exists(scheduler.get_schedule, Name=name):
        return False
    may_delete = allow(["dynamodb:Scan", "dynamodb:DeleteItem"], table_arn(lab))
    role = deploy.role(lab, "clean-up-role", deploy.BASIC_EXECUTION, may_delete)
    arn = _deploy(lab, "clean-up", role, {"TABLE_NAME": lab.name(TABLE)}, timeout_s=30)
    may_call = allow("lambda:InvokeFunction", arn)
    caller = deploy.role(lab, "nightly-role", may_call, service="scheduler.amazonaws.com")
    lab.eventually(
        scheduler.create_schedule,
        like="must allow AWS EventBridge Scheduler to assume the role",
        Name=name,
        ScheduleExpression="cron(0 2 * * ? *)",
        ScheduleExpressionTimezone="Asia/Tokyo",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": caller},
    )
    return True


def orders(lab: Lab) -> bool:
    """The queue of orders with its dead-letter queue, the function ``work-orders``, and the mapping."""
    if _mapped(lab, "work-orders"):
        return False
    redrive = {"deadLetterTargetArn": _queue(lab, "orders-dead"), "maxReceiveCount": RECEIVES}
    queue = _queue(lab, "orders", VisibilityTimeout=str(VISIBILITY_S), RedrivePolicy=json.dumps(redrive))
    table = _make_table(lab, "orders", "order_id")
    may = allow(READ_QUEUE, queue), allow("dynamodb:PutItem", table)
    role = deploy.role(lab, "work-orders-role", deploy.BASIC_EXECUTION, *may)
    _deploy(lab, "work-orders", role, {"ORDERS_TABLE": lab.name("orders")}, timeout_s=10)
    _map(lab, "work-orders", queue, FunctionResponseTypes=["ReportBatchItemFailures"])
    return True


def permit(lab: Lab, function: str, sid: str, service: str, source_arn: str, **more: str) -> None:
    """Lets a service call a function for one of its resources. Safe to call again."""
    lambda_ = lab.client("lambda")
    with suppress(lambda_.exceptions.ResourceConflictException):
        lambda_.add_permission(
            FunctionName=lab.name(function),
            StatementId=sid,
            Action="lambda:InvokeFunction",
            Principal=service,
            SourceArn=source_arn,
            **more,
        )


def table_stream(lab: Lab) -> str:
    """The ARN of the stream of the table ``photos``, with new and old images; switched on if it is not."""
    dynamodb, name = lab.client("dynamodb"), lab.name(TABLE)
    table = dynamodb.describe_table(TableName=name)["Table"]
    if not table.get("StreamSpecification", {}).get("StreamEnabled"):
        wanted = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        dynamodb.update_table(TableName=name, StreamSpecification=wanted)
        lab.wait("dynamodb", "table_exists", TableName=name)
        table = dynamodb.describe_table(TableName=name)["Table"]
    return str(table["LatestStreamArn"])


def _deploy(lab: Lab, name: str, role: str, environment: dict[str, str], **settings: Any) -> str:
    """A function of the library with its finished code; its ARN."""
    source = code.folder(name.replace("-", "_"))
    made = deploy.function(lab, name, source, role=role, environment=environment, **settings)
    return str(made["FunctionArn"])


def _mapped(lab: Lab, function: str) -> bool:
    found = lab.client("lambda").list_event_source_mappings(FunctionName=lab.name(function))
    return bool(found["EventSourceMappings"])


def _map(lab: Lab, function: str, source_arn: str, **settings: Any) -> None:
    """An event source mapping that reads. A new role may be refused for some seconds yet."""
    lambda_ = lab.client("lambda")
    asked = {"FunctionName": lab.name(function), "EventSourceArn": source_arn, **settings}
    uuid = lab.eventually(lambda_.create_event_source_mapping, **asked)["UUID"]
    lab.until(lambda: lambda_.get_event_source_mapping(UUID=uuid)["State"] == "Enabled")


def _queue(lab: Lab, name: str, **attributes: str) -> str:
    """A queue; its ARN."""
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName=lab.name(name), Attributes=attributes)["QueueUrl"]
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def _make_bucket(lab: Lab, bucket: str) -> None:
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": lab.region}}
    s3 = lab.client("s3")
    s3.create_bucket(Bucket=bucket, **({} if lab.region == "us-east-1" else elsewhere))
    lab.wait("s3", "bucket_exists", Bucket=bucket)


def _make_table(lab: Lab, name: str, key: str) -> str:
    """A table with one key, a text; its ARN."""
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
