"""Rows for AWS Lambda."""

from __future__ import annotations

from labkit.ledger.kinds import Call, Find, Kind, Look

_FUNCTION = {"FunctionName": "params.FunctionName"}
_OF_FUNCTION = {"lambda.function": ("FunctionName",)}
_QUALIFIED = {"FunctionName": "FunctionName", "Qualifier": "Qualifier"}

LAMBDA = (
    Kind(
        "lambda.function",
        ("CreateFunction",),
        _FUNCTION,
        Look(Call("GetFunctionConfiguration", {"FunctionName": "FunctionName"})),
        (Call("DeleteFunction", {"FunctionName": "FunctionName"}),),
        implies={
            "logs.group": {
                "logGroupName": "params.LoggingConfig.LogGroup || "
                "join('', ['/aws/lambda/', params.FunctionName])"
            }
        },
        arns=(r"^arn:[^:]+:lambda:[^:]+:\d+:function:(?P<FunctionName>[^:]+)$",),
    ),
    Kind(
        "lambda.version",
        ("PublishVersion",),
        {**_FUNCTION, "Qualifier": "response.Version"},
        Look(Call("GetFunctionConfiguration", _QUALIFIED)),
        (Call("DeleteFunction", _QUALIFIED),),
        within=_OF_FUNCTION,
    ),
    Kind(
        "lambda.alias",
        ("CreateAlias",),
        {**_FUNCTION, "Name": "params.Name"},
        Look(Call("GetAlias", {"FunctionName": "FunctionName", "Name": "Name"})),
        (Call("DeleteAlias", {"FunctionName": "FunctionName", "Name": "Name"}),),
        within=_OF_FUNCTION,
    ),
    Kind(
        "lambda.permission",
        ("AddPermission",),
        {**_FUNCTION, "Qualifier": "params.Qualifier", "StatementId": "params.StatementId"},
        Look(Call("GetPolicy", _QUALIFIED), "contains(r.Policy, StatementId)"),
        (Call("RemovePermission", {**_QUALIFIED, "StatementId": "StatementId"}),),
        within=_OF_FUNCTION,
    ),
    Kind(
        "lambda.url",
        ("CreateFunctionUrlConfig",),
        {**_FUNCTION, "Qualifier": "params.Qualifier"},
        Look(Call("GetFunctionUrlConfig", _QUALIFIED)),
        (Call("DeleteFunctionUrlConfig", _QUALIFIED),),
        within=_OF_FUNCTION,
    ),
    Kind(
        "lambda.reserved-concurrency",
        ("PutFunctionConcurrency",),
        _FUNCTION,
        Look(
            Call("GetFunctionConcurrency", {"FunctionName": "FunctionName"}),
            "r.ReservedConcurrentExecutions != `null`",
        ),
        (Call("DeleteFunctionConcurrency", {"FunctionName": "FunctionName"}),),
        within=_OF_FUNCTION,
    ),
    Kind(
        "lambda.provisioned-concurrency",
        ("PutProvisionedConcurrencyConfig",),
        {**_FUNCTION, "Qualifier": "params.Qualifier"},
        Look(Call("GetProvisionedConcurrencyConfig", _QUALIFIED)),
        (Call("DeleteProvisionedConcurrencyConfig", _QUALIFIED),),
        within=_OF_FUNCTION,
    ),
    Kind(
        "lambda.event-invoke-config",
        ("PutFunctionEventInvokeConfig",),
        {**_FUNCTION, "Qualifier": "params.Qualifier"},
        Look(Call("GetFunctionEventInvokeConfig", _QUALIFIED)),
        (Call("DeleteFunctionEventInvokeConfig", _QUALIFIED),),
        within=_OF_FUNCTION,
    ),
    Kind(
        "lambda.layer-version",
        ("PublishLayerVersion",),
        {"LayerName": "params.LayerName", "VersionNumber": "response.Version"},
        Look(Call("GetLayerVersion", {"LayerName": "LayerName", "VersionNumber": "VersionNumber"})),
        (Call("DeleteLayerVersion", {"LayerName": "LayerName", "VersionNumber": "VersionNumber"}),),
        find=Find(
            Call("ListLayerVersions", {"LayerName": "LayerName"}),
            "r.LayerVersions",
            {"VersionNumber": "item.Version"},
            created="item.CreatedDate",
        ),
        leftovers=Find(
            Call("ListLayers"),
            "r.Layers",
            {"LayerName": "item.LayerName", "VersionNumber": "item.LatestMatchingVersion.Version"},
        ),
    ),
    Kind(
        "lambda.event-source-mapping",
        ("CreateEventSourceMapping",),
        {"UUID": "response.UUID", "EventSourceArn": "params.EventSourceArn", **_FUNCTION},
        Look(Call("GetEventSourceMapping", {"UUID": "UUID"}), "r.State != 'Deleting'"),
        (Call("DeleteEventSourceMapping", {"UUID": "UUID"}),),
        find=Find(
            Call(
                "ListEventSourceMappings",
                {"FunctionName": "FunctionName", "EventSourceArn": "EventSourceArn"},
            ),
            "r.EventSourceMappings",
            {"UUID": "item.UUID"},
            created="item.LastModified",
        ),
        arns=(r"^arn:[^:]+:lambda:[^:]+:\d+:event-source-mapping:(?P<UUID>.+)$",),
    ),
)
