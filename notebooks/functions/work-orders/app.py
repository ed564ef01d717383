from orders import work_off

def handler(event, context):
    for record in event["Records"]:
        work_off(record)
