"""What HTTP APIs take here, operation by operation, in the names of the API (apigatewayv2)."""

from __future__ import annotations

from labkit.localcloud.sources.apis.rules import Rule, takes

_MAPPING = "HTTP APIs here pass requests and answers on as they are: change them in the function."
_WEBSOCKET = "It belongs to WebSocket APIs, which need an AWS account."
_AUTHORIZER = "Routes here are open or ask for AWS_IAM: check tokens in the function, or use an AWS account."
_THROTTLING = "Requests are not throttled by stage here: use the function's reserved concurrency."
_LOGS = "There is no access log here: write one in the function."

_API = takes(
    "ApiId Name CorsConfiguration Description DisableExecuteApiEndpoint Tags Version "
    "Target RouteKey CredentialsArn",  # of quick create
    only={
        "ProtocolType": ("HTTP",),
        "ApiKeySelectionExpression": ("$request.header.x-api-key",),
        "RouteSelectionExpression": ("$request.method $request.path", "${request.method} ${request.path}"),
        "IpAddressType": ("ipv4",),
    },
    instead={
        "ProtocolType": "Use HTTP; WebSocket APIs need an AWS account.",
        "DisableSchemaValidation": _WEBSOCKET,
    },
)
_ROUTE = takes(
    "ApiId RouteId RouteKey Target OperationName",
    only={"AuthorizationType": ("NONE", "AWS_IAM")},
    instead={
        "AuthorizationType": _AUTHORIZER,
        "AuthorizerId": _AUTHORIZER,
        "AuthorizationScopes": _AUTHORIZER,
        "ApiKeyRequired": _WEBSOCKET,
        "ModelSelectionExpression": _WEBSOCKET,
        "RequestModels": _WEBSOCKET,
        "RequestParameters": _WEBSOCKET,
        "RouteResponseSelectionExpression": _WEBSOCKET,
    },
)
_INTEGRATION = takes(
    "ApiId IntegrationId IntegrationUri CredentialsArn Description TimeoutInMillis RequestParameters",
    only={
        "IntegrationType": ("AWS_PROXY",),
        "IntegrationSubtype": ("SQS-SendMessage",),
        "IntegrationMethod": ("POST",),
        "PayloadFormatVersion": ("1.0", "2.0"),
        "ConnectionType": ("INTERNET",),
    },
    instead={
        "IntegrationType": "Use AWS_PROXY with a function; other web servers need an AWS account.",
        "IntegrationSubtype": "SQS-SendMessage works here; call other services in a function.",
        "ConnectionType": "There is no VPC here: use INTERNET.",
        "ConnectionId": "There is no VPC here.",
        "ContentHandlingStrategy": _WEBSOCKET,
        "PassthroughBehavior": _WEBSOCKET,
        "RequestTemplates": _WEBSOCKET,
        "TemplateSelectionExpression": _WEBSOCKET,
        "ResponseParameters": _MAPPING,
        "TlsConfig": "Functions are not called by TLS here.",
    },
)
_STAGE = takes(
    "ApiId StageName AutoDeploy DeploymentId Description StageVariables Tags",
    only={"DefaultRouteSettings": ({"detailedMetricsEnabled": False},)},
    instead={
        "DefaultRouteSettings": _THROTTLING,
        "RouteSettings": _THROTTLING,
        "AccessLogSettings": _LOGS,
        "ClientCertificateId": _WEBSOCKET,
    },
)
_READ = takes("ApiId RouteId IntegrationId StageName DeploymentId MaxResults NextToken")
_TAGS = takes("ResourceArn Tags TagKeys")

RULES: dict[str, Rule] = {
    "CreateApi": _API,
    "UpdateApi": _API,
    "DeleteCorsConfiguration": _READ,
    "CreateRoute": _ROUTE,
    "UpdateRoute": _ROUTE,
    "CreateIntegration": _INTEGRATION,
    "UpdateIntegration": _INTEGRATION,
    "CreateStage": _STAGE,
    "UpdateStage": _STAGE,
    "CreateDeployment": takes("ApiId Description StageName"),
    "UpdateDeployment": takes("ApiId DeploymentId Description"),
    **{
        f"{verb}{what}": _READ
        for what in ("Api", "Route", "Integration", "Stage", "Deployment")
        for verb in ("Get", "Delete")
    },
    **{f"Get{what}": _READ for what in ("Apis", "Routes", "Integrations", "Stages", "Deployments")},
    "GetTags": _TAGS,
    "TagResource": _TAGS,
    "UntagResource": _TAGS,
}
INSTEAD = {
    "Authorizer": _AUTHORIZER,
    "DomainName": "Use the API's own address.",
    "ApiMapping": "Use the API's own address.",
    "VpcLink": "There is no VPC here.",
    "Model": _WEBSOCKET,
    "RouteResponse": _WEBSOCKET,
    "IntegrationResponse": _WEBSOCKET,
    "ImportApi": "Make the API with CreateApi, CreateIntegration and CreateRoute.",
    "ReimportApi": "Change the API with CreateIntegration and CreateRoute.",
    "RouteSettings": _THROTTLING,
    "AccessLogSettings": _LOGS,
}
