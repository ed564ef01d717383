"""03.2: a bucket calls the thumbnail function, for originals only, and keys are read as S3 writes them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import find_table
from labkit.checks.registry import check
from labkit.checks.triggers.effects import Effect
from labkit.checks.triggers.policies import permissions

SERVICE = "s3.amazonaws.com"
BEFORE, AFTER = "originals/", "thumbnails/"


@check("03.2", title="A picture that arrives in the bucket gets its thumbnail")
def bucket(look: Look) -> str:
    """Notification, filter, permission; then a picture whose name has a space."""
    function = find(look, "thumbnail")
    name, notification = _notification(look, function)
    _arrivals(notification)
    _filter(notification)
    _permission(look, function, name)
    took = _thumbnail(look, function, name)
    return f"{name} calls {function.name} for {BEFORE}*.png; a thumbnail was there {took} after its picture"


def _notification(look: Look, function: Function) -> tuple[str, Mapping[str, Any]]:
    """(bucket, notification) that calls the function."""
    s3 = look.client("s3")
    buckets = [one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].startswith(look.prefix)]
    arn = str(function.configuration["FunctionArn"])
    for name in sorted(buckets, key=lambda one: one != look.name("uploads")):
        told = s3.get_bucket_notification_configuration(Bucket=name).get("LambdaFunctionConfigurations", [])
        for one in told:
            if one["LambdaFunctionArn"] in (arn, f"{arn}:$LATEST"):
                return name, one
    expected = f"a bucket whose notification names {function.name}"
    if not buckets:
        raise NotYet("the lab has no bucket", expected, "Run the cell that makes the bucket uploads.")
    seen = f"no bucket of the lab ({', '.join(buckets)}) calls {function.name}"
    there = permissions(look, function.name, SERVICE)
    if not there:
        step = f"S3 may not call it yet: deploy.permit(lab, 'thumbnail', …, '{SERVICE}', …). Then the "
        raise NotYet(seen, expected, step + "notification.")
    if not any(one.fits(f"arn:aws:s3:::{name}") for one in there for name in buckets):
        seen += f", and S3 may call it only for {there[0].source}"
        step = "SourceArn=f'arn:aws:s3:::{uploads}': the bucket's whole name. Then the notification."
        raise NotYet(seen, expected, step)
    raise NotYet(seen, expected, "The permission is there. Now put_bucket_notification_configuration.")


def _arrivals(notification: Mapping[str, Any]) -> None:
    told = notification["Events"]
    if not {"s3:ObjectCreated:*", "s3:ObjectCreated:Put"}.intersection(told):
        raise NotYet(
            f"the notification tells of {', '.join(told)} only",
            "a notification of what arrives",
            "Its Events are ['s3:ObjectCreated:*'].",
        )


def _filter(notification: Mapping[str, Any]) -> None:
    rules = notification.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    named = {rule["Name"].lower(): rule["Value"] for rule in rules}
    prefix, suffix = named.get("prefix", ""), named.get("suffix", "")
    expected = f"a filter with the prefix {BEFORE} and the suffix .png"
    if f"{AFTER}x.png".startswith(prefix):
        raise NotYet(
            f"the notification has {f'the prefix {prefix}' if prefix else 'no prefix'}, so it also tells of "
            "thumbnails: a loop",
            expected,
            f"Add a filter rule with the Name prefix and the Value {BEFORE}.",
        )
    if not f"{BEFORE}x.png".startswith(prefix):
        raise NotYet(
            f"the prefix is {prefix!r}, which no picture under {BEFORE} has",
            expected,
            f"Prefixes are compared as text, capitals and leading slashes included: {BEFORE}",
        )
    if suffix.lower() not in (".png", "png"):
        raise NotYet(
            f"the suffix is {suffix!r}"
            if suffix
            else "the notification has no suffix: texts would come, too",
            expected,
            "Add a filter rule with the Name suffix and the Value .png.",
        )


def _permission(look: Look, function: Function, name: str) -> None:
    arn = f"arn:aws:s3:::{name}"
    there = [one for one in permissions(look, function.name, SERVICE) if one.fits(arn)]
    if any(one.source and one.account == look.lab.account_id for one in there):
        return
    expected = f"S3 may call for {arn}, of the account {look.lab.account_id}"
    if any(one.source for one in there):
        raise NotYet(
            f"the permission is for {arn}, whoever owns it: when you delete the bucket, its name is free",
            expected,
            "Add SourceAccount=lab.account_id to it; deploy.permit replaces the statement of the same id.",
        )
    raise NotYet(
        f"S3 may call {function.name} " + ("for every bucket" if there else f"no more for {name}"),
        expected,
        f"Permit it with SourceArn='{arn}' and SourceAccount=lab.account_id.",
    )


def _thumbnail(look: Look, function: Function, name: str) -> str:
    s3, photo_id = look.client("s3"), f"check {uuid4().hex[:8]}"
    key, small = f"{BEFORE}{photo_id}.png", f"{AFTER}{photo_id}.png"
    effect = Effect(look)
    s3.put_object(Bucket=name, Key=key, Body=_picture())
    try:
        if effect.of(lambda: _is_there(s3, name, small), function):
            took = effect.took
            look.eventually(lambda: effect.logged(function, "REPORT"))  # or it would note the photo below
            return took
        raise _nothing(effect, function, key, small)
    finally:
        for one in (key, small):
            s3.delete_object(Bucket=name, Key=one)
        table = find_table(look, function)
        look.client("dynamodb").delete_item(TableName=table.name, Key={table.key: {"S": photo_id}})


def _picture() -> bytes:
    """A grey PNG of 8 × 8 samples."""
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(8 * 9))), (b"IEND", b""))
    made = (kind + body for kind, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in made
    )


def _is_there(s3: Any, name: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=name, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return False
    return True


def _nothing(effect: Effect, function: Function, key: str, small: str) -> NotYet:
    errors = effect.errors(function)
    expected = f"{small}, once {key} has arrived"
    if not errors:
        return NotYet(
            f"{key} arrived, and there is no {small}; {function.name} raised nothing",
            expected,
            "Does it write under thumbnails/, with the same name? Its log shows whether it was called.",
        )
    if "NoSuchKey" in errors[-1] or ("AccessDenied" in errors[-1] and "GetObject" in errors[-1]):
        step = "The event has the key as in a URL: spaces are '+'. urllib.parse.unquote_plus turns it back."
    else:
        step = "Mend what the error says, and deploy again: a saved file changes nothing in the cloud."
    return NotYet(f"{function.name} failed for {key}: {errors[-1][:400]}", expected, step)
