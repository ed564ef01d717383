"""Takes an order over HTTP, has it printed, and answers when that is done: a synchronous chain."""

import json
import os

import boto3

lambda_ = boto3.client("lambda")


def handler(event, context):
    answer = lambda_.invoke(FunctionName=os.environ["PRINT"], Payload=json.dumps(event["pathParameters"]))
    return {"statusCode": 200, "body": json.dumps(json.load(answer["Payload"]))}
