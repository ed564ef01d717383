"""REST APIs of API Gateway, from an OpenAPI document or in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.errors import not_here
from labkit.localcloud.stacks.kinds import openapi
from labkit.localcloud.stacks.kinds.kind import Kind, names

_SERVICE = "apigateway"
_API = (
    "Name Description Version BinaryMediaTypes EndpointConfiguration DisableExecuteApiEndpoint Policy "
    "MinimumCompressionSize CloneFrom"
)
_METHOD = (
    "RestApiId ResourceId HttpMethod AuthorizationType AuthorizerId AuthorizationScopes ApiKeyRequired "
    "OperationName RequestParameters RequestModels RequestValidatorId"
)
_STAGE = "RestApiId StageName DeploymentId Description Variables TracingEnabled CacheClusterEnabled"
_MEDIA_TYPES = "x-amazon-apigateway-binary-media-types"
# Names of integrations that PutIntegration spells otherwise.
_INTEGRATION_NAMES = {"httpMethod": "integrationHttpMethod", "IntegrationHttpMethod": "integrationHttpMethod"}
_PLACES = {"path": "path", "query": "querystring", "header": "header"}


def create_api(ask: Ask) -> None:
    body = ask.properties.get("Body")
    described = _described(body) if body is not None else {}
    tags = {"Tags": ask.tags} if ask.tags else {}
    _check_parameters(ask.properties)
    params = {**described, **ask.some(_API), **_key_source(ask), **tags}
    made = ask.call(_SERVICE, "CreateRestApi", params)
    root = made.get("rootResourceId") or _root(ask, made["id"])
    ask.born(made["id"], RestApiId=made["id"], RootResourceId=root)
    if body is not None:
        _import(ask, body)


def update_api(ask: Ask) -> None:
    body = ask.properties.get("Body")
    described = _described(body) if body is not None else {}
    given = {**described, **ask.some("Name Description Version")}
    patches = [
        {"op": "replace", "path": f"/{name.lower()}", "value": str(given.get(name, ""))}
        for name in ("Name", "Description", "Version")
        if given.get(name) or name in ask.before
    ]
    if "DisableExecuteApiEndpoint" in ask.properties:
        off = str(ask.properties["DisableExecuteApiEndpoint"]).lower()
        patches.append({"op": "replace", "path": "/disableExecuteApiEndpoint", "value": off})
    if patches:
        ask.call(_SERVICE, "UpdateRestApi", {"restApiId": ask.physical_id, "patchOperations": patches})
    if body is not None:
        _clear(ask)
        _import(ask, body)


def delete_api(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeleteRestApi", {"restApiId": ask.physical_id})


def _check_parameters(properties: Mapping[str, Any]) -> None:
    """Of the parameters of an import the kind of endpoint works: SAM says it twice."""
    endpoint = (properties.get("EndpointConfiguration") or {}).get("Types") or []
    for name, value in (properties.get("Parameters") or {}).items():
        if name != "endpointConfigurationTypes" or [value] != endpoint:
            raise not_here(f"{name} of Parameters", "Set what it says by a property of the API.")


def _key_source(ask: Ask) -> dict[str, Any]:
    source = ask.properties.get("ApiKeySourceType")
    return {"apiKeySource": source} if source else {}


def _described(body: Mapping[str, Any]) -> dict[str, Any]:
    openapi.check(body)
    info = body.get("info") or {}
    known = {
        "Name": info.get("title"),
        "Description": info.get("description"),
        "Version": info.get("version"),
    }
    known["BinaryMediaTypes"] = body.get(_MEDIA_TYPES)
    return {name: value for name, value in known.items() if value}


def _root(ask: Ask, api: str) -> str:
    items = ask.client(_SERVICE).get_resources(restApiId=api)["items"]
    return str(next(item["id"] for item in items if item["path"] == "/"))


def _clear(ask: Ask) -> None:
    """Takes away what the document before this one made."""
    api, root = {"restApiId": ask.physical_id}, ask.attributes["RootResourceId"]
    for item in ask.client(_SERVICE).get_resources(**api, embed=["methods"])["items"]:
        if item["id"] == root:
            for method in item.get("resourceMethods") or {}:
                ask.call(_SERVICE, "DeleteMethod", {**api, "resourceId": root, "httpMethod": method})
        elif item.get("parentId") == root:
            ask.gone(_SERVICE, "DeleteResource", {**api, "resourceId": item["id"]})


def _import(ask: Ask, body: Mapping[str, Any]) -> None:
    known = {"": ask.attributes["RootResourceId"]}
    for path, verb, operation in openapi.operations(body):
        where = {
            "restApiId": ask.physical_id,
            "resourceId": _resource(ask, path.rstrip("/"), known),
            "httpMethod": verb,
        }
        method: dict[str, Any] = {**where, "authorizationType": openapi.authorization(body, operation)}
        if "operationId" in operation:
            method["operationName"] = operation["operationId"]
        if parameters := _parameters(operation):
            method["requestParameters"] = parameters
        responses = [
            {"statusCode": status, "responseParameters": _headers(said)}
            for status, said in (operation.get("responses") or {}).items()
            if str(status).isdecimal()
        ]
        found = openapi.integration(operation, f"{verb} {path}")
        outcomes = found.pop("responses", None) or {}
        integration_responses = [
            {**said, **({} if pattern == "default" else {"selectionPattern": pattern})}
            for pattern, said in outcomes.items()
        ]
        if "passthroughBehavior" in found:
            found["passthroughBehavior"] = str(found["passthroughBehavior"]).upper()
        _put_method(ask, method, where, responses, found, integration_responses)


def _resource(ask: Ask, path: str, known: dict[str, str]) -> str:
    if path not in known:
        parent, _, part = path.rpartition("/")
        params = {"restApiId": ask.physical_id, "parentId": _resource(ask, parent, known), "pathPart": part}
        known[path] = ask.call(_SERVICE, "CreateResource", params)["id"]
    return known[path]


def _parameters(operation: Mapping[str, Any]) -> dict[str, bool]:
    return {
        f"method.request.{_PLACES[each['in']]}.{each['name']}": bool(each.get("required"))
        for each in operation["parameters"]
        if each.get("in") in _PLACES
    }


def _headers(said: Mapping[str, Any] | None) -> dict[str, bool]:
    return {f"method.response.header.{name}": False for name in (said or {}).get("headers") or {}}


def _put_method(
    ask: Ask,
    method: Mapping[str, Any],
    where: Mapping[str, Any],
    responses: list[dict[str, Any]],
    integration: Mapping[str, Any],
    integration_responses: list[dict[str, Any]],
) -> None:
    ask.call(_SERVICE, "PutMethod", method)
    for response in responses:
        ask.call(_SERVICE, "PutMethodResponse", {**where, **response})
    if not integration:
        return
    named = {_INTEGRATION_NAMES.get(name, name): value for name, value in integration.items()}
    ask.call(_SERVICE, "PutIntegration", {**where, **named})
    for response in integration_responses:
        ask.call(_SERVICE, "PutIntegrationResponse", {**where, **response})


def create_resource(ask: Ask) -> None:
    made = ask.call(_SERVICE, "CreateResource", ask.some("RestApiId ParentId PathPart"))["id"]
    ask.born(made, ResourceId=made)


def delete_resource(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeleteResource", {**ask.some("RestApiId"), "resourceId": ask.physical_id})


def put_method(ask: Ask) -> None:
    where = ask.some("RestApiId ResourceId HttpMethod")
    if ask.physical_id:
        ask.gone(_SERVICE, "DeleteMethod", where)
    else:
        ask.born(ask.name("", 100))
    integration = dict(ask.properties.get("Integration") or {})
    outcomes = integration.pop("IntegrationResponses", None) or []
    method = {"AuthorizationType": "NONE", **ask.some(_METHOD)}
    responses = list(ask.properties.get("MethodResponses") or [])
    _put_method(ask, method, where, responses, integration, outcomes)


def delete_method(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeleteMethod", ask.some("RestApiId ResourceId HttpMethod"))


def create_deployment(ask: Ask) -> None:
    made = ask.call(_SERVICE, "CreateDeployment", ask.some("RestApiId Description StageName"))["id"]
    ask.born(made, DeploymentId=made)


def delete_deployment(ask: Ask) -> None:
    """With the stage that it made, while that shows this deployment."""
    api = ask.some("RestApiId")
    stage = ask.properties.get("StageName")
    for each in ask.client(_SERVICE).get_stages(restApiId=api["RestApiId"])["item"]:
        if each["stageName"] == stage and each["deploymentId"] == ask.physical_id:
            ask.gone(_SERVICE, "DeleteStage", {**api, "stageName": stage})
    ask.gone(_SERVICE, "DeleteDeployment", {**api, "deploymentId": ask.physical_id})


def create_stage(ask: Ask) -> None:
    tags = {"Tags": ask.tags} if ask.tags else {}
    ask.call(_SERVICE, "CreateStage", {**ask.some(_STAGE), **tags})
    ask.born(str(ask.properties["StageName"]))


def update_stage(ask: Ask) -> None:
    patches = [
        {"op": "replace", "path": path, "value": str(ask.properties.get(name, ""))}
        for name, path in (("DeploymentId", "/deploymentId"), ("Description", "/description"))
        if ask.changed(name)
    ]
    before, after = (properties.get("Variables") or {} for properties in (ask.before, ask.properties))
    for name, value in after.items():
        patches.append({"op": "replace", "path": f"/variables/{name}", "value": str(value)})
    patches += [{"op": "remove", "path": f"/variables/{name}"} for name in before.keys() - after.keys()]
    if patches:
        params = {**ask.some("RestApiId StageName"), "patchOperations": patches}
        ask.call(_SERVICE, "UpdateStage", params)


def delete_stage(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeleteStage", ask.some("RestApiId StageName"))


_LOGS = "There are no execution and access logs of APIs here: log in the function."
REST_APIS = (
    Kind(
        "AWS::ApiGateway::RestApi",
        names(f"Body FailOnWarnings ApiKeySourceType Parameters Tags {_API}"),
        create_api,
        delete_api,
        update_api,
        replaces=names("BinaryMediaTypes EndpointConfiguration Parameters Tags"),
        instead={"BodyS3Location": "Put the document into Body, or include it with AWS::Include."},
    ),
    Kind("AWS::ApiGateway::Resource", names("RestApiId ParentId PathPart"), create_resource, delete_resource),
    Kind(
        "AWS::ApiGateway::Method",
        names(f"{_METHOD} Integration MethodResponses"),
        put_method,
        delete_method,
        put_method,
    ),
    Kind(
        "AWS::ApiGateway::Deployment",
        names("RestApiId Description StageName"),
        create_deployment,
        delete_deployment,
    ),
    Kind(
        "AWS::ApiGateway::Stage",
        names(f"{_STAGE} Tags"),
        create_stage,
        delete_stage,
        update_stage,
        instead={
            "MethodSettings": "Requests are not throttled, cached and logged by method here: leave them out.",
            "AccessLogSetting": _LOGS,
            "CanarySetting": "There are no canary releases here: use an alias with weights.",
        },
    ),
)
