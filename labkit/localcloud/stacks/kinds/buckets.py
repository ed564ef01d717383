"""S3 buckets and their policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.kinds.kind import Kind, names

_DEFAULT_REGION = "us-east-1"  # the one that CreateBucket does not want named
# Properties that are parameters of operations of their own: property -> (put, its parameter, delete).
_SETTINGS = {
    "VersioningConfiguration": ("PutBucketVersioning", "VersioningConfiguration", ""),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        "DeletePublicAccessBlock",
    ),
    "OwnershipControls": ("PutBucketOwnershipControls", "OwnershipControls", "DeleteBucketOwnershipControls"),
    "BucketEncryption": (
        "PutBucketEncryption",
        "ServerSideEncryptionConfiguration",
        "DeleteBucketEncryption",
    ),
    "CorsConfiguration": ("PutBucketCors", "CORSConfiguration", "DeleteBucketCors"),
    "NotificationConfiguration": ("PutBucketNotificationConfiguration", "NotificationConfiguration", ""),
}
_NOTIFICATIONS = {
    "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
    "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
    "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
}


def create(ask: Ask) -> None:
    name = ask.name("BucketName", 63).lower()
    place = {} if ask.region == _DEFAULT_REGION else {"LocationConstraint": ask.region}
    params: dict[str, Any] = {"Bucket": name, **({"CreateBucketConfiguration": place} if place else {})}
    ask.call("s3", "CreateBucket", {**params, "ObjectOwnership": _ownership(ask)})
    ask.born(
        name,
        Arn=f"arn:aws:s3:::{name}",
        DomainName=f"{name}.s3.amazonaws.com",
        RegionalDomainName=f"{name}.s3.{ask.region}.amazonaws.com",
        DualStackDomainName=f"{name}.s3.dualstack.{ask.region}.amazonaws.com",
    )
    _settings(ask)


def update(ask: Ask) -> None:
    _settings(ask)


def delete(ask: Ask) -> None:
    ask.gone("s3", "DeleteBucket", {"Bucket": ask.physical_id})


def _ownership(ask: Ask) -> str:
    rules = ask.properties.get("OwnershipControls", {}).get("Rules") or [{}]
    return str(rules[0].get("ObjectOwnership", "BucketOwnerEnforced"))


def _settings(ask: Ask) -> None:
    which = {"Bucket": ask.physical_id}
    for prop, (put, parameter, undo) in _SETTINGS.items():
        if not ask.changed(prop):
            continue
        value = ask.properties.get(prop)
        if value is not None:
            ask.call("s3", put, {**which, parameter: _as_in_the_api(prop, value)})
        elif undo:
            ask.call("s3", undo, which)
        elif prop == "VersioningConfiguration":
            ask.call("s3", put, {**which, parameter: {"Status": "Suspended"}})
        else:
            ask.call("s3", put, {**which, parameter: {}})
    if ask.tag_list:
        ask.call("s3", "PutBucketTagging", {**which, "Tagging": {"TagSet": ask.tag_list}})
    elif ask.lost_tags:
        ask.call("s3", "DeleteBucketTagging", which)


def _as_in_the_api(prop: str, value: Mapping[str, Any]) -> dict[str, Any]:
    if prop == "NotificationConfiguration":
        return _notifications(value)
    if prop == "CorsConfiguration":
        short = {"Id": "ID", "MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders"}
        rules = [{short.get(key, key): item for key, item in rule.items()} for rule in value["CorsRules"]]
        return {"CORSRules": rules}
    if prop == "BucketEncryption":
        rules = value["ServerSideEncryptionConfiguration"]
        short = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
        return {"Rules": [{short.get(key, key): item for key, item in rule.items()} for rule in rules]}
    return dict(value)


def _notifications(value: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for prop, items in value.items():
        if prop == "EventBridgeConfiguration":
            if str(items.get("EventBridgeEnabled", True)).lower() == "true":
                made[prop] = {}
            continue
        if prop not in _NOTIFICATIONS:
            made[prop] = items  # the API says that there is no such thing
            continue
        name, target, arn = _NOTIFICATIONS[prop]
        made[name] = [_notification(item, target, arn) for item in items]
    return made


def _notification(item: Mapping[str, Any], target: str, arn: str) -> dict[str, Any]:
    made = {key: value for key, value in item.items() if key not in ("Event", "Filter", target)}
    made |= {"Events": [item["Event"]], arn: item[target]}
    if "Filter" in item:
        made["Filter"] = {"Key": {"FilterRules": item["Filter"]["S3Key"]["Rules"]}}
    return made


def put_policy(ask: Ask) -> None:
    bucket = ask.properties["Bucket"]
    policy = ask.properties["PolicyDocument"]
    ask.call("s3", "PutBucketPolicy", {"Bucket": bucket, "Policy": policy})
    ask.born(str(bucket))


def delete_policy(ask: Ask) -> None:
    ask.gone("s3", "DeleteBucketPolicy", ask.some("Bucket"))


_MACHINERY = "There is no such machinery behind the buckets of this cloud: leave it out."
BUCKETS = (
    Kind(
        "AWS::S3::Bucket",
        names(f"BucketName Tags {' '.join(_SETTINGS)}"),
        create,
        delete,
        update,
        instead={
            "LifecycleConfiguration": "Objects here stay until they are deleted: leave it out.",
            "LoggingConfiguration": "There are no access logs of buckets here: leave it out.",
            "ReplicationConfiguration": _MACHINERY,
            "WebsiteConfiguration": "Buckets here serve no web sites: use a function URL.",
        },
    ),
    Kind("AWS::S3::BucketPolicy", names("Bucket PolicyDocument"), put_policy, delete_policy, put_policy),
)
