"""Makes a thumbnail of each picture that arrives in the bucket, and notes both in the table."""

import os
from urllib.parse import unquote_plus

import boto3
import png

s3 = boto3.client("s3")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def handler(event, context):
    return [thumbnail(record["s3"]) for record in event["Records"]]


def thumbnail(arrived):
    bucket, key = arrived["bucket"]["name"], unquote_plus(arrived["object"]["key"])
    rows, channels = png.read(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    small = png.write(png.shrink(rows, channels, width=60), channels)
    name = key.rpartition("/")[2]
    s3.put_object(Bucket=bucket, Key=f"thumbnails/{name}", Body=small, ContentType="image/png")
    table.update_item(
        Key={"photo_id": name.removesuffix(".png")},
        UpdateExpression="SET original = :key, thumbnail = :small, width = :width",
        ExpressionAttributeValues={
            ":key": key,
            ":small": f"thumbnails/{name}",
            ":width": len(rows[0]) // channels,
        },
    )
    return f"thumbnails/{name}"
