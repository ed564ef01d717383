"""DynamoDB tables and Kinesis streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.kinds.kind import Kind, names

SOON = {"Delay": 1, "MaxAttempts": 60}
_SHAPE = "AttributeDefinitions KeySchema BillingMode ProvisionedThroughput LocalSecondaryIndexes"
_REST = "TableClass DeletionProtectionEnabled OnDemandThroughput"


def create(ask: Ask) -> None:
    name = ask.name("TableName", 255)
    params = {
        **ask.some(f"{_SHAPE} {_REST} GlobalSecondaryIndexes"),
        "TableName": name,
        **_streaming(ask),
        **_encryption(ask),
        "Tags": ask.tag_list,
    }
    if not ask.tag_list:
        del params["Tags"]
    made = ask.call("dynamodb", "CreateTable", params)["TableDescription"]
    ask.born(name, Arn=made["TableArn"], StreamArn=made.get("LatestStreamArn", ""))
    _active(ask)
    _beside(ask)


def update(ask: Ask) -> None:
    which = {"TableName": ask.physical_id}
    if ask.changed("BillingMode", "ProvisionedThroughput", "TableClass", "DeletionProtectionEnabled"):
        changed = ask.some("BillingMode ProvisionedThroughput TableClass DeletionProtectionEnabled")
        _update(ask, {"BillingMode": "PROVISIONED", **changed})
    for change in _index_changes(ask):
        _update(ask, {**ask.some("AttributeDefinitions"), "GlobalSecondaryIndexUpdates": [change]})
    if ask.changed("StreamSpecification"):
        if "StreamSpecification" in ask.before:
            _update(ask, {"StreamSpecification": {"StreamEnabled": False}})
        if "StreamSpecification" in ask.properties:
            _update(ask, _streaming(ask))
    if ask.changed("SSESpecification"):
        _update(ask, _encryption(ask) or {"SSESpecification": {"Enabled": False}})
    described = ask.call("dynamodb", "DescribeTable", which)["Table"]
    ask.attributes["StreamArn"] = described.get("LatestStreamArn", "")
    _beside(ask)
    arn = {"ResourceArn": ask.attributes["Arn"]}
    if ask.lost_tags:
        ask.call("dynamodb", "UntagResource", {**arn, "TagKeys": ask.lost_tags})
    if ask.tag_list:
        ask.call("dynamodb", "TagResource", {**arn, "Tags": ask.tag_list})


def delete(ask: Ask) -> None:
    ask.gone("dynamodb", "DeleteTable", {"TableName": ask.physical_id})
    waiter = ask.client("dynamodb").get_waiter("table_not_exists")
    waiter.wait(TableName=ask.physical_id, WaiterConfig=SOON)


def _update(ask: Ask, params: Mapping[str, Any]) -> None:
    ask.call("dynamodb", "UpdateTable", {"TableName": ask.physical_id, **params})
    _active(ask)


def _active(ask: Ask) -> None:
    waiter = ask.client("dynamodb").get_waiter("table_exists")
    waiter.wait(TableName=ask.physical_id, WaiterConfig=SOON)


def _index_changes(ask: Ask) -> list[dict[str, Any]]:
    before, after = (
        {index["IndexName"]: index for index in properties.get("GlobalSecondaryIndexes") or []}
        for properties in (ask.before, ask.properties)
    )
    gone = [name for name in before if before[name] != after.get(name)]
    new = [name for name in after if before.get(name) != after[name]]
    return [{"Delete": {"IndexName": name}} for name in gone] + [{"Create": after[name]} for name in new]


def _streaming(ask: Ask) -> dict[str, Any]:
    stream = ask.properties.get("StreamSpecification")
    return {"StreamSpecification": {"StreamEnabled": True, **stream}} if stream else {}


def _encryption(ask: Ask) -> dict[str, Any]:
    given = ask.properties.get("SSESpecification")
    if not given:
        return {}
    named = {"Enabled" if key == "SSEEnabled" else key: value for key, value in given.items()}
    return {"SSESpecification": {"Enabled": True, **named}}


def _beside(ask: Ask) -> None:
    which = {"TableName": ask.physical_id}
    if ask.changed("TimeToLiveSpecification"):
        lives = ask.properties.get("TimeToLiveSpecification")
        lives = lives or {**ask.before["TimeToLiveSpecification"], "Enabled": False}
        ask.call("dynamodb", "UpdateTimeToLive", {**which, "TimeToLiveSpecification": lives})
    if ask.changed("PointInTimeRecoverySpecification"):
        recovery = ask.properties.get("PointInTimeRecoverySpecification")
        recovery = recovery or {"PointInTimeRecoveryEnabled": False}
        ask.call(
            "dynamodb", "UpdateContinuousBackups", {**which, "PointInTimeRecoverySpecification": recovery}
        )


def create_stream(ask: Ask) -> None:
    name = ask.name("Name", 128)
    params = {**ask.some("ShardCount StreamModeDetails"), "StreamName": name}
    if "StreamModeDetails" not in params:
        params.setdefault("ShardCount", 1)
    ask.call("kinesis", "CreateStream", {**params, **({"Tags": ask.tags} if ask.tags else {})})
    ask.born(name, Arn=ask.arn("kinesis", f"stream/{name}"))
    _stream_active(ask)
    if ask.properties.get("RetentionPeriodHours"):
        _retention(ask, "IncreaseStreamRetentionPeriod")


def update_stream(ask: Ask) -> None:
    which = {"StreamName": ask.physical_id}
    if ask.changed("ShardCount") and "ShardCount" in ask.properties:
        target = {"TargetShardCount": ask.properties["ShardCount"], "ScalingType": "UNIFORM_SCALING"}
        ask.call("kinesis", "UpdateShardCount", {**which, **target})
        _stream_active(ask)
    if ask.changed("StreamModeDetails"):
        arn = {"StreamARN": ask.attributes["Arn"]}
        mode = ask.properties.get("StreamModeDetails", {"StreamMode": "PROVISIONED"})
        ask.call("kinesis", "UpdateStreamMode", {**arn, "StreamModeDetails": mode})
        _stream_active(ask)
    if ask.changed("RetentionPeriodHours") and "RetentionPeriodHours" in ask.properties:
        more = int(ask.properties["RetentionPeriodHours"]) > int(ask.before.get("RetentionPeriodHours", 0))
        _retention(ask, f"{'Increase' if more else 'Decrease'}StreamRetentionPeriod")
    if ask.lost_tags:
        ask.call("kinesis", "RemoveTagsFromStream", {**which, "TagKeys": ask.lost_tags})
    if ask.tags:
        ask.call("kinesis", "AddTagsToStream", {**which, "Tags": ask.tags})


def delete_stream(ask: Ask) -> None:
    which = {"StreamName": ask.physical_id, "EnforceConsumerDeletion": True}
    ask.gone("kinesis", "DeleteStream", which)
    waiter = ask.client("kinesis").get_waiter("stream_not_exists")
    waiter.wait(StreamName=ask.physical_id, WaiterConfig=SOON)


def _retention(ask: Ask, operation: str) -> None:
    hours = ask.some("RetentionPeriodHours")
    ask.call("kinesis", operation, {"StreamName": ask.physical_id, **hours})


def _stream_active(ask: Ask) -> None:
    waiter = ask.client("kinesis").get_waiter("stream_exists")
    waiter.wait(StreamName=ask.physical_id, WaiterConfig=SOON)


TABLES = (
    Kind(
        "AWS::DynamoDB::Table",
        names(
            f"{_SHAPE} {_REST} TableName GlobalSecondaryIndexes StreamSpecification SSESpecification Tags "
            "TimeToLiveSpecification PointInTimeRecoverySpecification"
        ),
        create,
        delete,
        update,
        replaces=names("KeySchema LocalSecondaryIndexes"),
    ),
    Kind(
        "AWS::Kinesis::Stream",
        names("Name ShardCount StreamModeDetails RetentionPeriodHours Tags"),
        create_stream,
        delete_stream,
        update_stream,
    ),
)
