"""Keeps the number of rated photos and the sum of their ratings, from what changes in their table."""

import os
from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table(os.environ["STATISTICS_TABLE"])


def handler(event, context):
    photos, stars = 0, Decimal(0)
    for record in event["Records"]:
        change = record["dynamodb"]
        for sign, image in ((1, change.get("NewImage")), (-1, change.get("OldImage"))):
            if image and "rating" in image:
                photos += sign
                stars += sign * rating(image)
    table.update_item(
        Key={"statistic": "ratings"},
        UpdateExpression="ADD photos :photos, stars :stars",
        ExpressionAttributeValues={":photos": photos, ":stars": stars},
    )


def rating(image):
    stars = Decimal(image["rating"]["N"])
    if not 0 <= stars <= 5:
        raise ValueError(f"{stars} stars for {image['photo_id']['S']}: there are five at most")
    return stars
