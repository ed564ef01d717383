"""One order of prints."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def work_off(record):
    order = json.loads(record["body"])
    print("printing", order["order_id"])
    if order["copies"] < 1:
        raise ValueError(f"{order['order_id']}: nobody can print {order['copies']} copies")
    table.put_item(Item={name: order[name] for name in ("order_id", "photo_id", "copies")})


def fails(record):
    """Whether an order cannot be worked off; the log says why."""
    try:
        work_off(record)
    except Exception as error:
        print(f"{record['messageId']} failed: {type(error).__name__}: {error}")
        return True
    return False
