from orders import fails

def handler(event, context):
    again = [record["messageId"] for record in event["Records"] if fails(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}
