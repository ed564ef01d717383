"""What a learner of phase 05 does, through plain boto3: orders of prints, queues, failures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.wrong_answers.world import LOGS, World, allow, policy

# As the solution of 05.3 has it, without the batteries.
ONCE = """
import os

import boto3

orders = boto3.client("dynamodb")

def handler(event, context):
    order_id, copies = event["order_id"], event["copies"]
    if copies < 1:
        raise ValueError(f"nobody can print {copies} copies")
    try:
        orders.put_item(
            TableName=os.environ["ORDERS_TABLE"],
            Item={"order_id": {"S": order_id}, "printed": {"N": str(copies)}},
            ConditionExpression="attribute_not_exists(order_id)",
        )
    except orders.exceptions.ConditionalCheckFailedException:
        return "printed before"
"""
# Fails, and needs no SDK: for questions about what becomes of failures.
FAILS = """
def handler(event, context):
    raise ValueError("nobody can print this")
"""
POISON = {"order_id": "poison", "photo_id": "lighthouse", "copies": 0}


def orders(world: World) -> str:
    """The table of orders; its name."""
    world.client("dynamodb").create_table(
        TableName=world.name("orders"),
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return world.name("orders")


def queue(world: World, base: str, **attributes: str) -> tuple[str, str]:
    """A queue's URL and ARN."""
    sqs = world.client("sqs")
    url = sqs.create_queue(QueueName=world.name(base), Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def order_prints(
    world: World,
    code: str = ONCE,
    *statements: Mapping[str, Any],
    attach: tuple[str, ...] = (LOGS,),
    **more: Any,
) -> str:
    """``order-prints``, without a table; its name."""
    inline = [policy(*statements)] if statements else []
    role = world.role(*inline, base="order-prints-role", attach=attach)
    return world.function("order-prints", code, role, **more)


def with_table(world: World, code: str = ONCE, *statements: Mapping[str, Any], **more: Any) -> str:
    """``order-prints`` with its table; its name."""
    table = orders(world)
    arn = f"arn:aws:dynamodb:{world.lab.region}:{world.lab.account_id}:table/{table}"
    writes = allow(["dynamodb:PutItem", "dynamodb:UpdateItem"], arn)
    return order_prints(world, code, writes, *statements, environment={"ORDERS_TABLE": table}, **more)


def send(world: World, name: str, event: Mapping[str, Any] = POISON, minutes: float = 4) -> None:
    """An asynchronous invocation, and the time that its retries take."""
    world.client("lambda").invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    world.lab.clock.advance(minutes=minutes)
