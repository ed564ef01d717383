"""Nothing is lost: with a function that fails one time in ten, every event is processed or put aside."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from poll_world import DYNAMODB_ROLE, KINESIS_ROLE, SQS_ROLE, Mapped, Stream, Table
from push_world import Queue, advance, unique

from tests.localcloud.conftest import BASIC, Functions

# Fails one time in ten, and always for the poison among the events; says what it has processed.
UNRELIABLE = """
import base64, json, random
def identity(record):
    if "kinesis" in record:
        return base64.b64decode(record["kinesis"]["data"]).decode()
    if "dynamodb" in record:
        return record["dynamodb"]["Keys"]["id"]["S"]
    return record["body"]
def handler(event, context):
    names = [identity(record) for record in event["Records"]]
    if random.random() < 0.1 or any("poison" in name for name in names):
        raise ValueError("one time in ten")
    print("DONE " + json.dumps(names))
"""
EACH = 334  # of three sources: a thousand
POISON_EVERY = 50


def names() -> list[str]:
    return [f"{number}{' poison' if number % POISON_EVERY == 7 else ''}" for number in range(EACH)]


def processed(function: Any) -> list[str]:
    return [name for line in function.log() if line.startswith("DONE ") for name in json.loads(line[5:])]


def put_aside(queue: Queue) -> list[dict[str, Any]]:
    """The bodies of all messages of a queue, as they are now."""
    found: list[dict[str, Any]] = []
    while batch := queue.sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in batch]
    return found


def chunks(items: list[Any], size: int) -> Iterable[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def everything_is_somewhere(function: Any, aside: set[str]) -> None:
    done = processed(function)
    assert set(done) | aside == set(names())
    assert not {name for name in done if "poison" in name}
    assert aside >= {name for name in names() if "poison" in name}


def test_no_message_of_a_queue_is_lost(make: Functions, cloud: Any) -> None:
    """What the function never manages ends in the dead-letter queue by the queue's own policy."""
    function, dead = make(UNRELIABLE, policies=(BASIC, SQS_ROLE)), Queue(cloud)
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 4})
    queue = Queue(cloud, VisibilityTimeout="30", RedrivePolicy=redrive)
    Mapped(function, queue.arn, BatchSize=5)
    for batch in chunks(names(), 10):
        entries = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(batch)]
        queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    for _ in range(8):
        advance(cloud, 35)
    aside = {str(body) for body in put_aside(dead)}
    everything_is_somewhere(function, aside)
    assert put_aside(queue) == []


def streams(function: Any, failed: Queue, source_arn: str) -> None:
    """A mapping that looks for the poison and puts it aside."""
    function.allow("sqs:SendMessage", failed.arn)
    Mapped(
        function,
        source_arn,
        BatchSize=20,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=3,
        ParallelizationFactor=2,
        DestinationConfig={"OnFailure": {"Destination": failed.arn}},
    )


def test_no_record_of_a_kinesis_stream_is_lost(make: Functions, cloud: Any) -> None:
    """What is given up is named by its place in the stream, where it can be read again."""
    function, failed = make(UNRELIABLE, policies=(BASIC, KINESIS_ROLE)), Queue(cloud)
    stream = Stream(cloud, shards=2)
    streams(function, failed, stream.arn)
    for batch in chunks(names(), 50):
        stream.kinesis.put_records(
            StreamName=stream.name,
            Records=[{"Data": name.encode(), "PartitionKey": name} for name in batch],
        )
    advance(cloud, 600)
    aside: set[str] = set()
    for body in put_aside(failed):
        info = json.loads(str(body))["KinesisBatchInfo"]
        iterator = stream.kinesis.get_shard_iterator(
            StreamName=stream.name,
            ShardId=info["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=info["startSequenceNumber"],
        )["ShardIterator"]
        assert info["batchSize"] == 1
        record = stream.kinesis.get_records(ShardIterator=iterator, Limit=1)["Records"][0]
        aside.add(record["Data"].decode())
    everything_is_somewhere(function, aside)


def test_no_change_of_a_table_is_lost(make: Functions, cloud: Any) -> None:
    """To a bucket, the event itself goes too."""
    function, s3 = make(UNRELIABLE, policies=(BASIC, DYNAMODB_ROLE)), cloud.client("s3")
    bucket, table = unique("failed"), Table(cloud)
    s3.create_bucket(Bucket=bucket)
    function.allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*")
    Mapped(
        function,
        table.stream_arn,
        BatchSize=20,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=3,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    for batch in chunks(names(), 25):
        puts = [{"PutRequest": {"Item": {"id": {"S": name}}}} for name in batch]
        table.dynamodb.batch_write_item(RequestItems={table.name: puts})
    advance(cloud, 600)
    aside: set[str] = set()
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        record = json.loads(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
        aside |= {each["dynamodb"]["Keys"]["id"]["S"] for each in json.loads(record["payload"])["Records"]}
    everything_is_somewhere(function, aside)
