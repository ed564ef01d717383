"""Answers an HTTP request with what the front door made of it."""

import json


def handler(event, context):
    http = event["requestContext"].get("http", {})
    seen = {
        "payload version": event.get("version", "1.0, unnamed"),
        "method": event.get("httpMethod") or http["method"],
        "path": event.get("path") or event["rawPath"],
        "query": event["queryStringParameters"],
    }
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(seen)}
