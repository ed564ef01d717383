"""HTTP APIs of API Gateway, from an OpenAPI document or in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.kinds import openapi
from labkit.localcloud.stacks.kinds.kind import Kind, names

_SERVICE = "apigatewayv2"
_API = (
    "Name ProtocolType CorsConfiguration Description DisableExecuteApiEndpoint Version IpAddressType "
    "RouteSelectionExpression ApiKeySelectionExpression DisableSchemaValidation"
)
_QUICK = "Target RouteKey CredentialsArn"
_INTEGRATION = (
    "ApiId IntegrationType IntegrationSubtype IntegrationUri IntegrationMethod PayloadFormatVersion "
    "CredentialsArn Description TimeoutInMillis RequestParameters ConnectionType ConnectionId "
    "ContentHandlingStrategy PassthroughBehavior RequestTemplates ResponseParameters "
    "TemplateSelectionExpression TlsConfig"
)
_ROUTE = (
    "ApiId RouteKey Target OperationName AuthorizationType AuthorizerId AuthorizationScopes ApiKeyRequired "
    "ModelSelectionExpression RequestModels RequestParameters RouteResponseSelectionExpression"
)
_STAGE = (
    "ApiId StageName AutoDeploy DeploymentId Description StageVariables DefaultRouteSettings RouteSettings "
    "AccessLogSettings ClientCertificateId"
)
# Names in x-amazon-apigateway-integration that the API spells otherwise.
_INTEGRATION_NAMES = {
    "type": "IntegrationType",
    "uri": "IntegrationUri",
    "httpMethod": "IntegrationMethod",
    "credentials": "CredentialsArn",
}
_CORS = "x-amazon-apigateway-cors"


def create_api(ask: Ask) -> None:
    body = ask.properties.get("Body")
    described = _described(body) if body is not None else {}
    params = {"ProtocolType": "HTTP", **described, **ask.some(f"{_API} {_QUICK}"), "Tags": _tags(ask)}
    made = ask.call(_SERVICE, "CreateApi", params)
    arn = f"arn:aws:execute-api:{ask.region}:{ask.account}:{made['ApiId']}"
    ask.born(made["ApiId"], ApiId=made["ApiId"], ApiEndpoint=made["ApiEndpoint"], ExecuteApiArn=arn)
    if body is not None:
        _import(ask, body)


def update_api(ask: Ask) -> None:
    which, body = {"ApiId": ask.physical_id}, ask.properties.get("Body")
    described = _described(body) if body is not None else {}
    asked = ask.some(f"{_API} {_QUICK}")
    given = {name: value for name, value in asked.items() if name != "ProtocolType"}
    changed = {"Description": "", **described, **given}
    ask.call(_SERVICE, "UpdateApi", {**which, **changed})
    if "CorsConfiguration" not in changed:
        ask.call(_SERVICE, "DeleteCorsConfiguration", which)
    if body is not None:
        _import(ask, body)
    arn = {"ResourceArn": f"arn:aws:apigateway:{ask.region}::/apis/{ask.physical_id}"}
    if ask.lost_tags:
        ask.call(_SERVICE, "UntagResource", {**arn, "TagKeys": ask.lost_tags})
    if tags := _tags(ask):
        ask.call(_SERVICE, "TagResource", {**arn, "Tags": tags})


def delete_api(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeleteApi", {"ApiId": ask.physical_id})


def _described(body: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of an API that its document says."""
    openapi.check(body)
    info = body.get("info") or {}
    known = {
        "Name": info.get("title"),
        "Description": info.get("description"),
        "Version": info.get("version"),
    }
    if _CORS in body:
        known["CorsConfiguration"] = body[_CORS]
    return {name: value for name, value in known.items() if value}


def _tags(ask: Ask) -> dict[str, str]:
    value = "x-amazon-apigateway-tag-value"
    listed = (ask.properties.get("Body") or {}).get("tags") or []
    return {**{each["name"]: each[value] for each in listed if value in each}, **ask.tags}


def _import(ask: Ask, body: Mapping[str, Any]) -> None:
    """Makes the routes what the document says: those that stay are never gone."""
    api, client = {"ApiId": ask.physical_id}, ask.client(_SERVICE)
    routes = {route["RouteKey"]: route for route in client.get_routes(**api)["Items"]}
    old = [each["IntegrationId"] for each in client.get_integrations(**api)["Items"]]
    wanted = set()
    for path, method, operation in openapi.operations(body):
        key = "$default" if path.strip("/") == "$default" else f"{method} {path}"
        wanted.add(key)
        found = openapi.integration(operation, key)
        made = ask.call(_SERVICE, "CreateIntegration", {**api, **_integration(found)})
        route = {**api, "RouteKey": key, "Target": f"integrations/{made['IntegrationId']}"}
        route["AuthorizationType"] = openapi.authorization(body, operation)
        if "operationId" in operation:
            route["OperationName"] = operation["operationId"]
        if key in routes:
            ask.call(_SERVICE, "UpdateRoute", {**route, "RouteId": routes[key]["RouteId"]})
        else:
            ask.call(_SERVICE, "CreateRoute", route)
    for key in routes.keys() - wanted:
        ask.call(_SERVICE, "DeleteRoute", {**api, "RouteId": routes[key]["RouteId"]})
    for integration_id in old:
        ask.call(_SERVICE, "DeleteIntegration", {**api, "IntegrationId": integration_id})


def _integration(found: Mapping[str, Any]) -> dict[str, Any]:
    return {_INTEGRATION_NAMES.get(name, name): value for name, value in found.items()}


def create_integration(ask: Ask) -> None:
    made = ask.call(_SERVICE, "CreateIntegration", ask.some(_INTEGRATION))["IntegrationId"]
    ask.born(made, IntegrationId=made)


def update_integration(ask: Ask) -> None:
    ask.call(_SERVICE, "UpdateIntegration", {**ask.some(_INTEGRATION), "IntegrationId": ask.physical_id})


def delete_integration(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeleteIntegration", {**ask.some("ApiId"), "IntegrationId": ask.physical_id})


def create_route(ask: Ask) -> None:
    made = ask.call(_SERVICE, "CreateRoute", ask.some(_ROUTE))["RouteId"]
    ask.born(made, RouteId=made)


def update_route(ask: Ask) -> None:
    ask.call(_SERVICE, "UpdateRoute", {**ask.some(_ROUTE), "RouteId": ask.physical_id})


def delete_route(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeleteRoute", {**ask.some("ApiId"), "RouteId": ask.physical_id})


def create_stage(ask: Ask) -> None:
    tags = {"Tags": ask.tags} if ask.tags else {}
    ask.call(_SERVICE, "CreateStage", {**ask.some(_STAGE), **tags})
    ask.born(str(ask.properties["StageName"]))


def update_stage(ask: Ask) -> None:
    unset: dict[str, Any] = {"Description": ""} if "Description" in ask.before else {}
    ask.call(_SERVICE, "UpdateStage", {**unset, **ask.some(_STAGE)})


def delete_stage(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeleteStage", ask.some("ApiId StageName"))


def create_deployment(ask: Ask) -> None:
    made = ask.call(_SERVICE, "CreateDeployment", ask.some("ApiId Description StageName"))["DeploymentId"]
    ask.born(made, DeploymentId=made)


def delete_deployment(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeleteDeployment", {**ask.some("ApiId"), "DeploymentId": ask.physical_id})


HTTP_APIS = (
    Kind(
        "AWS::ApiGatewayV2::Api",
        # FailOnWarnings: every warning is a failure here.
        names(f"Body FailOnWarnings Tags {_API} {_QUICK}"),
        create_api,
        delete_api,
        update_api,
        instead={"BodyS3Location": "Put the document into Body, or include it with AWS::Include."},
    ),
    Kind(
        "AWS::ApiGatewayV2::Integration",
        names(_INTEGRATION),
        create_integration,
        delete_integration,
        update_integration,
    ),
    Kind("AWS::ApiGatewayV2::Route", names(_ROUTE), create_route, delete_route, update_route),
    Kind("AWS::ApiGatewayV2::Stage", names(f"{_STAGE} Tags"), create_stage, delete_stage, update_stage),
    Kind(
        "AWS::ApiGatewayV2::Deployment",
        names("ApiId Description StageName"),
        create_deployment,
        delete_deployment,
    ),
)
