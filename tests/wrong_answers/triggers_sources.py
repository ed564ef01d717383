"""Answers to exercises 03.2 to 03.4: a bucket, a stream, a queue."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from contextlib import suppress
from typing import Any

from labkit import deploy
from labkit.library import folder, functions, parts, triggers
from tests.wrong_answers.world import SHARED, World, right, wrong

SHARED.update(("03.2", "03.3", "03.4"))

ORIGINALS = [{"Name": "prefix", "Value": "originals/"}, {"Name": "suffix", "Value": ".png"}]
NOT_DECODED = """
def place(record):
    return record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
"""


def quiet(world: World) -> str:
    """The bucket and the function, without notification and permission; the function's ARN."""
    world.once(parts.table)
    arn, lambda_ = world.once(functions.thumbnail), world.client("lambda")
    tell(world)
    with suppress(lambda_.exceptions.ResourceNotFoundException):
        lambda_.remove_permission(FunctionName=arn, StatementId="uploads")
    return arn


def tell(world: World, *whom: dict[str, Any]) -> None:
    """The notifications of the bucket."""
    world.client("s3").put_bucket_notification_configuration(
        Bucket=world.name("uploads"), NotificationConfiguration={"LambdaFunctionConfigurations": list(whom)}
    )


def code(world: World, name: str, **files: str) -> None:
    """The code of a function of the library, but for the files given."""
    finished = {path.name: path.read_text() for path in folder(name.replace("-", "_")).glob("*.py")}
    packed = deploy.package({**finished, **{f"{one}.py": text for one, text in files.items()}})
    there = world.client("lambda").get_function_configuration(FunctionName=world.name(name))
    if there["CodeSha256"] != b64encode(hashlib.sha256(packed).digest()).decode():
        world.update(world.name(name), packed)


def bucket(
    world: World,
    rules: list[dict[str, str]] | None = None,
    account: bool = True,
    event: str = "s3:ObjectCreated:*",
    **files: str,
) -> None:
    """The bucket as the solution has it, but for what is given."""
    arn = quiet(world)
    code(world, "thumbnail", **files)
    source = {"SourceArn": f"arn:aws:s3:::{world.name('uploads')}"}
    source |= {"SourceAccount": world.lab.account_id} if account else {}
    deploy.permit(world.lab, "thumbnail", "uploads", "s3.amazonaws.com", **source)
    told = {"LambdaFunctionArn": arn, "Events": [event]}
    told |= {"Filter": {"Key": {"FilterRules": ORIGINALS if rules is None else rules}}}
    tell(world, told)


@wrong("03.2", "nothing but the function", "S3 may not call it yet")
def _(world: World) -> None:
    quiet(world)


@wrong("03.2", "permitted, and no notification", "The permission is there. Now put_bucket_notification")
def _(world: World) -> None:
    quiet(world)
    deploy.permit(world.lab, "thumbnail", "uploads", "s3.amazonaws.com")


@wrong(
    "03.2", "permitted for a bucket without the lab's prefix", "S3 may call it only for arn:aws:s3:::uploads"
)
def _(world: World) -> None:
    quiet(world)
    deploy.permit(world.lab, "thumbnail", "uploads", "s3.amazonaws.com", SourceArn="arn:aws:s3:::uploads")


@wrong("03.2", "told of what goes instead of what comes", "tells of s3:ObjectRemoved:. only")
def _(world: World) -> None:
    bucket(world, event="s3:ObjectRemoved:*")


@wrong("03.2", "no prefix", "it also tells of thumbnails: a loop")
def _(world: World) -> None:
    bucket(world, ORIGINALS[1:])


@wrong("03.2", "a prefix with a leading slash", "which no picture under originals/ has")
def _(world: World) -> None:
    bucket(world, [{"Name": "prefix", "Value": "/originals"}, ORIGINALS[1]])


@wrong("03.2", "no suffix", "texts would come, too")
def _(world: World) -> None:
    bucket(world, ORIGINALS[:1])


@wrong("03.2", "a bucket of this name, whoever owns it", "whoever owns it")
def _(world: World) -> None:
    bucket(world, account=False)


@wrong("03.2", "the key as S3 writes it", "spaces are '.'")
def _(world: World) -> None:
    bucket(world, arrived=NOT_DECODED)


@right("03.2", "as the solution has it", "a thumbnail was there .* ms after its picture")
def _(world: World) -> None:
    bucket(world)


@right("03.2", "a shorter prefix, the suffix without its dot", "a thumbnail was there")
def _(world: World) -> None:
    bucket(world, [{"Name": "Prefix", "Value": "orig"}, {"Name": "Suffix", "Value": "png"}])


def unmapped(world: World) -> tuple[str, str]:
    """The function that counts ratings, called by nobody; its stream, and the queue for what fails."""
    world.once(parts.table)
    world.once(functions.count_ratings)
    lambda_ = world.client("lambda")
    there = lambda_.list_event_source_mappings(FunctionName=world.name("count-ratings"))
    for one in there["EventSourceMappings"]:
        lambda_.delete_event_source_mapping(UUID=one["UUID"])
        world.lab.until(lambda uuid=one["UUID"]: gone(world, uuid))
    return functions.table_stream(world.lab), deploy.queue(world.lab, "ratings-failed")[1]


def gone(world: World, uuid: str) -> bool:
    """Whether a mapping is deleted, which takes a moment."""
    lambda_ = world.client("lambda")
    try:
        lambda_.get_event_source_mapping(UUID=uuid)
    except lambda_.exceptions.ResourceNotFoundException:
        return True
    return False


def stream(world: World, **changes: Any) -> None:
    """The mapping of the stream as the solution has it, but for what is given; None leaves a setting out."""
    source, failed = unmapped(world)
    world.client("iam").put_role_policy(
        RoleName=world.name("count-ratings-role"),
        PolicyName="failed",
        PolicyDocument=json.dumps(deploy.allow("sqs:SendMessage", failed)),
    )
    settings = {
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 2,
        "DestinationConfig": {"OnFailure": {"Destination": failed}},
        **changes,
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    deploy.mapping(world.lab, "count-ratings", source, StartingPosition="LATEST", **settings)


@wrong("03.3", "no mapping", "has no event source mapping from the stream")
def _(world: World) -> None:
    unmapped(world)


@wrong("03.3", "the batch is not halved", "one bad record takes the others with it")
def _(world: World) -> None:
    stream(world, BisectBatchOnFunctionError=None)


@wrong("03.3", "retried until it expires", "a record is retried until it expires")
def _(world: World) -> None:
    stream(world, MaximumRetryAttempts=None)


@wrong("03.3", "retried five times", "a record is retried 5 times")
def _(world: World) -> None:
    stream(world, MaximumRetryAttempts=5)


@wrong("03.3", "nobody is told", "dropped without a trace")
def _(world: World) -> None:
    stream(world, DestinationConfig=None)


@wrong("03.3", "the role may not send any more", "may not sqs:SendMessage to")
def _(world: World) -> None:
    stream(world)
    which = {"RoleName": world.name("count-ratings-role"), "PolicyName": "failed"}
    world.client("iam").delete_role_policy(**which)


@right("03.3", "as the solution has it", "a rating was counted .* ms after it was given")
def _(world: World) -> None:
    stream(world)


@right("03.3", "two batches of a shard at once, a filter", "a rating was counted")
def _(world: World) -> None:
    new = json.dumps({"eventName": ["INSERT"]})
    stream(world, ParallelizationFactor=2, FilterCriteria={"Filters": [{"Pattern": new}]})


WORK = """
from orders import {what}
def handler(event, context):
    {body}
"""
ALL_OR_NOTHING = WORK.format(what="work_off", body="[work_off(one) for one in event['Records']]")
SILENT = WORK.format(what="fails", body="[fails(one) for one in event['Records']]")
ORDER_IDS = WORK.format(
    what="fails",
    body="bad = [{'itemIdentifier': 'order-3'} for one in event['Records'] if fails(one)]\n"
    "    return {'batchItemFailures': bad}",
)
BARE_IDS = WORK.format(
    what="fails",
    body="return {'batchItemFailures': [one['messageId'] for one in event['Records'] if fails(one)]}",
)
ALL_BACK = WORK.format(
    what="fails",
    body="return {'batchItemFailures': [{'itemIdentifier': one['messageId']} for one in event['Records']]}",
)
OWN_WAY = """
import json, os, boto3
table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
def handler(event, context):
    failures = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        if order["copies"] > 0:
            table.put_item(Item=order)
        else:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
"""


def queue(world: World, app: str | None = None, expects: list[str] | None = None, **attributes: str) -> None:
    """The queue as the solution has it, but for its handler, what the mapping expects, and its attributes."""
    world.once(triggers.orders)
    code(world, "work-orders", **({"app": app} if app else {}))
    url, arn = deploy.queue(world.lab, "orders")
    mapping = deploy.mapping(world.lab, "work-orders", arn)
    world.client("lambda").update_event_source_mapping(
        UUID=mapping, FunctionResponseTypes=["ReportBatchItemFailures"] if expects is None else expects
    )
    deploy.mapping(world.lab, "work-orders", arn)
    settings = {"RedrivePolicy": given_up(world), "VisibilityTimeout": "60", **attributes}
    world.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=settings)


def given_up(world: World, after: int | str = 3, base: str = "orders-dead") -> str:
    """A redrive policy."""
    return json.dumps({"deadLetterTargetArn": deploy.queue(world.lab, base)[1], "maxReceiveCount": after})


@wrong("03.4", "the handler fails as a whole", "all three come back")
def _(world: World) -> None:
    queue(world, ALL_OR_NOTHING)


@wrong("03.4", "caught and forgotten", "answered null: nobody learns of the bad order")
def _(world: World) -> None:
    queue(world, SILENT)


@wrong("03.4", "the orders' ids instead of the messages'", "which is no messageId of the batch")
def _(world: World) -> None:
    queue(world, ORDER_IDS)


@wrong("03.4", "bare ids", "as it is: to Lambda that is a failure of the whole batch")
def _(world: World) -> None:
    queue(world, BARE_IDS)


@wrong("03.4", "everything comes back", "also good ones: they are done again")
def _(world: World) -> None:
    queue(world, ALL_BACK)


@wrong("03.4", "the mapping does not expect it", "the mapping does not expect ReportBatchItemFailures")
def _(world: World) -> None:
    queue(world, expects=[])


@wrong("03.4", "no dead-letter queue", "the queue has no dead-letter queue")
def _(world: World) -> None:
    queue(world, RedrivePolicy="")


@wrong("03.4", "given up after the first failure", "a message is given up after 1 attempt")
def _(world: World) -> None:
    queue(world, RedrivePolicy=given_up(world, after=1))


@wrong("03.4", "visible again too early", "messages are visible again after 30 s")
def _(world: World) -> None:
    queue(world, VisibilityTimeout="30")


@right("03.4", "as the solution has it", "gives back what failed, .*orders-dead gets it in the end")
def _(world: World) -> None:
    queue(world)


@right("03.4", "a handler of one's own, and five attempts", "an order was done in")
def _(world: World) -> None:
    queue(world, OWN_WAY, RedrivePolicy=given_up(world, "5", "given-up"), VisibilityTimeout="90")
