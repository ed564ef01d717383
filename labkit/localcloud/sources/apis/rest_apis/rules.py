"""What REST APIs take here, operation by operation, in the names of the API (apigateway)."""

from __future__ import annotations

from labkit.localcloud.sources.apis.rules import Rule, takes

_AUTHORIZER = "Methods here are open (NONE) or ask for AWS_IAM: check tokens in the function, or use AWS."
_KEYS = (
    "There are no API keys and usage plans here: use the function's reserved concurrency against overload."
)
_VALIDATOR = "Requests are not validated here: check them in the function."
_CACHE = "There is no cache here."
_CANARY = "There are no canary releases here: use an alias with weights."
_VPC = "There is no VPC here: use INTERNET."
_LOGS = "There are no execution and access logs of APIs here: log in the function."
_IMPORT = "Make the API with CreateResource, PutMethod and PutIntegration."
_PUT = "Put it anew: PutMethod, PutIntegration and their responses replace what was there."

_METHOD = takes(
    "restApiId resourceId httpMethod operationName requestParameters requestModels",
    only={"authorizationType": ("NONE", "AWS_IAM")},
    instead={
        "authorizationType": _AUTHORIZER,
        "authorizerId": _AUTHORIZER,
        "authorizationScopes": _AUTHORIZER,
        "apiKeyRequired": _KEYS,
        "requestValidatorId": _VALIDATOR,
    },
)
_INTEGRATION = takes(
    "restApiId resourceId httpMethod integrationHttpMethod uri credentials timeoutInMillis "
    "requestParameters requestTemplates",
    only={
        "type": ("AWS_PROXY", "AWS", "MOCK"),
        "passthroughBehavior": ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"),
        "connectionType": ("INTERNET",),
        "responseTransferMode": ("BUFFERED",),
    },
    instead={
        "type": "Use AWS_PROXY with a function, AWS with Amazon SQS, or MOCK.",
        "connectionType": _VPC,
        "connectionId": _VPC,
        "integrationTarget": _VPC,
        "contentHandling": "Bodies are not converted here; binaryMediaTypes work with AWS_PROXY.",
        "cacheNamespace": _CACHE,
        "cacheKeyParameters": _CACHE,
        "responseTransferMode": "Use BUFFERED, or a function URL with RESPONSE_STREAM.",
    },
)
_STAGE_EXTRAS = {
    "cacheClusterEnabled": _CACHE,
    "cacheClusterSize": _CACHE,
    "canarySettings": _CANARY,
    "tracingEnabled": "Turn on Active tracing of the function: its trace begins with the request.",
    "documentationVersion": "There is no API documentation here.",
}
_READ = takes(
    "restApiId resourceId httpMethod statusCode stageName deploymentId embed position limit resourceArn"
)

RULES: dict[str, Rule] = {
    "CreateRestApi": takes(
        "name description version binaryMediaTypes endpointConfiguration tags disableExecuteApiEndpoint",
        only={"apiKeySource": ("HEADER",)},
        instead={
            "apiKeySource": _KEYS,
            "cloneFrom": _IMPORT,
            "policy": "Say who may call with AWS_IAM and the policies of callers.",
            "minimumCompressionSize": "Answers are not compressed here.",
        },
    ),
    "UpdateRestApi": takes("restApiId patchOperations"),
    "CreateResource": takes("restApiId parentId pathPart"),
    "PutMethod": _METHOD,
    "PutMethodResponse": takes(
        "restApiId resourceId httpMethod statusCode responseParameters responseModels"
    ),
    "PutIntegration": _INTEGRATION,
    "PutIntegrationResponse": takes(
        "restApiId resourceId httpMethod statusCode selectionPattern responseParameters responseTemplates",
        instead={"contentHandling": "Bodies are not converted here."},
    ),
    "CreateDeployment": takes(
        "restApiId stageName stageDescription description variables", instead=_STAGE_EXTRAS
    ),
    "CreateStage": takes(
        "restApiId stageName deploymentId description variables tags", instead=_STAGE_EXTRAS
    ),
    "UpdateStage": takes("restApiId stageName patchOperations"),
    "TestInvokeMethod": takes(
        "restApiId resourceId httpMethod pathWithQueryString body headers multiValueHeaders stageVariables"
    ),
    **{
        f"{verb}{what}": _READ
        for what in (
            *("RestApi", "Resource", "Method", "MethodResponse", "Integration", "IntegrationResponse"),
            *("Deployment", "Stage"),
        )
        for verb in ("Get", "Delete")
    },
    **{f"Get{what}": _READ for what in ("RestApis", "Resources", "Deployments", "Stages", "Tags")},
}
INSTEAD = {
    "TestInvokeAuthorizer": _AUTHORIZER,
    "Authorizer": _AUTHORIZER,
    "ApiKey": _KEYS,
    "Usage": _KEYS,
    "RequestValidator": _VALIDATOR,
    "Model": _VALIDATOR,
    "GatewayResponse": "Errors are AWS's own here.",
    "DomainName": "Use the API's own address.",
    "BasePathMapping": "Use the API's own address.",
    "VpcLink": _VPC,
    "ImportRestApi": _IMPORT,
    "PutRestApi": _IMPORT,
    "Cache": _CACHE,
    "UpdateAccount": _LOGS,
    "UpdateMethod": _PUT,
    "UpdateIntegration": _PUT,
    "TagResource": "Give tags when you create the API or the stage.",
}
# Paths of patch operations that work, by operation; ``*`` stands for one name.
PATCHES = {
    "UpdateRestApi": (
        *("/name", "/description", "/version", "/binaryMediaTypes/*", "/disableExecuteApiEndpoint"),
        *("/endpointConfiguration/types/*",),
    ),
    "UpdateStage": ("/deploymentId", "/description", "/variables/*"),
}
PATCH_INSTEAD = {
    "/*/*/throttling": "Requests are not throttled by stage here: use the function's reserved concurrency.",
    "/*/*/caching": _CACHE,
    "/*/*/logging": _LOGS,
    "/*/*/metrics": "Metrics by API and stage are there; metrics by method are not.",
    "/accessLogSettings": _LOGS,
    "/tracingEnabled": _STAGE_EXTRAS["tracingEnabled"],
    "/canarySettings": _CANARY,
    "/cacheCluster": _CACHE,
}
