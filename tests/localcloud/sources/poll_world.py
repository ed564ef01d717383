"""Helpers for tests of event source mappings: sources, mappings, what functions were invoked with."""

from __future__ import annotations

import json
from typing import Any

import push_world
from push_world import unique, until

SQS_ROLE = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
DYNAMODB_ROLE = "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole"
KINESIS_ROLE = "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole"

# As push_world's, with the moment: logs of several environments do not tell who was first.
RECORDER = """
import json, time
def handler(event, context):
    print("EVENT " + json.dumps([time.time_ns(), event]))
    if "FAIL" in json.dumps(event):
        raise ValueError("told to fail")
"""


def seen(function: Any) -> list[Any]:
    """What a function has printed behind EVENT and the time, in the order of the invocations."""
    return [what for _, what in sorted(push_world.seen(function), key=lambda entry: entry[0])]


def seen_by(function: Any, count: int = 1) -> list[Any]:
    """The same, once there are ``count``."""
    return until(lambda: found if len(found := seen(function)) >= count else None)


class Mapped:
    """An event source mapping of one test."""

    def __init__(self, function: Any, source_arn: str, **settings: Any) -> None:
        self.lambda_ = function.lambda_
        answer = self.lambda_.create_event_source_mapping(
            FunctionName=settings.pop("FunctionName", function.name), EventSourceArn=source_arn, **settings
        )
        assert answer["State"] == "Creating"
        self.uuid: str = answer["UUID"]
        self.arn: str = answer["EventSourceMappingArn"]
        self.wait("Disabled" if settings.get("Enabled") is False else "Enabled")

    def get(self) -> dict[str, Any]:
        return dict(self.lambda_.get_event_source_mapping(UUID=self.uuid))

    def wait(self, state: str) -> None:
        until(lambda: self.get()["State"] == state)

    def result(self, text: str) -> None:
        """Waits until the last processing result contains a text."""
        until(lambda: text in self.get().get("LastProcessingResult", ""))

    def update(self, **settings: Any) -> dict[str, Any]:
        answer = self.lambda_.update_event_source_mapping(UUID=self.uuid, **settings)
        until(lambda: self.get()["State"] in ("Enabled", "Disabled"))
        return dict(answer)

    def delete(self) -> None:
        assert self.lambda_.delete_event_source_mapping(UUID=self.uuid)["State"] == "Deleting"

        def gone() -> bool:
            try:
                self.get()
            except self.lambda_.exceptions.ResourceNotFoundException:
                return True
            return False

        until(gone)


class Table:
    """A table with a stream."""

    def __init__(self, cloud: Any, view: str = "NEW_AND_OLD_IMAGES") -> None:
        self.dynamodb = cloud.client("dynamodb")
        self.name = unique("t")
        made = self.dynamodb.create_table(
            TableName=self.name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )["TableDescription"]
        self.arn, self.stream_arn = made["TableArn"], made["LatestStreamArn"]

    def put(self, key: str, **values: str) -> None:
        item = {"id": {"S": key}, **{name: {"S": value} for name, value in values.items()}}
        self.dynamodb.put_item(TableName=self.name, Item=item)


class Stream:
    """A Kinesis stream."""

    def __init__(self, cloud: Any, shards: int = 1) -> None:
        self.kinesis = cloud.client("kinesis")
        self.name = unique("k")
        self.kinesis.create_stream(StreamName=self.name, ShardCount=shards)
        described = self.kinesis.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]
        self.arn = described["StreamARN"]

    def put(self, *data: Any, key: str = "k") -> None:
        records = [
            {"Data": each if isinstance(each, bytes) else json.dumps(each).encode(), "PartitionKey": key}
            for each in data
        ]
        self.kinesis.put_records(StreamName=self.name, Records=records)
