import os, boto3
from photo_json import answer

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])

def handler(event, context):
    found = table.get_item(Key={"photo_id": event["photo_id"]})
    if "Item" not in found:
        return answer(404, {"error": f"no photo {event['photo_id']}"})
    return answer(200, found["Item"])
