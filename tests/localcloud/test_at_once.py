"""What AWS does atomically is done so, also for calls that arrive at the same moment; nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.config import Config

THREADS, TABLE = 8, "at-once"
POOL = Config(max_pool_connections=THREADS)


@pytest.fixture(scope="module")
def eight() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


@pytest.fixture(scope="module")
def table(cloud: Any) -> Any:
    dynamodb = cloud.client("dynamodb", config=POOL)
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return dynamodb


def changes_of(cloud: Any, table: Any, key: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and new image of what the table's stream tells of one item."""
    streams = cloud.client("dynamodbstreams")
    arn = table.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    changes = [(record["eventName"], record["dynamodb"]["NewImage"]) for record in records]
    return [change for change in changes if change[1]["id"]["S"] == key]


def test_one_of_many_conditional_writes_wins(table: Any, eight: ThreadPoolExecutor) -> None:
    """What idempotency stands on: of those who say "only if it is not there", one is first."""

    def first(key: str) -> bool:
        try:
            table.put_item(
                TableName=TABLE, Item={"id": {"S": key}}, ConditionExpression="attribute_not_exists(id)"
            )
        except table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    for number in range(60):
        assert sum(eight.map(first, [f"key-{number}"] * THREADS)) == 1


def test_an_item_is_never_seen_half_written(cloud: Any, table: Any, eight: ThreadPoolExecutor) -> None:
    """ADD makes an item with its attribute; the stream has every value, in order."""

    def count(number: int) -> bool:
        counter = {"id": {"S": f"counter-{number % 10}"}}
        table.update_item(
            TableName=TABLE,
            Key=counter,
            UpdateExpression="ADD hits :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        return "hits" in table.get_item(TableName=TABLE, Key=counter)["Item"]

    assert all(eight.map(count, range(200)))
    for number in range(10):
        seen = [image["hits"]["N"] for _, image in changes_of(cloud, table, f"counter-{number}")]
        assert seen == [str(hits) for hits in range(1, 21)]


def test_an_update_is_one_change_or_none(cloud: Any, table: Any) -> None:
    """A new item is one INSERT with all its attributes; a part that is refused undoes the others."""
    key = {"id": {"S": "whole"}}
    values = {":one": {"N": "1"}, ":text": {"S": "x"}}
    update = {"TableName": TABLE, "Key": key, "ExpressionAttributeValues": values}
    table.update_item(**update, UpdateExpression="SET label = :text ADD hits :one")
    with pytest.raises(table.exceptions.ClientError, match="incorrect data type"):
        table.update_item(**update, UpdateExpression="SET colour = :text ADD label :one")
    whole = {**key, "label": {"S": "x"}, "hits": {"N": "1"}}
    assert table.get_item(TableName=TABLE, Key=key)["Item"] == whole
    table.update_item(TableName=TABLE, Key={"id": {"S": "bare"}})
    assert changes_of(cloud, table, "whole") == [("INSERT", whole)]
    assert changes_of(cloud, table, "bare") == [("INSERT", {"id": {"S": "bare"}})]


def test_no_version_of_an_object_is_lost(cloud: Any, eight: ThreadPoolExecutor) -> None:
    """Each PutObject of a versioned bucket is there afterwards."""
    s3 = cloud.client("s3", config=POOL)
    s3.create_bucket(Bucket=TABLE)
    s3.put_bucket_versioning(Bucket=TABLE, VersioningConfiguration={"Status": "Enabled"})
    list(eight.map(lambda number: s3.put_object(Bucket=TABLE, Key="k", Body=b"%d" % number), range(200)))
    assert len(s3.list_object_versions(Bucket=TABLE)["Versions"]) == 200
