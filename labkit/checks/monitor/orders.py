"""Orders of prints as checks see them: the function, its table, orders of their own, queues peeked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet

BASE, MARK = "order-prints", "seen-by-check"
TABLE_VARIABLE = "ORDERS_TABLE"
PEEKS_MAX = 40
Item = dict[str, dict[str, Any]]


def order_prints(look: Look) -> Function:
    """The function that prints orders."""
    return find(look, BASE)


def table_name(look: Look, function: Function) -> str:
    """The table of orders.

    Raises:
        NotYet: the function does not say which one it is.
    """
    named = function.environment.get(TABLE_VARIABLE)
    if named:
        return named.rpartition("/")[2]
    raise NotYet(
        f"{function.name} has no environment variable {TABLE_VARIABLE}",
        f"{TABLE_VARIABLE}={look.name('orders')}",
        "Run the cell that deploys order-prints; if you changed its Environment, send this variable, too.",
    )


@contextmanager
def order(look: Look, table: str, copies: int = 3) -> Iterator[dict[str, Any]]:
    """An event for an order of the check's own; what the function writes about it is taken out again."""
    order_id = f"check-{uuid4().hex[:8]}"
    try:
        yield {"order_id": order_id, "photo_id": "lighthouse", "copies": copies}
    finally:
        look.client("dynamodb").delete_item(TableName=table, Key={"order_id": {"S": order_id}})


def printed(look: Look, table: str, order_id: str) -> int | None:
    """How many prints the table has for an order; None when it knows nothing of it."""
    value = _item(look, table, order_id).get("printed")
    return None if value is None else int(float(value.get("N", 0)))


def mark(look: Look, table: str, order_id: str) -> None:
    """Marks the item of an order: who writes the whole item again takes the mark away."""
    look.client("dynamodb").update_item(
        TableName=table,
        Key={"order_id": {"S": order_id}},
        UpdateExpression="SET #mark = :true",
        ExpressionAttributeNames={"#mark": MARK},
        ExpressionAttributeValues={":true": {"BOOL": True}},
    )


def marked(look: Look, table: str, order_id: str) -> bool:
    """Whether the mark is still there."""
    return MARK in _item(look, table, order_id)


def _item(look: Look, table: str, order_id: str) -> Item:
    asked = {"TableName": table, "Key": {"order_id": {"S": order_id}}, "ConsistentRead": True}
    return dict(look.client("dynamodb").get_item(**asked).get("Item", {}))


def rejected(look: Look, table: str) -> int:
    """How many orders the table has as rejected, for a reason."""
    pages = look.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    items = [item for page in pages for item in page["Items"]]
    return sum(bool(item.get("rejected", {}).get("S")) for item in items)


def peek(look: Look, queue_arn: str) -> list[Mapping[str, Any]]:
    """The messages of a queue, each once, left where they are.

    Raises:
        NotYet: there is no such queue.
    """
    sqs, name = look.client("sqs"), queue_arn.rpartition(":")[2]
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except ClientError as error:
        if "NonExistentQueue" not in error.response["Error"]["Code"]:
            raise
        raise NotYet(
            f"{queue_arn} is not there", "a queue that exists", "Create the queue, or name one that exists."
        ) from error
    seen: dict[str, Mapping[str, Any]] = {}
    asked = {"MaxNumberOfMessages": 10, "VisibilityTimeout": 30, "MessageAttributeNames": ["All"]}
    for _ in range(PEEKS_MAX):
        found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0 if look.local else 1, **asked)
        if not found.get("Messages"):
            break
        seen |= {one["MessageId"]: one for one in found["Messages"]}
    for one in seen.values():
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"], VisibilityTimeout=0)
    return list(seen.values())
