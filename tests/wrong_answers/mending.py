"""Answers to exercises 06.6 to 06.11: what was planted is left as it is, mended badly, or mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from random import Random
from typing import Any

from labkit import library
from labkit.library import faults, parts, triggers
from labkit.library.breaking import PARTS
from labkit.session import Lab
from tests.wrong_answers.world import SHARED, World, allow, policy, right, wrong

PART = {part.name: part for part in PARTS}
EVERYTHING = policy(allow("dynamodb:*", "*"))


def planted(world: World, name: str, fault: Any) -> None:
    """Plants one fault in one part."""
    fault(world.lab, PART[name], Random(1))


def put_policy(world: World, base: str, document: Any) -> None:
    """Puts an inline policy into the role of a part."""
    world.client("iam").put_role_policy(
        RoleName=world.name(f"{base}-role"), PolicyName="mine", PolicyDocument=json.dumps(document)
    )


SHARED.update(("06.6", "06.7", "06.8", "06.11"))


@cache
def as_made(name: str) -> Callable[[Lab], Any]:
    """What brings a part back."""
    return lambda lab: faults.snapshot(lab, PART[name])


def whole(world: World, name: str, *make: Callable[[Lab], Any]) -> None:
    """A part of the library as it was made, whatever the answer before did to it."""
    for one in make:
        world.once(one)
    faults.restore(world.lab, PART[name], world.once(as_made(name)))
    iam = world.client("iam")
    with suppress(iam.exceptions.NoSuchEntityException):
        iam.delete_role_policy(RoleName=world.name(f"{name}-role"), PolicyName="mine")


def photos(world: World) -> None:
    """get-photo of phase 02, behind its alias."""
    whole(world, "get-photo", parts.table, parts.get_photo)


def shares(world: World) -> None:
    """share-photo of phase 02."""
    whole(world, "share-photo", parts.share_photo)


@wrong("06.6", "the permission is still missing", "Allow its role exactly that: Action dynamodb:GetItem")
def _(world: World) -> None:
    photos(world)
    planted(world, "get-photo", faults.permission)


@wrong("06.6", "switched off", "reserved concurrency of 0")
def _(world: World) -> None:
    photos(world)
    planted(world, "get-photo", faults.throttled)


@wrong("06.6", "mended with a hammer", r"allows dynamodb:\*")
def _(world: World) -> None:
    photos(world)
    put_policy(world, "get-photo", EVERYTHING)


@wrong("06.6", "only the latest version was mended", "its alias live leads to version 2")
def _(world: World) -> None:
    photos(world)
    planted(world, "get-photo", faults.timeout)
    world.configure(world.name("get-photo"), Timeout=10)


@right("06.6", "the alias is moved back", "answers with 128 MB and 10 s")
def _(world: World) -> None:
    photos(world)
    planted(world, "get-photo", faults.timeout)
    world.client("lambda").update_alias(
        FunctionName=world.name("get-photo"), Name="live", FunctionVersion="1"
    )


@wrong("06.7", "the memory is still too small", "Give it more memory")
def _(world: World) -> None:
    shares(world)
    planted(world, "share-photo", faults.memory)


@wrong("06.7", "the timeout is still too short", "did not answer within its Timeout")
def _(world: World) -> None:
    shares(world)
    planted(world, "share-photo", faults.timeout)


@wrong("06.7", "switched off", "reserved concurrency of 0")
def _(world: World) -> None:
    shares(world)
    planted(world, "share-photo", faults.throttled)


@right("06.7", "more memory", "answers with 320 MB")
def _(world: World) -> None:
    shares(world)
    planted(world, "share-photo", faults.memory)
    world.configure(world.name("share-photo"), MemorySize=320)


def ratings(world: World) -> None:
    """count-ratings, with the stream that calls it."""
    whole(world, "count-ratings", parts.table, triggers.ratings)
    reads(world, "count-ratings")


@wrong("06.8", "the permission is still missing", "Action dynamodb:UpdateItem")
def _(world: World) -> None:
    ratings(world)
    planted(world, "count-ratings", faults.permission)


@wrong("06.8", "mended with a hammer", r"allows dynamodb:\*")
def _(world: World) -> None:
    ratings(world)
    put_policy(world, "count-ratings", EVERYTHING)


@wrong("06.8", "nothing reads the stream", "nothing reads the stream for it")
def _(world: World) -> None:
    ratings(world)
    reads(world, "count-ratings", enabled=False)


@right("06.8", "a policy of one's own, and the mapping made again", "counts, and reads")
def _(world: World) -> None:
    ratings(world)
    planted(world, "count-ratings", faults.permission)
    tables = world.client("dynamodb")
    arn = tables.describe_table(TableName=world.name("statistics"))["Table"]["TableArn"]
    put_policy(world, "count-ratings", policy(allow("dynamodb:UpdateItem", arn)))


def reads(world: World, base: str, enabled: bool = True) -> None:
    """Whether the event source mapping of a part reads."""
    lambda_, state = world.client("lambda"), "Enabled" if enabled else "Disabled"
    [one] = lambda_.list_event_source_mappings(FunctionName=world.name(base))["EventSourceMappings"]
    if one["State"] != state:
        lambda_.update_event_source_mapping(UUID=one["UUID"], Enabled=enabled)
        world.lab.until(lambda: lambda_.get_event_source_mapping(UUID=one["UUID"])["State"] == state)


def trash(world: World) -> None:
    """clean-up, with its schedule."""
    parts.table(world.lab)
    triggers.nightly(world.lab)


@wrong("06.9", "still switched off", "reserved concurrency of 0")
def _(world: World) -> None:
    trash(world)
    planted(world, "clean-up", faults.throttled)


@wrong("06.9", "the permission is still missing", "Action dynamodb:(Scan|DeleteItem)")
def _(world: World) -> None:
    trash(world)
    planted(world, "clean-up", faults.permission)


@wrong("06.9", "no schedule", "no schedule calls it")
def _(world: World) -> None:
    trash(world)
    world.client("scheduler").delete_schedule(Name=world.name("nightly"))


@right("06.9", "a rule instead of a schedule", "the rule case")
def _(world: World) -> None:
    trash(world)
    world.client("scheduler").delete_schedule(Name=world.name("nightly"))
    events, rule = world.client("events"), world.name("nightly")
    events.put_rule(Name=rule, ScheduleExpression="cron(0 17 * * ? *)")
    arn = world.client("lambda").get_function_configuration(FunctionName=world.name("clean-up"))[
        "FunctionArn"
    ]
    events.put_targets(Rule=rule, Targets=[{"Id": "clean-up", "Arn": arn}])


def redriven(world: World) -> None:
    """The queue of orders has its dead-letter queue again."""
    dead = f"arn:aws:sqs:us-east-1:123456789012:{world.name('orders-dead')}"
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    world.client("sqs").set_queue_attributes(
        QueueUrl=faults.queue_url(world.lab, "orders"), Attributes={"RedrivePolicy": policy}
    )


@wrong("06.10", "left as it is", "has no RedrivePolicy")
def _(world: World) -> None:
    triggers.orders(world.lab)
    planted(world, "work-orders", faults.poison)


@wrong("06.10", "the mapping is switched off", "Switching off is no mending: orders wait")
def _(world: World) -> None:
    triggers.orders(world.lab)
    reads(world, "work-orders", enabled=False)


@wrong("06.10", "a dead-letter queue, and the message still goes round", "still goes round")
def _(world: World) -> None:
    triggers.orders(world.lab)
    planted(world, "work-orders", faults.poison)
    redriven(world)


@right("06.10", "taken out by hand", "is empty, and what fails goes to")
def _(world: World) -> None:
    triggers.orders(world.lab)
    planted(world, "work-orders", faults.poison)
    redriven(world)
    world.client("sqs").purge_queue(QueueUrl=faults.queue_url(world.lab, "orders"))


def uploads(world: World) -> None:
    """The bucket with a picture, and thumbnail."""
    whole(world, "thumbnail", parts.table, triggers.uploads)
    bucket = world.name("uploads")
    world.client("s3").put_object(Bucket=bucket, Key="originals/pier.png", Body=library.picture())


def told(world: World, *prefixes: str) -> None:
    """Notifications for these prefixes."""
    s3, bucket = world.client("s3"), world.name("uploads")
    [one] = s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
    rules = ([{"Name": "prefix", "Value": one}, {"Name": "suffix", "Value": ".png"}] for one in prefixes)
    new = [{**one, "Id": rule[0]["Value"], "Filter": {"Key": {"FilterRules": rule}}} for rule in rules]
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": new}
    )


@wrong("06.11", "left as it is", "writes thumbnails/.* and that calls")
def _(world: World) -> None:
    uploads(world)
    planted(world, "thumbnail", faults.recursion)


@wrong("06.11", "the notification is taken away", "no bucket of this lab calls")
def _(world: World) -> None:
    uploads(world)
    told(world)


@wrong("06.11", "another prefix", "a picture in originals/ of .* calls nobody")
def _(world: World) -> None:
    uploads(world)
    told(world, "pictures/")


@right("06.11", "one notification for each folder of uploads", "made 1 object")
def _(world: World) -> None:
    uploads(world)
    planted(world, "thumbnail", faults.recursion)
    told(world, "originals/", "scans/")
