"""The API of HTTP APIs: what moto lacks (quick create, deployments, stages that deploy by themselves).

moto keeps APIs, routes, integrations and stages. After each change what is served is made anew from them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from labkit.localcloud import lessons
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.sources.apis.control import Operation
from labkit.localcloud.sources.apis.cors import Cors
from labkit.localcloud.sources.apis.http_apis.checks import (
    QUICK,
    check_cors,
    check_integration,
    check_quick,
    check_route,
    check_unused,
)
from labkit.localcloud.sources.apis.http_apis.deployments import Deployments
from labkit.localcloud.sources.apis.http_apis.model import DEFAULT, Api, Deployment, Stage
from labkit.localcloud.sources.apis.http_apis.rules import INSTEAD, RULES
from labkit.localcloud.sources.apis.rules import bad_request, check, conflict, found

_STAGE_NAME = re.compile(r"\$default|[A-Za-z0-9_-]{1,128}", re.ASCII)
_DEPLOYING = ("Route", "Integration")

Document = dict[str, Any]


class HttpApiOperations:
    """What the API is asked, and ``served``: what is answered from, by API id."""

    def __init__(self, endpoint: str, now: Callable[[], float]) -> None:
        self._endpoint, self._now = endpoint, now
        self._deployments = Deployments(now)
        self._quick: dict[str, tuple[str, str]] = {}  # route and integration of quick create, by API id
        self.served: dict[str, Api] = {}
        self._operations: dict[str, Operation] = {
            "CreateApi": self._create_api,
            "CreateStage": self._create_stage,
            "UpdateStage": self._update_stage,
            "GetStage": self._get_stage,
            "GetStages": self._get_stages,
            "CreateDeployment": self._create_deployment,
            "UpdateDeployment": self._update_deployment,
            "DeleteDeployment": self._delete_deployment,
            "GetDeployment": lambda call: _shown(self._deployment(call)),
            "GetDeployments": self._get_deployments,
        }

    def check(self, call: Call) -> None:
        check(RULES, call.operation, call.params, INSTEAD)

    def operation(self, name: str) -> Operation | None:
        return self._operations.get(name)

    def before(self, call: Call) -> None:
        if "ApiId" in call.params:
            self._api(call)
        match call.operation:
            case "CreateApi":
                check_cors(call.params.get("CorsConfiguration"))
                check_quick(None, None, call.params)
            case "UpdateApi":
                check_cors(call.params.get("CorsConfiguration"))
                check_quick(self._api(call), self._quick.get(call.params["ApiId"]), call.params)
            case "CreateRoute" | "UpdateRoute":
                check_route(self._api(call), call.params)
            case "CreateIntegration" | "UpdateIntegration":
                check_integration(self._api(call), call.params)
            case "DeleteIntegration":
                check_unused(self._api(call), call.params["IntegrationId"])
            case "DeleteRoute":
                found(self._api(call).routes, call.params["RouteId"], "Route")
            case "DeleteStage":
                found(self._api(call).stages, call.params["StageName"], "stage")

    def after(self, call: Call) -> None:
        api_id = call.params.get("ApiId")
        if api_id is None:
            return
        if call.operation == "DeleteApi":
            self.served.pop(api_id, None)
            self._quick.pop(api_id, None)
            self._deployments.forget(api_id)
            return
        if call.operation == "DeleteStage":
            self._deployments.staged.pop((api_id, call.params["StageName"]), None)
        api = self._api(call)
        if call.operation == "UpdateApi":
            self._change_quickly(api, call.params)
        if call.operation.endswith(_DEPLOYING):
            self._deployments.deploy_automatically(api)
        self._serve(api, call.region)

    def _create_api(self, call: Call) -> Document:
        params = call.params
        api = self._backend(call.region).create_api(
            api_key_selection_expression=None,
            cors_configuration=params.get("CorsConfiguration"),
            description=params.get("Description"),
            disable_schema_validation=None,
            disable_execute_api_endpoint=params.get("DisableExecuteApiEndpoint"),
            name=params["Name"],
            protocol_type="HTTP",
            route_selection_expression=None,
            tags=params.get("Tags"),
            version=params.get("Version"),
        )
        api.created_date = self._moment()
        api.api_endpoint = f"{self._endpoint}/_aws/execute-api/{api.api_id}"
        if params.get("Target"):
            self._create_quickly(api, params)
        self._serve(api, call.region)
        return dict(api.to_json())

    def _create_quickly(self, api: Any, params: Mapping[str, Any]) -> None:
        """An integration, a route that catches all, and a stage that deploys by itself."""
        integration = api.create_integration(
            connection_type="INTERNET",
            description=None,
            integration_method="POST",
            integration_type="AWS_PROXY",
            integration_uri=params["Target"],
            credentials_arn=params.get("CredentialsArn"),
            payload_format_version="2.0",
        )
        route = api.create_route(
            api_key_required=False,
            authorization_scopes=[],
            authorization_type="NONE",
            route_key=params.get("RouteKey") or DEFAULT,
            target=f"integrations/{integration.id}",
        )
        self._quick[api.api_id] = route.route_id, integration.id
        stage = api.create_stage({"stageName": DEFAULT, "autoDeploy": True})
        stage.created = stage.updated = self._moment()
        self._deployments.deploy_automatically(api)

    def _change_quickly(self, api: Any, params: Mapping[str, Any]) -> None:
        """UpdateApi: other values for what quick create made. Source: API reference, UpdateApi."""
        if not any(params.get(name) for name in QUICK):
            return
        route_id, integration_id = self._quick[api.api_id]
        route, integration = api.routes[route_id], api.integrations[integration_id]
        route.route_key = params.get("RouteKey") or route.route_key
        integration.integration_uri = params.get("Target") or integration.integration_uri
        integration.credentials_arn = params.get("CredentialsArn") or integration.credentials_arn
        self._deployments.deploy_automatically(api)

    def _create_stage(self, call: Call) -> Document:
        api, name = self._api(call), call.params["StageName"]
        if not _STAGE_NAME.fullmatch(name):
            raise bad_request("Stage name only allows a-zA-Z0-9_-, or $default")
        if name in api.stages:
            raise conflict("Stage already exists")
        self._check_deployment(call)
        body = call.wire.body_params
        stage = api.create_stage({key: value for key, value in body.items() if value is not None})
        stage.created = stage.updated = self._moment()
        self._stage(call, api, stage)
        return self._stage_document(api, stage)

    def _update_stage(self, call: Call) -> Document:
        api = self._api(call)
        stage = found(api.stages, call.params["StageName"], "stage")
        self._check_deployment(call, stage)
        for name, attribute in (
            ("Description", "description"),
            ("StageVariables", "stage_variables"),
            ("AutoDeploy", "auto_deploy"),
        ):
            if name in call.params:
                setattr(stage, attribute, call.params[name])
        stage.updated = self._moment()
        self._stage(call, api, stage)
        return self._stage_document(api, stage)

    def _stage(self, call: Call, api: Any, stage: Any) -> None:
        if call.params.get("DeploymentId"):
            self._deployments.staged[api.api_id, stage.name] = call.params["DeploymentId"]
        elif call.params.get("AutoDeploy"):
            self._deployments.deploy_automatically(api)

    def _check_deployment(self, call: Call, stage: Any = None) -> None:
        deployment = call.params.get("DeploymentId")
        automatic = call.params.get("AutoDeploy", stage.auto_deploy if stage is not None else False)
        if deployment and automatic:
            raise bad_request("Deployment ID cannot be set on a stage with Auto Deploy enabled")
        if deployment:
            found(self._deployments.of(call.params["ApiId"]), deployment, "Deployment")

    def _get_stage(self, call: Call) -> Document:
        api = self._api(call)
        return self._stage_document(api, found(api.stages, call.params["StageName"], "stage"))

    def _get_stages(self, call: Call) -> Document:
        api = self._api(call)
        return {"items": [self._stage_document(api, stage) for stage in api.stages.values()]}

    def _stage_document(self, api: Any, stage: Any) -> Document:
        document = dict(stage.to_json())
        if (deployment := self._deployments.staged.get((api.api_id, stage.name))) is not None:
            document["deploymentId"] = deployment
            if stage.auto_deploy:
                told = f"Successfully deployed stage with deployment ID '{deployment}'"
                document["lastDeploymentStatusMessage"] = told
        return document

    def _create_deployment(self, call: Call) -> Document:
        api = self._api(call)
        if not api.routes:
            raise bad_request("At least one route is required before deploying the Api.")
        stage_name = call.params.get("StageName")
        if stage_name and found(api.stages, stage_name, "stage").auto_deploy:
            raise bad_request("Deployment ID cannot be set on a stage with Auto Deploy enabled")
        made = self._deployments.deploy(api, call.params.get("Description"))
        if stage_name:
            self._deployments.staged[api.api_id, stage_name] = made.id
        return _shown(made)

    def _update_deployment(self, call: Call) -> Document:
        which = self._api(call).api_id, call.params["DeploymentId"]
        return _shown(self._deployments.describe(*which, call.params.get("Description")))

    def _delete_deployment(self, call: Call) -> Document:
        self._deployments.delete(self._api(call).api_id, call.params["DeploymentId"])
        return {}

    def _get_deployments(self, call: Call) -> Document:
        api = self._api(call)
        return {"items": [_shown(each) for each in self._deployments.of(api.api_id).values()]}

    def _deployment(self, call: Call) -> Deployment:
        known = self._deployments.of(self._api(call).api_id)
        return found(known, call.params["DeploymentId"], "Deployment")

    def _serve(self, api: Any, region: str) -> None:
        stages = {
            stage.name: Stage(
                stage.name, dict(stage.stage_variables or {}), self._deployments.at(api.api_id, stage.name)
            )
            for stage in api.stages.values()
        }
        cors = Cors.read(api.cors_configuration) if api.cors_configuration else None
        disabled = bool(api.disable_execute_api_endpoint)
        self.served[api.api_id] = Api(api.api_id, region, cors, disabled, stages)

    def _moment(self) -> datetime:
        """Now, in moto's way: UTC without a zone. moto itself would take the machine's zone and time."""
        return datetime.fromtimestamp(self._now(), UTC).replace(tzinfo=None)

    def _api(self, call: Call) -> Any:
        return found(self._backend(call.region).apis, call.params["ApiId"], "API")

    def _backend(self, region: str) -> Any:
        return lessons.backend("apigatewayv2", ACCOUNT_ID, region)


def _shown(deployment: Deployment) -> Document:
    shown = {
        "deploymentId": deployment.id,
        "deploymentStatus": "DEPLOYED",
        "createdDate": deployment.created_at,
        "autoDeployed": deployment.auto_deployed,
        "description": deployment.description,
    }
    return {name: value for name, value in shown.items() if value is not None}
