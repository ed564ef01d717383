"""Somebody who listens: a queue that hears a topic, so that a notebook can read what an alarm would mail."""

from __future__ import annotations

import json

from labkit.session import Lab


def inbox(lab: Lab, topic_arn: str, name: str = "inbox") -> str:
    """A queue subscribed to a topic; its URL. Messages are as they were published. Safe to call again.

    Args:
        name: gets the lab's prefix.
    """
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName=lab.name(name))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    hears = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [hears]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    lab.client("sns").subscribe(
        TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return str(url)
