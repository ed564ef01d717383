"""Somebody who listens: a queue that hears a topic, so that a notebook can read what an alarm would mail."""

from __future__ import annotations

import json

from labkit import deploy
from labkit.session import Lab


def inbox(lab: Lab, topic_arn: str, name: str = "inbox") -> str:
    """A queue subscribed to a topic; its URL. Messages are as they were published. Safe to call again.

    Args:
        name: gets the lab's prefix.
    """
    url, arn = deploy.queue(lab, name)
    hears = deploy.allow("sqs:SendMessage", arn)
    hears["Statement"][0] |= {
        "Principal": {"Service": "sns.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    lab.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(hears)})
    lab.client("sns").subscribe(
        TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return url
