"""Answers to exercises 05.3 and 05.4: an order that comes twice, and a hundred that are accounted for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from labkit.session import Lab
from tests.wrong_answers.monitor_world import ONCE, queue, with_table
from tests.wrong_answers.world import SHARED, World, right, wrong

ADDS = """
import os

import boto3

orders = boto3.client("dynamodb")

def handler(event, context):
    orders.update_item(
        TableName=os.environ["ORDERS_TABLE"],
        Key={"order_id": {"S": event["order_id"]}},
        UpdateExpression="ADD printed :n",
        ExpressionAttributeValues={":n": {"N": str(event["copies"])}},
    )
"""
IN_MEMORY = ADDS.replace(
    "def handler(event, context):\n",
    """
seen = set()

def handler(event, context):
    if event["order_id"] in seen:
        return
    seen.add(event["order_id"])
""",
)
OVERWRITES = ONCE.replace('ConditionExpression="attribute_not_exists(order_id)",', "")
ASKS = ADDS.replace(
    "    orders.update_item(",
    """
    key = {"order_id": {"S": event["order_id"]}}
    if "Item" in orders.get_item(TableName=os.environ["ORDERS_TABLE"], Key=key):
        return
    orders.update_item(""",
)
COMPLAINS = ONCE.replace('return "printed before"', 'raise ValueError("printed before")')
ELSEWHERE = ONCE.replace('"printed":', '"copies":')
CONDITIONAL_UPDATE = (
    ADDS.replace("orders.update_item(", "try: orders.update_item(").replace(
        "        ExpressionAttributeValues=",
        '        ConditionExpression="attribute_not_exists(printed)", ExpressionAttributeValues=',
    )
    + "    except orders.exceptions.ConditionalCheckFailedException: pass\n"
)


SHARED.update(("05.3", "05.4"))


def made(lab: Lab) -> str:
    """The function with its table; its name."""
    return with_table(World(lab), "def handler(event, context): pass")


def prints(world: World, code: str) -> None:
    """``order-prints`` with this code."""
    world.update(world.once(made), code)


@wrong("05.3", "as it was", "for 3 copies, sent again in the same environment, has printed=6")
def _(world: World) -> None:
    prints(world, ADDS)


@wrong("05.3", "remembered in the environment's memory", "one environment knows alone")
def _(world: World) -> None:
    prints(world, IN_MEMORY)


@wrong("05.3", "a duplicate is an error", "A duplicate is no failure")
def _(world: World) -> None:
    prints(world, COMPLAINS)


@wrong("05.3", "written again without a condition", "written anew over what was there")
def _(world: World) -> None:
    prints(world, OVERWRITES)


@wrong("05.3", "asked first, which the role may not", "between asking and writing the twin slips through")
def _(world: World) -> None:
    prints(world, ASKS)


@wrong("05.3", "the item does not say what was printed", "the table's item says printed=None")
def _(world: World) -> None:
    prints(world, ELSEWHERE)


@right("05.3", "as the solution has it", "and printed it once")
def _(world: World) -> None:
    prints(world, ONCE)


@right("05.3", "a conditional update", "and printed it once")
def _(world: World) -> None:
    prints(world, CONDITIONAL_UPDATE)


# 05.4 looks at the table and the queues: nothing has to be invoked.
GOOD = [number for number in range(100) if number % 10 != 7]
BAD = [number for number in range(100) if number % 10 == 7]


def put(world: World, numbers: Iterable[int], **attributes: Any) -> None:
    """Items for orders of the lot."""
    items = [{"order_id": {"S": f"lot-{number:03}"}, **attributes} for number in numbers]
    write(world, [{"PutRequest": {"Item": item}} for item in items])


def write(world: World, requests: list[dict[str, Any]]) -> None:
    """Writes into the table, as many at once as BatchWriteItem takes."""
    client, table = world.client("dynamodb"), world.name("orders")
    for begin in range(0, len(requests), 25):
        client.batch_write_item(RequestItems={table: requests[begin : begin + 25]})


def lot(world: World, printed: Iterable[int] = GOOD, copies: int = 2) -> None:
    """The table knows these orders of the lot and no others; nothing is in the queues."""
    world.once(made)
    empty(world, "failed-orders"), empty(world, "dead-letters")
    deletes = [{"DeleteRequest": {"Key": {"order_id": {"S": f"lot-{number:03}"}}}} for number in range(100)]
    write(world, deletes)
    put(world, printed, printed={"N": str(copies)})


def empty(world: World, base: str) -> None:
    """Takes out what the answer before left in a queue. (Purging is possible once a minute only.)"""
    sqs, url = world.client("sqs"), queue(world, base)[0]
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


@wrong("05.4", "nothing was sent", "0 of 90 good orders are there")
def _(world: World) -> None:
    lot(world, [])


@wrong("05.4", "some are missing", "missing: lot-000, lot-001, lot-002")
def _(world: World) -> None:
    lot(world, GOOD[3:])


@wrong("05.4", "the failures wait in the queue", "10 of the 10 bad orders are not in the table; they wait")
def _(world: World) -> None:
    lot(world)
    url, _ = queue(world, "failed-orders")
    for number in BAD:
        record = {"requestPayload": {"order_id": f"lot-{number:03}"}}
        world.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(record))


@wrong("05.4", "deleted before they were written down", "10 orders are nowhere")
def _(world: World) -> None:
    lot(world)
    queue(world, "failed-orders")


@wrong("05.4", "rejected without a reason", "are in the table without a reason")
def _(world: World) -> None:
    lot(world)
    put(world, BAD, rejected={"BOOL": True})


@wrong("05.4", "everything is rejected", "can be printed, and are rejected")
def _(world: World) -> None:
    lot(world, [])
    put(world, range(100), rejected={"S": "too late"})


@wrong("05.4", "the lot was sent twice to a function that adds", "were printed 4 times, ordered 2")
def _(world: World) -> None:
    lot(world, copies=4)


@wrong("05.4", "the handler lets orders for no copies pass", "ask for no copies and stand there as printed")
def _(world: World) -> None:
    lot(world, range(100))


@right("05.4", "as the solution has it", "90 orders were printed, 10 rejected")
def _(world: World) -> None:
    lot(world)
    put(world, BAD, rejected={"S": "nobody can print 0 copies"})


@right("05.4", "with more attributes, and the queue still holding a copy", "100 in all")
def _(world: World) -> None:
    lot(world)
    put(world, BAD, rejected={"S": "no copies"}, photo_id={"S": "lighthouse"}, at={"N": "1"})
    url, _ = queue(world, "dead-letters")
    world.client("sqs").send_message(QueueUrl=url, MessageBody='{"order_id": "lot-007"}')
