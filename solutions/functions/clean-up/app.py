"""Deletes the photos that somebody has put into the trash: those with an attribute ``trashed``."""

import os

import boto3
from boto3.dynamodb.conditions import Attr

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def handler(event, context):
    deleted, more = [], {}
    while True:
        page = table.scan(FilterExpression=Attr("trashed").exists(), **more)
        for photo in page["Items"]:
            table.delete_item(Key={"photo_id": photo["photo_id"]})
            deleted.append(photo["photo_id"])
        if "LastEvaluatedKey" not in page:
            return {"deleted": deleted}
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
