from prints import print_order

def handler(event, context):
    print(f"order {event['order_id']}: {event['copies']} copies of {event['photo_id']}")
    print_order(event)
