"""Makes a thumbnail of each picture that arrives in the bucket, and notes both in the table."""

import os

import boto3
import png
from arrived import place

s3 = boto3.client("s3")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def handler(event, context):
    return [thumbnail(*place(record)) for record in event["Records"]]


def thumbnail(bucket, key):
    rows, channels = png.read(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    small = png.write(png.shrink(rows, channels, width=60), channels)
    name = key.rpartition("/")[2]
    s3.put_object(Bucket=bucket, Key=f"thumbnails/{name}", Body=small, ContentType="image/png")
    note(name.removesuffix(".png"), key, f"thumbnails/{name}", len(rows[0]) // channels)
    return f"thumbnails/{name}"


def note(photo_id, key, small, width):
    table.update_item(
        Key={"photo_id": photo_id},
        UpdateExpression="SET original = :key, thumbnail = :small, width = :width",
        ExpressionAttributeValues={":key": key, ":small": small, ":width": width},
    )
