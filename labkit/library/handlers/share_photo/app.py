import functools
import hashlib
import hmac
import json
import os

import boto3

ssm = boto3.client("ssm")


@functools.cache
def signing_key():
    found = ssm.get_parameter(Name=os.environ["KEY_PARAMETER"], WithDecryption=True)
    return found["Parameter"]["Value"]


def handler(event, context):
    """Makes a link to a photo that nobody can forge."""
    photo_id = event["photo_id"]
    signature = hmac.new(signing_key().encode(), photo_id.encode(), hashlib.sha256).hexdigest()
    return {"statusCode": 200, "body": json.dumps({"link": f"/photos/{photo_id}?signature={signature[:16]}"})}
