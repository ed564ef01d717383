"""What SNS and Kinesis do not take: ARNs, sizes, names and batches, with each service's own error."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

UNCHECKED = Config(parameter_validation=False, retries={"total_max_attempts": 1})
TOPIC = "arn:aws:sns:us-east-1:123456789012:asked"
SIX = "Reason: An ARN must have at least 6 elements, not 1"
PARAMETER = "InvalidParameter"


@pytest.fixture(scope="module", autouse=True)
def made(cloud: Any) -> None:
    cloud.client("sns").create_topic(Name="asked")
    cloud.client("kinesis").create_stream(StreamName="asked", ShardCount=1)


TABLE: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("sns", "publish", {"TopicArn": "asked", "Message": "m"}, PARAMETER, f"parameter: TopicArn {SIX}"),
    ("sns", "publish", {"Message": "m"}, PARAMETER,
     "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"),
    ("sns", "publish", {"TopicArn": TOPIC, "TargetArn": TOPIC, "Message": "m"}, PARAMETER,
     "Both TopicArn and TargetArn specified"),
    ("sns", "publish", {"TopicArn": TOPIC.replace("us-east-1", "eu-west-1"), "Message": "m"}, PARAMETER,
     "Invalid parameter: TopicArn"),
    ("sns", "publish", {"TopicArn": f"{TOPIC}2", "Message": "m"}, "NotFound", "Topic does not exist"),
    ("sns", "publish", {"TopicArn": TOPIC, "Message": "é" * 131_073}, PARAMETER, "Message too long"),
    ("sns", "publish", {"TopicArn": TOPIC, "Message": "m", "Subject": "two\nlines"}, PARAMETER,
     "Invalid parameter: Subject"),
    ("sns", "publish_batch", {"TopicArn": TOPIC, "PublishBatchRequestEntries": []}, "EmptyBatchRequest",
     "doesn't contain any entries"),
    ("sns", "publish_batch",
     {"TopicArn": TOPIC, "PublishBatchRequestEntries": [{"Id": "a b", "Message": "m"}]},
     "InvalidBatchEntryId", "a b"),
    ("sns", "publish_batch",
     {"TopicArn": TOPIC, "PublishBatchRequestEntries": [
         {"Id": name, "Message": "x" * 140_000} for name in ("a", "b")]},
     "BatchRequestTooLong", "more than the limit"),
    ("sns", "get_topic_attributes", {"TopicArn": "asked"}, PARAMETER, f"Invalid parameter: TopicArn {SIX}"),
    ("sns", "delete_topic", {"TopicArn": "asked"}, PARAMETER, f"Invalid parameter: TopicArn {SIX}"),
    ("sns", "subscribe", {"TopicArn": "asked", "Protocol": "sqs", "Endpoint": "x"}, PARAMETER, SIX),
    ("sns", "unsubscribe", {"SubscriptionArn": "x"}, PARAMETER, f"Invalid parameter: SubscriptionArn {SIX}"),
    ("kinesis", "create_stream", {"StreamName": "two words", "ShardCount": 1}, "ValidationException",
     "Value 'two words' at 'streamName' failed"),
    ("kinesis", "create_stream", {"StreamName": "s"}, "ValidationException", "ShardCount is required"),
    ("kinesis", "create_stream", {"StreamName": "asked", "ShardCount": 1}, "ResourceInUseException",
     "Stream asked under account 123456789012 already exists."),
    ("kinesis", "put_record", {"StreamName": "asked", "Data": b"x", "PartitionKey": ""},
     "ValidationException", "Value '' at 'partitionKey' failed"),
    ("kinesis", "get_records", {"ShardIterator": "junk"}, "InvalidArgumentException",
     "Invalid ShardIterator."),
    ("kinesis", "get_shard_iterator",
     {"StreamName": "asked", "ShardId": "shardId-000000000000", "ShardIteratorType": "AT_SEQUENCE_NUMBER"},
     "InvalidArgumentException", "StartingSequenceNumber is required"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "message"),
    TABLE,
    ids=[f"{number}-{row[1]}" for number, row in enumerate(TABLE)],
)
def test_a_request_is_refused(
    cloud: Any, service: str, operation: str, params: dict[str, Any], code: str, message: str
) -> None:
    """AWS's error, not one of the server's."""
    with pytest.raises(ClientError) as raised:
        getattr(cloud.client(service, config=UNCHECKED), operation)(**params)
    assert raised.value.response["Error"]["Code"] == code
    assert message in raised.value.response["Error"]["Message"]
