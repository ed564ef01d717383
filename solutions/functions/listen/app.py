"""Notes in its log what it hears: from a topic, from an event bus, from a schedule."""

import json


def handler(event, context):
    if "Records" in event:
        heard = [record["Sns"]["Message"] for record in event["Records"]]
    else:
        heard = {"type": event["detail-type"], "time": event["time"], "detail": event["detail"]}
    print("heard", json.dumps(heard))
