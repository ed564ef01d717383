"""Rows for what calls functions from outside: APIs and state machines."""

from __future__ import annotations

from labkit.ledger.kinds import Call, Find, Kind, Look

INTERFACES = (
    Kind(
        "apigateway.rest-api",
        ("CreateRestApi", "ImportRestApi"),
        {"name": "params.name", "restApiId": "response.id"},
        Look(Call("GetRestApi", {"restApiId": "restApiId"})),
        (Call("DeleteRestApi", {"restApiId": "restApiId"}),),
        find=Find(
            Call("GetRestApis"),
            "r.items",
            {"restApiId": "item.id"},
            match={"name": "item.name"},
            created="item.createdDate",
        ),
        arns=(r"^arn:[^:]+:apigateway:[^:]+::/restapis/(?P<restApiId>[^/]+)$",),
    ),
    Kind(
        "apigatewayv2.api",
        ("CreateApi", "ImportApi"),
        {"Name": "params.Name", "ApiId": "response.ApiId"},
        Look(Call("GetApi", {"ApiId": "ApiId"})),
        (Call("DeleteApi", {"ApiId": "ApiId"}),),
        find=Find(
            Call("GetApis"),
            "r.Items",
            {"ApiId": "item.ApiId"},
            match={"Name": "item.Name"},
            created="item.CreatedDate",
        ),
        arns=(r"^arn:[^:]+:apigateway:[^:]+::/apis/(?P<ApiId>[^/]+)$",),
    ),
    Kind(
        "stepfunctions.state-machine",
        ("CreateStateMachine",),
        {
            "stateMachineArn": "response.stateMachineArn || "
            "join(':', ['arn', partition, 'states', region, account, 'stateMachine', params.name])"
        },
        Look(Call("DescribeStateMachine", {"stateMachineArn": "stateMachineArn"}), "r.status != 'DELETING'"),
        (Call("DeleteStateMachine", {"stateMachineArn": "stateMachineArn"}),),
        arns=(r"^(?P<stateMachineArn>arn:[^:]+:states:[^:]+:\d+:stateMachine:[^:]+)$",),
    ),
    Kind(
        "stepfunctions.activity",
        ("CreateActivity",),
        {
            "activityArn": "response.activityArn || "
            "join(':', ['arn', partition, 'states', region, account, 'activity', params.name])"
        },
        Look(Call("DescribeActivity", {"activityArn": "activityArn"})),
        (Call("DeleteActivity", {"activityArn": "activityArn"}),),
        arns=(r"^(?P<activityArn>arn:[^:]+:states:[^:]+:\d+:activity:[^:]+)$",),
    ),
)
