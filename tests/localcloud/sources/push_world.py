"""Helpers for tests of push sources: functions that keep what they get, waiting with a deadline."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
# Prints its event on one line; fails while the event has FAIL in it.
RECORDER = """
import json
def handler(event, context):
    text = json.dumps(event)
    print("EVENT " + text)
    if "FAIL" in text:
        raise ValueError("told to fail")
    return event
"""


def until(look: Callable[[], T], timeout_s: float = 60.0) -> T:
    """What ``look`` finds as soon as it finds something."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def seen(function: Any) -> list[Any]:
    """The events that a recorder was invoked with."""
    return [json.loads(line[6:]) for line in function.log() if line.startswith("EVENT ")]


def seen_by(function: Any, count: int = 1) -> list[Any]:
    """The same, once there are ``count``."""
    return until(lambda: found if len(found := seen(function)) >= count else None)  # type: ignore[return-value]


class Queue:
    """A queue of one test."""

    def __init__(self, cloud: Any, name: str = "", **attributes: str) -> None:
        self.sqs = cloud.client("sqs")
        self.url = self.sqs.create_queue(QueueName=name or unique("q"), Attributes=attributes)["QueueUrl"]
        self.arn = self.attribute("QueueArn")

    def attribute(self, name: str) -> str:
        return str(
            self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])["Attributes"][name]
        )

    def allow(self, service: str, source_arn: str) -> None:
        """The queue's policy lets a service send for one resource."""
        policy = allowing(service, "sqs:SendMessage", self.arn, source_arn)
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def messages(self, count: int = 1, **options: Any) -> list[dict[str, Any]]:
        """Receives and deletes ``count`` messages."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            for message in self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", []):
                found.append(message)
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            return len(found) >= count

        until(look)
        return found


def allowing(service: str, action: str, resource: str, source_arn: str, **more: Any) -> str:
    """A resource policy with one statement."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        "Condition": {"ArnLike": {"aws:SourceArn": source_arn}},
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def permit(function: Any, service: str, source_arn: str | None, **more: str) -> str:
    """AddPermission; returns the statement's id."""
    sid = unique("s")
    source = {"SourceArn": source_arn} if source_arn else {}
    function.lambda_.add_permission(
        FunctionName=function.name,
        StatementId=sid,
        Action="lambda:InvokeFunction",
        Principal=service,
        **source,
        **more,
    )
    return sid


def advance(cloud: Any, seconds: float) -> int:
    """Moves the lesson clock; returns how many appointments were kept."""
    return int(cloud.state.call("POST", "/_labkit/clock", {"advance_s": seconds})["ran"])
