"""Works off orders of prints. What cannot be done goes back to the queue alone; the rest of its batch is done."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            work_off(json.loads(record["body"]))
        except Exception as error:
            print(f"{record['messageId']} failed: {type(error).__name__}: {error}")
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def work_off(order):
    if order["copies"] < 1:
        raise ValueError(f"nobody can print {order['copies']} copies")
    table.put_item(Item={"order_id": order["order_id"], "photo_id": order["photo_id"], "copies": order["copies"]})
