"""Answers CloudFormation from a function behind a custom resource: ``cfnresponse.send(...)``."""

import json

import urllib3

SUCCESS = "SUCCESS"
FAILED = "FAILED"

http = urllib3.PoolManager()


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):  # noqa: N803
    """Puts the answer where the event says; ``responseData`` is what Fn::GetAtt can ask for."""
    answer = {
        "Status": responseStatus,
        "Reason": reason or f"See the details in CloudWatch Log Stream: {context.log_stream_name}",
        "PhysicalResourceId": physicalResourceId or context.log_stream_name,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": noEcho,
        "Data": responseData,
    }
    body = json.dumps(answer)
    try:
        http.request("PUT", event["ResponseURL"], headers={"content-type": ""}, body=body)
    except Exception as error:
        print("The answer to CloudFormation could not be sent:", error)  # noqa: T201
