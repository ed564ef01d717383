import json, os, boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])

def handler(event, context):
    found = table.get_item(Key={"photo_id": event["photo_id"]})
    return {"statusCode": 200, "body": json.dumps(found["Item"])}
