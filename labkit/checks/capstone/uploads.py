"""06.11: one upload makes one thumbnail: what the function writes does not call it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus
from uuid import uuid4

from botocore.exceptions import ClientError

from labkit.checks.capstone.parts import asked, part
from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check

CONFIGURATIONS = "LambdaFunctionConfigurations"


@check("06.11", title="One upload, one thumbnail")
def thumbnail(look: Look) -> str:
    """A picture of the check's own is put where the bucket does not tell anybody, and the function called."""
    function = part(look, "thumbnail")
    bucket, told = _told(look, function)
    written = _made(look, function, bucket)
    again = [one for one in written if any(_matches(config, bucket, one) for config in told)]
    if again:
        raise NotYet(
            f"{function.name} writes {again[0][1]} into {again[0][0]}, and that calls {function.name} again",
            "an event source that does not hear of what the function itself writes",
            "Put a prefix filter (originals/) on the notification, or write into another bucket.",
        )
    if not any(_matches(config, bucket, (bucket, "originals/new.png")) for config in told):
        raise NotYet(
            f"a picture in originals/ of {bucket} calls nobody",
            "a notification for uploads",
            "put_bucket_notification_configuration with the prefix originals/ and the suffix .png.",
        )
    place = f"{written[0][0]}/{written[0][1].rpartition('/')[0]}"
    return f"a picture made {len(written)} object, in {place}, and that calls nobody"


def _told(look: Look, function: Function) -> tuple[str, list[Mapping[str, Any]]]:
    """The bucket that calls the function, and its notifications."""
    s3 = look.client("s3")
    for bucket in (one["Name"] for one in s3.list_buckets()["Buckets"]):
        if not bucket.startswith(look.prefix):
            continue
        told = s3.get_bucket_notification_configuration(Bucket=bucket).get(CONFIGURATIONS, [])
        own = [one for one in told if function.configuration["FunctionArn"] in one["LambdaFunctionArn"]]
        if own:
            return bucket, own
    raise NotYet(
        f"no bucket of this lab calls {function.name}",
        "a notification for uploads",
        "Switching off is no mending: put_bucket_notification_configuration, with a prefix filter.",
    )


def _made(look: Look, function: Function, bucket: str) -> list[tuple[str, str]]:
    """(bucket, key) of what the function wrote for a picture of the check's own."""
    s3, name = look.client("s3"), f"check-{uuid4().hex[:8]}"
    source = next(_pictures(s3, bucket), None)
    if source is None:
        raise NotYet(
            f"{bucket} has no picture to try it with",
            "a picture in originals/",
            "Upload one: labkit.library.picture() gives the course's.",
        )
    # The name ends in .png only for the function: a notification with a suffix filter does not hear of it.
    key = f"originals/{name}.check"
    s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": source})
    try:
        record = {"s3": {"bucket": {"name": bucket}, "object": {"key": key}}}
        asked(look, function, {"Records": [record]}, "given a picture")
        written = [
            (one, found)
            for one in (b["Name"] for b in s3.list_buckets()["Buckets"])
            if one.startswith(look.prefix)
            for found in _keys(s3, one)
            if name in found and (one, found) != (bucket, key)
        ]
    finally:
        _forget(s3, bucket, key)
    for place, made in written:
        _forget(s3, place, made)
    _forget_photo(look, function, name)
    if not written:
        raise NotYet(
            f"{function.name} was given a picture and wrote nothing",
            "a thumbnail",
            "Read its log, and compare its code with the one before.",
        )
    return [(place, made.replace(f"{name}.check", f"{name}.png")) for place, made in written]


def _pictures(s3: Any, bucket: str) -> Iterator[str]:
    """Keys of pictures, uploads before thumbnails."""
    keys = [key for key in _keys(s3, bucket) if key.endswith(".png")]
    yield from sorted(keys, key=lambda key: not key.startswith("originals/"))


def _keys(s3: Any, bucket: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [unquote_plus(one["Key"]) for page in pages for one in page.get("Contents", [])]


def _matches(config: Mapping[str, Any], source: str, written: tuple[str, str]) -> bool:
    """Whether a notification of the bucket ``source`` hears of an object."""
    bucket, key = written
    rules = config.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    wanted = {one["Name"].lower(): one["Value"] for one in rules}
    return (
        bucket == source
        and any(event.startswith("s3:ObjectCreated:") for event in config["Events"])
        and key.startswith(wanted.get("prefix", ""))
        and key.endswith(wanted.get("suffix", ""))
    )


def _forget(s3: Any, bucket: str, key: str) -> None:
    try:
        s3.delete_object(Bucket=bucket, Key=key)
    except ClientError:
        return  # a picture of a check that stays is no fault of the learner's


def _forget_photo(look: Look, function: Function, name: str) -> None:
    table = function.environment.get("TABLE_NAME")
    if table:
        for key in (name, f"{name}.check"):
            look.client("dynamodb").delete_item(TableName=table, Key={"photo_id": {"S": key}})
