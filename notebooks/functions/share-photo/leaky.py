import hashlib, hmac, json, os

def handler(event, context):
    photo_id, key = event["photo_id"], os.environ["SIGNING_KEY"]
    signature = hmac.new(key.encode(), photo_id.encode(), hashlib.sha256).hexdigest()
    return {"statusCode": 200, "body": json.dumps({"link": f"/photos/{photo_id}?signature={signature[:16]}"})}
