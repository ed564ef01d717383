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

from labkit import deploy
from labkit.deploy import allow
from labkit.library import functions
from labkit.library.parts import exists
from labkit.session import Lab

VISIBILITY_S = 60  # six times the timeout of work-orders: Lambda Developer Guide, Amazon SQS
RECEIVES = 3


def uploads(lab: Lab) -> bool:
    """The bucket, the function ``thumbnail``, and the notification from the one to the other."""
    s3, bucket = lab.client("s3"), lab.name("uploads")
    if exists(s3.head_bucket, Bucket=bucket):
        told = s3.get_bucket_notification_configuration(Bucket=bucket)
        if told.get("LambdaFunctionConfigurations"):
            return False
    arn = functions.thumbnail(lab)
    source = {"SourceArn": f"arn:aws:s3:::{bucket}", "SourceAccount": lab.account_id}
    deploy.permit(lab, "thumbnail", "uploads", "s3.amazonaws.com", **source)
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
    functions.count_ratings(lab)
    failed = deploy.queue(lab, "ratings-failed")[1]
    lab.client("iam").put_role_policy(
        RoleName=lab.name("count-ratings-role"),
        PolicyName="failed",
        PolicyDocument=json.dumps(allow("sqs:SendMessage", failed)),
    )
    deploy.mapping(
        lab,
        "count-ratings",
        functions.table_stream(lab),
        StartingPosition="LATEST",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": failed}},
    )
    return True


def photos_api(lab: Lab) -> bool:
    """The HTTP API in front of ``get-photo``."""
    apis, name = lab.client("apigatewayv2"), lab.name("photos-api")
    before = {api["Name"] for page in apis.get_paginator("get_apis").paginate() for api in page["Items"]}
    live = lab.client("lambda").get_alias(FunctionName=lab.name("get-photo"), Name="live")["AliasArn"]
    api = deploy.http_api(lab, "photos-api", RouteKey="GET /photos/{photo_id}", Target=live)
    source = f"arn:aws:execute-api:{lab.region}:{lab.account_id}:{api['ApiId']}/*"
    door = {"Qualifier": "live", "SourceArn": source}
    deploy.permit(lab, "get-photo", "photos-api", "apigateway.amazonaws.com", **door)
    return name not in before


def nightly(lab: Lab) -> bool:
    """The function ``clean-up``, and the schedule that calls it."""
    scheduler, name = lab.client("scheduler"), lab.name("nightly")
    if exists(scheduler.get_schedule, Name=name):
        return False
    arn = functions.clean_up(lab)
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
    redrive = {"deadLetterTargetArn": deploy.queue(lab, "orders-dead")[1], "maxReceiveCount": RECEIVES}
    settings = {"VisibilityTimeout": str(VISIBILITY_S), "RedrivePolicy": json.dumps(redrive)}
    url, arn = deploy.queue(lab, "orders")
    lab.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=settings)
    functions.work_orders(lab)
    deploy.mapping(lab, "work-orders", arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    return True


def _mapped(lab: Lab, function: str) -> bool:
    found = lab.client("lambda").list_event_source_mappings(FunctionName=lab.name(function))
    return bool(found["EventSourceMappings"])
