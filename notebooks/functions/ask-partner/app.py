import time


def handler(event, context):
    time.sleep(event["wait_ms"] / 1000)  # stands for a partner's API that takes its time
    return {"answer": "fine"}
