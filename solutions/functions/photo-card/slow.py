import os


def handler(event, context):
    import boto3

    table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
    photo = table.get_item(Key={"photo_id": event["photo_id"]})["Item"]
    return {"card": f"{photo['title']}, {photo['width']} pixels wide"}
