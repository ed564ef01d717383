"""Lambda functions, versions, aliases and layers."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from labkit import facts
from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.kinds.kind import Kind, names

INLINE = Path(__file__).with_name("inline")
SOON = {"Delay": 0.2, "MaxAttempts": 600}
ROLE_WAIT_S, ROLE_RETRY_S = 60.0, 0.5  # a new role can be assumed a moment after it was made
_CONFIGURATION = (
    "Description Handler Role Runtime Timeout MemorySize Environment Layers DeadLetterConfig TracingConfig "
    "EphemeralStorage LoggingConfig VpcConfig FileSystemConfigs ImageConfig KmsKeyArn SnapStart"
)
_PACKAGED = "Code Architectures"


def create(ask: Ask) -> None:
    name = ask.name("FunctionName", 64)
    params = {
        **ask.some(f"{_CONFIGURATION} Architectures PackageType CodeSigningConfigArn"),
        "FunctionName": name,
        "Code": _code(ask),
        "Tags": ask.tags,
    }
    made = _when_the_role_can_be_assumed(ask, "CreateFunction", params)
    ask.born(name, Arn=made["FunctionArn"])
    ask.client("lambda").get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
    _beside(ask)


def update(ask: Ask) -> None:
    which = {"FunctionName": ask.physical_id}
    if ask.changed(*_PACKAGED.split()):
        ask.call("lambda", "UpdateFunctionCode", {**which, **_code(ask), **ask.some("Architectures")})
        _settled(ask)
    if ask.changed(*_CONFIGURATION.split()):
        unset = {name: value for name, value in _defaults(ask).items() if name in ask.before}
        params = {**which, **unset, **ask.some(_CONFIGURATION)}
        _when_the_role_can_be_assumed(ask, "UpdateFunctionConfiguration", params)
        _settled(ask)
    tag_function(ask, ask.attributes["Arn"])
    _beside(ask)


def _defaults(ask: Ask) -> dict[str, Any]:
    """What a function has for a setting that its template has no more, as the API wants to hear it."""
    return {
        "DeadLetterConfig": {"TargetArn": ""},
        "Description": "",
        "Environment": {"Variables": {}},
        "EphemeralStorage": {"Size": facts.quota("tmp_default_mb").value},
        "Layers": [],
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{ask.physical_id}"},
        "MemorySize": facts.quota("memory_default_mb").value,
        "Timeout": facts.quota("timeout_default_s").value,
        "TracingConfig": {"Mode": "PassThrough"},
    }


def delete(ask: Ask) -> None:
    ask.gone("lambda", "DeleteFunction", {"FunctionName": ask.physical_id})


def tag_function(ask: Ask, arn: str) -> None:
    """Brings the tags of a function or a mapping up to date."""
    if ask.tags:
        ask.call("lambda", "TagResource", {"Resource": arn, "Tags": ask.tags})
    if ask.lost_tags:
        ask.call("lambda", "UntagResource", {"Resource": arn, "TagKeys": ask.lost_tags})


def _beside(ask: Ask) -> None:
    """What has operations of its own."""
    which = {"FunctionName": ask.physical_id}
    if ask.changed("ReservedConcurrentExecutions"):
        reserved = ask.some("ReservedConcurrentExecutions")
        if reserved:
            ask.call("lambda", "PutFunctionConcurrency", {**which, **reserved})
        else:
            ask.call("lambda", "DeleteFunctionConcurrency", which)
    if ask.changed("RecursiveLoop"):
        loop = ask.properties.get("RecursiveLoop", "Terminate")
        ask.call("lambda", "PutFunctionRecursionConfig", {**which, "RecursiveLoop": loop})
    if ask.changed("RuntimeManagementConfig"):
        config = ask.properties.get("RuntimeManagementConfig", {"UpdateRuntimeOn": "Auto"})
        ask.call("lambda", "PutRuntimeManagementConfig", {**which, **config})


def _settled(ask: Ask) -> None:
    waiter = ask.client("lambda").get_waiter("function_updated_v2")
    waiter.wait(FunctionName=ask.physical_id, WaiterConfig=SOON)


def _when_the_role_can_be_assumed(ask: Ask, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + ROLE_WAIT_S
    while True:
        try:
            return ask.call("lambda", operation, params)
        except ClientError as error:
            waits = "cannot be assumed by Lambda" in str(error) and _has_the_role(ask)
            if not waits or time.monotonic() > deadline:
                raise
            time.sleep(ROLE_RETRY_S)


def _has_the_role(ask: Ask) -> bool:
    """Whether the role is there: then it may be only new."""
    try:
        role = str(ask.properties["Role"]).rpartition("/")[2]
        document = ask.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    except ClientError:
        return False
    return "lambda.amazonaws.com" in str(document)


def _code(ask: Ask) -> dict[str, Any]:
    code = ask.properties["Code"]
    if not isinstance(code, Mapping) or "ZipFile" not in code:
        return dict(code)
    python = str(ask.properties.get("Runtime", "")).startswith("python")
    source, helper = ("index.py", "cfnresponse.py") if python else ("index.js", "cfn-response.js")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((source, str(code["ZipFile"])), (helper, (INLINE / helper).read_text())):
            entry = zipfile.ZipInfo(name)  # with its fixed date: the same text is the same package
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return {**{key: value for key, value in code.items() if key != "ZipFile"}, "ZipFile": packed.getvalue()}


def create_version(ask: Ask) -> None:
    which = ask.some("FunctionName CodeSha256 Description")
    made = ask.call("lambda", "PublishVersion", which)
    ask.born(made["FunctionArn"], FunctionArn=made["FunctionArn"], Version=made["Version"])
    where = {"FunctionName": ask.properties["FunctionName"], "Qualifier": made["Version"]}
    waiter = ask.client("lambda").get_waiter("published_version_active")
    waiter.wait(**where, WaiterConfig=SOON)
    _provision(ask, "ProvisionedConcurrencyConfig", where)


def delete_version(ask: Ask) -> None:
    name, _, version = ask.physical_id.rpartition(":")
    latest = ask.client("lambda").list_versions_by_function(FunctionName=name)["Versions"]
    if len(latest) > 1:  # the last of a function goes with it
        ask.gone("lambda", "DeleteFunction", {"FunctionName": name, "Qualifier": version})


def create_alias(ask: Ask) -> None:
    params = {**ask.some("FunctionName FunctionVersion Name Description"), "RoutingConfig": _routing(ask)}
    made = ask.call("lambda", "CreateAlias", params)
    ask.born(made["AliasArn"], AliasArn=made["AliasArn"])
    _provision(ask, "ProvisionedConcurrencyConfig", _alias(ask))


def update_alias(ask: Ask) -> None:
    params = {**ask.some("FunctionName FunctionVersion Name"), "RoutingConfig": _routing(ask)}
    ask.call("lambda", "UpdateAlias", {**params, "Description": ask.properties.get("Description", "")})
    if ask.changed("ProvisionedConcurrencyConfig"):
        _provision(ask, "ProvisionedConcurrencyConfig", _alias(ask))


def delete_alias(ask: Ask) -> None:
    ask.gone("lambda", "DeleteAlias", ask.some("FunctionName Name"))


def _alias(ask: Ask) -> dict[str, Any]:
    return {"FunctionName": ask.properties["FunctionName"], "Qualifier": ask.properties["Name"]}


def _routing(ask: Ask) -> dict[str, Any]:
    weights = ask.properties.get("RoutingConfig", {}).get("AdditionalVersionWeights") or []
    return {"AdditionalVersionWeights": {w["FunctionVersion"]: w["FunctionWeight"] for w in weights}}


def _provision(ask: Ask, prop: str, where: Mapping[str, Any]) -> None:
    config = ask.properties.get(prop)
    if config:
        ask.call("lambda", "PutProvisionedConcurrencyConfig", {**where, **config})
    elif ask.before.get(prop):
        ask.gone("lambda", "DeleteProvisionedConcurrencyConfig", where)


def create_layer(ask: Ask) -> None:
    given = ask.some("Description LicenseInfo CompatibleRuntimes CompatibleArchitectures Content")
    made = ask.call("lambda", "PublishLayerVersion", {**given, "LayerName": _layer_name(ask)})
    ask.born(made["LayerVersionArn"], LayerVersionArn=made["LayerVersionArn"])


def _layer_name(ask: Ask) -> str:
    return str(ask.properties.get("LayerName") or ask.logical_id)


def delete_layer(ask: Ask) -> None:
    ask.gone("lambda", "DeleteLayerVersion", _layer(ask.physical_id))


def _layer(arn: str) -> dict[str, str]:
    name, _, version = arn.rpartition(":")
    return {"LayerName": name, "VersionNumber": version}


def create_layer_permission(ask: Ask) -> None:
    arn, statement = str(ask.properties["LayerVersionArn"]), ask.name("", 100)
    given = ask.some("Action Principal OrganizationId")
    ask.call("lambda", "AddLayerVersionPermission", {**_layer(arn), **given, "StatementId": statement})
    ask.born(f"{arn}#{statement}", Id=f"{arn}#{statement}")


def delete_layer_permission(ask: Ask) -> None:
    arn, _, statement = ask.physical_id.partition("#")
    ask.gone("lambda", "RemoveLayerVersionPermission", {**_layer(arn), "StatementId": statement})


_ON_AWS = "Leave it out here, and use it on an AWS account."
_CODE = names("Code Tags ReservedConcurrentExecutions RecursiveLoop RuntimeManagementConfig")
FUNCTIONS = (
    Kind(
        "AWS::Lambda::Function",
        _CODE | names(f"{_CONFIGURATION} FunctionName Architectures PackageType CodeSigningConfigArn"),
        create,
        delete,
        update,
        instead={"DurableConfig": _ON_AWS, "CapacityProviderConfig": _ON_AWS, "TenancyConfig": _ON_AWS},
    ),
    Kind(
        "AWS::Lambda::Version",
        names("FunctionName CodeSha256 Description ProvisionedConcurrencyConfig"),
        create_version,
        delete_version,
    ),
    Kind(
        "AWS::Lambda::Alias",
        names("FunctionName FunctionVersion Name Description RoutingConfig ProvisionedConcurrencyConfig"),
        create_alias,
        delete_alias,
        update_alias,
    ),
    Kind(
        "AWS::Lambda::LayerVersion",
        names("LayerName Description LicenseInfo CompatibleRuntimes CompatibleArchitectures Content"),
        create_layer,
        delete_layer,
    ),
    Kind(
        "AWS::Lambda::LayerVersionPermission",
        names("LayerVersionArn Action Principal OrganizationId"),
        create_layer_permission,
        delete_layer_permission,
    ),
)
