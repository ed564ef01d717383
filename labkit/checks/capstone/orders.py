"""06.10: orders are worked off again, and the one that nobody can do does not go round any more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from labkit.checks.capstone.parts import asked, part
from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check

BODY = {"photo_id": "check", "copies": 1}


@check("06.10", title="Orders are worked off, and what cannot be done is put aside")
def work_orders(look: Look) -> str:
    """A dead-letter queue, nothing going round, and an order of the check's own."""
    function = part(look, "work-orders")
    mapping = _mapping(look, function)
    name = str(mapping["EventSourceArn"]).rpartition(":")[2]
    sqs = look.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    redrive = _attributes(sqs, url).get("RedrivePolicy")
    if not redrive:
        raise NotYet(
            f"the queue {name} has no RedrivePolicy: what fails comes back for ever",
            "a dead-letter queue for what has failed some times",
            "set_queue_attributes with a RedrivePolicy: deadLetterTargetArn, maxReceiveCount.",
        )
    dead = str(json.loads(redrive)["deadLetterTargetArn"]).rpartition(":")[2]
    _works(look, function, mapping)
    waiting = look.eventually(lambda: _settled(sqs, url))
    if waiting is None:
        raise NotYet(
            f"a message of {name} still goes round",
            "an empty queue of orders",
            "It is put aside once it has come back often enough: advance the lesson clock by some minutes "
            "(on AWS: wait for them), or take it out by hand.",
        )
    return f"{name} is empty, and what fails goes to {dead}"


def _mapping(look: Look, function: Function) -> Mapping[str, Any]:
    found = look.client("lambda").list_event_source_mappings(FunctionName=function.name)
    for mapping in found["EventSourceMappings"]:
        if mapping["State"] in ("Enabled", "Enabling", "Creating", "Updating"):
            return dict(mapping)
    raise NotYet(
        f"nothing reads the queue for {function.name}: its mapping is gone or disabled",
        "an event source mapping that is enabled",
        "update_event_source_mapping(UUID=…, Enabled=True). Switching off is no mending: orders wait.",
    )


def _works(look: Look, function: Function, mapping: Mapping[str, Any]) -> None:
    order_id = f"check-{uuid4().hex[:8]}"
    record = {
        "messageId": order_id,
        "body": json.dumps({"order_id": order_id, **BODY}),
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping["EventSourceArn"],
    }
    answer = asked(look, function, {"Records": [record]}, "given an order that can be done")
    failed = answer.payload.get("batchItemFailures") if isinstance(answer.payload, dict) else None
    if failed:
        raise NotYet(
            f"{function.name}, given an order that can be done, reports it as failed",
            "an order that is worked off",
            "Read its log: it names the error.",
        )
    for table in (value for key, value in function.environment.items() if "TABLE" in key):
        look.client("dynamodb").delete_item(TableName=table, Key={"order_id": {"S": order_id}})


def _settled(sqs: Any, url: str) -> str | None:
    """``empty`` if no message waits or is hidden."""
    found = _attributes(sqs, url)
    count = int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])
    return None if count else "empty"


def _attributes(sqs: Any, url: str) -> dict[str, str]:
    return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {}))
