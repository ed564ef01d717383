import os

import boto3
from photo_json import answer

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def handler(event, context):
    """Answers with one photo; the id comes in the event itself, or in the path of an HTTP request."""
    photo_id = (event.get("pathParameters") or event)["photo_id"]
    found = table.get_item(Key={"photo_id": photo_id})
    if "Item" not in found:
        return answer(404, {"error": f"no photo {photo_id}"})
    return answer(200, found["Item"])
