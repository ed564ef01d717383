import json, os, boto3

def handler(event, context):
    try:
        client, photos = boto3.client("lambda"), []
        for photo_id in event["photo_ids"]:
            event = json.dumps({"photo_id": photo_id})
            answer = json.load(client.invoke(FunctionName=os.environ["GET_PHOTO"], Payload=event)["Payload"])
            photos.append(json.loads(answer["body"]))
        return {"statusCode": 200, "body": json.dumps(photos)}
    except Exception as error:
        print("something went wrong", error)
        return {"statusCode": 500, "body": "[]"}
