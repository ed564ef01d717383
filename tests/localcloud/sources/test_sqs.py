"""Amazon SQS itself: what queues and messages may be, in the service's own words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

UNCHECKED = Config(parameter_validation=False, retries={"total_max_attempts": 1})
VALUE, ATTRIBUTE = "InvalidParameterValue", "InvalidAttributeValue"
NAME = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
ARN = "arn:aws:sqs:us-east-1:123456789012:nowhere"
NOWHERE = json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": 3})
REDRIVE = "for parameter RedrivePolicy is invalid. Reason:"


@pytest.fixture(scope="module")
def sqs(cloud: Any) -> Any:
    return cloud.client("sqs", config=UNCHECKED)


@pytest.fixture(scope="module")
def queue(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName="asked", Attributes={"MaximumMessageSize": "2048"})["QueueUrl"])


@pytest.fixture(scope="module")
def fifo(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName="asked.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"])


def refusal(call: Any, **params: Any) -> tuple[str, str]:
    """Code and message of a call that must fail."""
    with pytest.raises(ClientError) as raised:
        call(**params)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("name", "attributes", "code", "message"),
    [
        ("two words", {}, VALUE, NAME),
        ("x.fifo", {}, VALUE, NAME),
        ("q", {"VisibilityTimeout": "43201"}, ATTRIBUTE,
         "Invalid value for the parameter VisibilityTimeout."),
        ("q", {"DelaySeconds": "soon"}, ATTRIBUTE, "Invalid value for the parameter DelaySeconds."),
        ("q", {"MessageRetentionPeriod": "59"}, ATTRIBUTE,
         "Invalid value for the parameter MessageRetentionPeriod."),
        ("q", {"Colour": "red"}, "InvalidAttributeName", "Unknown Attribute Colour."),
        ("q", {"ContentBasedDeduplication": "true"}, "InvalidAttributeName",
         "Unknown Attribute ContentBasedDeduplication."),
        ("q", {"RedrivePolicy": "none"}, VALUE,
         f"Value none {REDRIVE} Redrive policy is not a valid JSON map."),
        ("q", {"RedrivePolicy": NOWHERE}, VALUE,
         f"Value {NOWHERE} {REDRIVE} Dead letter target does not exist."),
        ("asked", {"VisibilityTimeout": "7"}, "QueueAlreadyExists",
         "A queue already exists with the same name and a different value for attribute VisibilityTimeout"),
    ],
)  # fmt: skip
def test_no_queue_is_made_of_this(
    sqs: Any, queue: str, name: str, attributes: dict[str, str], code: str, message: str
) -> None:
    """Names, attributes and redrive policies are checked before anything is made."""
    assert refusal(sqs.create_queue, QueueName=name, Attributes=attributes) == (code, message)


def text(value: str, kind: str = "String") -> dict[str, str]:
    """A message attribute."""
    return {"DataType": kind, "StringValue": value}


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ({"MessageBody": ""}, "MissingParameter", "The request must contain the parameter MessageBody."),
        ({"MessageBody": "a\0b"}, "InvalidMessageContents", "Invalid binary character '#x0' was found"),
        ({"MessageBody": "é" * 1025}, VALUE, "Message must be shorter than 2048 bytes."),
        ({"MessageBody": "x", "MessageAttributes": {"a": text("x" * 2041)}}, VALUE,
         "Message must be shorter than 2048 bytes."),
        ({"MessageBody": "x", "MessageDeduplicationId": "d"}, VALUE, "not valid for this queue type"),
        ({"MessageBody": "x", "MessageAttributes": {"n": text("many", "Number")}}, VALUE,
         "Can't cast the value of message (user) attribute 'n' to a number."),
        ({"MessageBody": "x", "MessageAttributes": {"e": text("")}}, VALUE, "must contain a non-empty value"),
        ({"MessageBody": "x", "MessageAttributes": {"AWS.a": text("x")}}, VALUE, "cannot start with 'AWS.'"),
        ({"MessageBody": "x", "MessageAttributes": {f"a{n}": text("x") for n in range(11)}}, VALUE,
         "Number of message attributes [11] exceeds the allowed maximum [10]."),
    ],
)  # fmt: skip
def test_no_message_is_sent_of_this(
    sqs: Any, queue: str, message: dict[str, Any], code: str, reason: str
) -> None:
    """Alone it is an error, in a batch it is the entry that fails; the others are sent."""
    found, told = refusal(sqs.send_message, QueueUrl=queue, **message)
    assert found == code and reason in told
    entries = [{"Id": "bad", **message}, {"Id": "good", "MessageBody": "x"}]
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", code, True)
    sqs.delete_message(
        QueueUrl=queue, ReceiptHandle=sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"]
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"MaxNumberOfMessages": 11}, "Value 11 for parameter MaxNumberOfMessages is invalid. "
                                      "Reason: Must be between 1 and 10, if provided."),
        ({"WaitTimeSeconds": 21}, "Value 21 for parameter WaitTimeSeconds is invalid. "
                                  "Reason: Must be between 0 and 20, if provided."),
        ({"VisibilityTimeout": 43201}, "Value 43201 for parameter VisibilityTimeout is invalid. "
                                       "Reason: Must be between 0 and 43200, if provided."),
    ],
)  # fmt: skip
def test_nothing_is_received_so(sqs: Any, queue: str, params: dict[str, int], message: str) -> None:
    """Numbers out of their range."""
    assert refusal(sqs.receive_message, QueueUrl=queue, **params) == (VALUE, message)


def test_a_message_sent_twice_to_a_fifo_queue_is_the_first_one(sqs: Any, fifo: str) -> None:
    """Its sender gets the same id and sequence number; only one is there to be received."""
    message = {"QueueUrl": fifo, "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    first, second = sqs.send_message(**message), sqs.send_message(**message)
    for name in ("MessageId", "SequenceNumber"):
        assert first[name] == second[name]
    assert len(first["SequenceNumber"]) == 20
    assert len(sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)["Messages"]) == 1


def test_times_of_a_queue_are_whole_seconds(sqs: Any, queue: str) -> None:
    """As text, as all attributes are."""
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["CreatedTimestamp"].isdecimal() and attributes["LastModifiedTimestamp"].isdecimal()
