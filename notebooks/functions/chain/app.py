import json, os, time, boto3

lambda_ = boto3.client("lambda")
following = os.environ.get("NEXT")

def handler(event, context):
    time.sleep(event["work_s"])              # stands for what this link does
    if not following and event["photo_id"] == "broken":
        raise ValueError("not a picture")
    if following:
        answer = lambda_.invoke(FunctionName=following, Payload=json.dumps(event))
        if "FunctionError" in answer:
            raise RuntimeError(f"{following} failed")
    return {"done_by": context.function_name}
