"""Prints an order, which takes its time."""

import time


def handler(event, context):
    time.sleep(1.5)
    return {"printed": event["order_id"]}
