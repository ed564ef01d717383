"""Photos as answers of an HTTP API. DynamoDB's numbers are Decimals; callers get plain ones."""

import json

def answer(status, content):
    return {"statusCode": status, "body": json.dumps(content, default=number)}

def number(value):
    return int(value) if value == int(value) else float(value)
