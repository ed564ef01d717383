"""The API of REST APIs: what moto lacks (snapshots, patches as AWS has them), and what is served.

moto keeps APIs, resources, methods, integrations, deployments and stages. After each change what is served is
made anew from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labkit.localcloud import lessons
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.sources.apis.control import Operation
from labkit.localcloud.sources.apis.rest_apis import checks
from labkit.localcloud.sources.apis.rest_apis.model import Api, Deployment, Stage
from labkit.localcloud.sources.apis.rest_apis.rules import INSTEAD, RULES
from labkit.localcloud.sources.apis.rest_apis.snapshots import default_timeout_ms, deployment
from labkit.localcloud.sources.apis.rules import bad_request, check, conflict, found

Document = dict[str, Any]


class RestApiOperations:
    """What the API is asked, and ``served``: what is answered from, by API id."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._snapshots: dict[str, dict[str, Deployment]] = {}
        self.served: dict[str, Api] = {}
        self._operations: dict[str, Operation] = {
            "CreateRestApi": self._create_api,
            "UpdateRestApi": self._update_api,
            "DeleteResource": self._delete_resource,
            "PutIntegration": self._put_integration,
            "CreateDeployment": self._create_deployment,
            "DeleteDeployment": self._delete_deployment,
        }

    def check(self, call: Call) -> None:
        check(RULES, call.operation, call.params, INSTEAD)

    def operation(self, name: str) -> Operation | None:
        return self._operations.get(name)

    def before(self, call: Call) -> None:
        params = call.params
        if "restApiId" not in params:
            return
        api = self._api(call)
        match call.operation:
            case "UpdateRestApi" | "UpdateStage":
                checks.check_patches(call.operation, params)
            case "CreateResource":
                checks.check_resource(api, params)
            case "PutMethod":
                checks.check_verb(api, params)
            case "PutIntegration":
                checks.method(api, params)
                checks.check_integration(params)
            case "PutIntegrationResponse":
                checks.check_integration_response(api, params)
            case "CreateStage":
                checks.check_stage(api, params)
            case "GetMethod" | "DeleteMethod" | "PutMethodResponse" | "TestInvokeMethod":
                checks.method(api, params)
            case "GetMethodResponse" | "DeleteMethodResponse":
                found(checks.method(api, params).method_responses, params["statusCode"], "Response")
            case "GetIntegration" | "DeleteIntegration" | "GetIntegrationResponse":
                checks.integration(api, params)
            case "DeleteIntegrationResponse":
                responses = checks.integration(api, params).integration_responses or {}
                found(responses, params["statusCode"], "Response")
            case "GetDeployment" | "DeleteDeployment":
                found(api.deployments, params["deploymentId"], "Deployment")
        if call.operation == "UpdateStage":
            self._check_stage_patches(api, params)

    def after(self, call: Call) -> None:
        api_id = call.params.get("restApiId")
        if api_id is None:
            return
        if call.operation == "DeleteRestApi":
            self._forget(api_id)
        else:
            self._serve(self._api(call))

    def _forget(self, api_id: str) -> None:
        self.served.pop(api_id, None)
        self._snapshots.pop(api_id, None)

    def current(self, call: Call) -> tuple[Api, Deployment]:
        """The API, and its resources as they are now, deployed or not."""
        api = self._api(call)
        return self._document(api), deployment(api, "")

    def _create_api(self, call: Call) -> Document:
        params = call.params
        endpoint = params.get("endpointConfiguration") or {}
        other = [each for each in endpoint.get("types") or [] if each not in ("REGIONAL", "EDGE")]
        if other or endpoint.get("vpcEndpointIds"):
            raise bad_request(
                f"{' '.join(other)} endpoints are not supported by the local cloud. Use REGIONAL."
            )
        if endpoint.get("ipAddressType", "ipv4") != "ipv4":
            raise bad_request("ipAddressType dualstack is not supported by the local cloud. Use ipv4.")
        api = self._backend(call.region).create_rest_api(
            params["name"],
            params.get("description"),
            endpoint_configuration=params.get("endpointConfiguration"),
            tags=params.get("tags"),
            disable_execute_api_endpoint=params.get("disableExecuteApiEndpoint"),
        )
        api.create_date = int(self._now())
        api.version, api.binaryMediaTypes = params.get("version"), list(params.get("binaryMediaTypes") or [])
        self._serve(api)
        return dict(api.to_dict())

    def _update_api(self, call: Call) -> Document:
        api = self._api(call)
        for patch in call.params.get("patchOperations") or []:
            _patch(api, patch["op"], patch["path"], patch.get("value"))
        return dict(api.to_dict())

    def _delete_resource(self, call: Call) -> Document:
        """With all that is below it."""
        api, doomed = self._api(call), [call.params["resourceId"]]
        if found(api.resources, doomed[0], "Resource").parent_id is None:
            raise bad_request("Root resource cannot be deleted")
        for resource_id in doomed:
            doomed += [each.id for each in api.resources.values() if each.parent_id == resource_id]
        for resource_id in doomed:
            del api.resources[resource_id]
        return {}

    def _put_integration(self, call: Call) -> Document:
        """With what AWS fills in."""
        params = call.params
        made = self._backend(call.region).put_integration(
            params["restApiId"],
            params["resourceId"],
            params["httpMethod"],
            params["type"],
            params.get("uri"),
            params.get("integrationHttpMethod"),
            credentials=params.get("credentials"),
            request_templates=params.get("requestTemplates"),
            request_parameters=params.get("requestParameters"),
            passthrough_behavior=params.get("passthroughBehavior") or "WHEN_NO_MATCH",
            timeout_in_millis=params.get("timeoutInMillis") or default_timeout_ms(),
            cache_namespace=params["resourceId"],
            connection_type=params.get("connectionType"),
        )
        return dict(made.to_json())

    def _create_deployment(self, call: Call) -> Document:
        params, api = call.params, self._api(call)
        stage_name, description = params.get("stageName"), params.get("description") or ""
        stage = api.stages.get(stage_name)
        made = self._backend(call.region).create_deployment(
            api.id, stage_name, description, params.get("variables")
        )
        made.created_date = int(self._now())
        self._snapshots.setdefault(api.id, {})[made.id] = deployment(api, made.id)
        if stage is not None:  # moto puts a new stage in its place
            stage.deployment_id = made.id
            stage.variables = params.get("variables") or stage.variables
            api.stages[stage_name] = stage
        elif stage_name and params.get("stageDescription"):
            api.stages[stage_name].description = params["stageDescription"]
        return dict(made.to_json())

    def _delete_deployment(self, call: Call) -> Document:
        api, deployment_id = self._api(call), call.params["deploymentId"]
        if any(stage.deployment_id == deployment_id for stage in api.stages.values()):
            raise bad_request(
                "Active stages pointing to this deployment must be moved or deleted before it can be deleted"
            )
        del api.deployments[deployment_id]
        self._snapshots.get(api.id, {}).pop(deployment_id, None)
        return {}

    def _check_stage_patches(self, api: Any, params: Mapping[str, Any]) -> None:
        found(api.stages, params["stageName"], "stage")
        for patch in params.get("patchOperations") or []:
            if patch["path"] == "/deploymentId":
                found(api.deployments, patch.get("value") or "", "Deployment")
            if patch["op"] == "add":
                raise bad_request(f"Invalid patch operation add for path {patch['path']}: use replace")

    def _serve(self, api: Any) -> None:
        self.served[api.id] = self._document(api)

    def _document(self, api: Any) -> Api:
        snapshots = self._snapshots.get(api.id, {})
        stages = {
            name: Stage(name, dict(stage.variables or {}), snapshots[stage.deployment_id])
            for name, stage in api.stages.items()
            if stage.deployment_id in snapshots
        }
        return Api(api.id, api.name, api.region_name, bool(api.disableExecuteApiEndpoint), stages)

    def _api(self, call: Call) -> Any:
        return found(self._backend(call.region).apis, call.params["restApiId"], "API")

    def _backend(self, region: str) -> Any:
        return lessons.backend("apigateway", ACCOUNT_ID, region)


def _patch(api: Any, op: str, path: str, value: str | None) -> None:
    first, _, name = path[1:].partition("/")
    media_type = name.replace("~1", "/").replace("~0", "~")
    if first == "binaryMediaTypes":
        if op in ("replace", "remove") and media_type not in api.binaryMediaTypes:
            raise bad_request(f"Invalid patch path {path}: there is no such binary media type")
        if op == "add" and media_type in api.binaryMediaTypes:
            raise conflict(f"The binary media type {media_type} is there already")
        kept = [each for each in api.binaryMediaTypes if each != media_type]
        added = {"add": [media_type], "replace": [value or media_type], "remove": []}[op]
        api.binaryMediaTypes = kept + added
    elif first == "endpointConfiguration":
        if value not in ("REGIONAL", "EDGE"):
            raise bad_request(f"{value} endpoints are not supported by the local cloud. Use REGIONAL.")
        api.endpoint_configuration["types"] = [value]
    elif first == "disableExecuteApiEndpoint":
        api.disableExecuteApiEndpoint = str(value).lower() == "true"
    else:
        setattr(api, first, "" if op == "remove" else value)
