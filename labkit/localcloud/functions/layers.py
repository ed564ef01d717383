"""Layers: publish, read, list, delete, who may read them, and which of them a function refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.localcloud.functions import limits
from labkit.localcloud.functions.context import Call
from labkit.localcloud.functions.describe import lambda_time
from labkit.localcloud.functions.errors import access_denied, invalid, resource_not_found, unsupported
from labkit.localcloud.functions.names import layer_name
from labkit.localcloud.functions.paging import page
from labkit.localcloud.functions.state import Layer, LayerVersion

Params = Mapping[str, Any]
Output = dict[str, Any]


async def publish_layer_version(call: Call, params: Params) -> Output:
    """PublishLayerVersion."""
    name, _ = layer_name(params["LayerName"], call.caller, "lambda:PublishLayerVersion")
    code = await call.code.take(params["Content"])
    limits.check_code_storage(call.region.code_bytes() + code.zipped_bytes)
    layer = call.region.layers.setdefault(name, Layer(name))
    layer.last_number += 1
    runtimes, architectures = params.get("CompatibleRuntimes"), params.get("CompatibleArchitectures")
    version = LayerVersion(
        arn=call.caller.layer_arn(name, layer.last_number),
        layer=name,
        version=layer.last_number,
        code=code,
        created_at=call.deps.now(),
        description=params.get("Description", ""),
        license_info=params.get("LicenseInfo"),
        runtimes=None if runtimes is None else tuple(runtimes),
        architectures=None if architectures is None else tuple(architectures),
    )
    layer.versions[version.version] = version
    return _full(call, version)


def get_layer_version(call: Call, params: Params) -> Output:
    """GetLayerVersion."""
    name, _ = layer_name(params["LayerName"], call.caller, "lambda:GetLayerVersion")
    return _full(call, _find(call, name, params["VersionNumber"]))


def get_layer_version_by_arn(call: Call, params: Params) -> Output:
    """GetLayerVersionByArn."""
    name, version = layer_name(params["Arn"], call.caller, "lambda:GetLayerVersion")
    if version is None:
        raise access_denied(call.caller.principal_arn, "lambda:GetLayerVersion", params["Arn"])
    return _full(call, _find(call, name, version))


def list_layers(call: Call, params: Params) -> Output:
    """ListLayers: each layer with its newest version that fits the filters."""
    newest = {
        layer.name: fitting[-1]
        for layer in call.region.layers.values()
        if (fitting := [version for version in layer.versions.values() if _fits(version, params)])
    }
    items, marker = page(newest.values(), lambda version: version.layer, params)
    shown = [
        {
            "LayerName": version.layer,
            "LayerArn": call.caller.layer_arn(version.layer),
            "LatestMatchingVersion": _brief(version),
        }
        for version in items
    ]
    return {"Layers": shown, "NextMarker": marker}


def list_layer_versions(call: Call, params: Params) -> Output:
    """ListLayerVersions: newest first."""
    name, _ = layer_name(params["LayerName"], call.caller, "lambda:ListLayerVersions")
    layer = call.region.layers.get(name, Layer(name))
    fitting = (version for version in layer.versions.values() if _fits(version, params))
    items, marker = page(fitting, lambda version: version.version, params, descending=True)
    return {"LayerVersions": [_brief(version) for version in items], "NextMarker": marker}


def delete_layer_version(call: Call, params: Params) -> Output:
    """DeleteLayerVersion. Functions that refer to the version keep it."""
    name, _ = layer_name(params["LayerName"], call.caller, "lambda:DeleteLayerVersion")
    _check_number(params["VersionNumber"])
    if layer := call.region.layers.get(name):
        layer.versions.pop(params["VersionNumber"], None)
        layer.policies.pop(params["VersionNumber"], None)
    return {}


def resolve_layers(call: Call, arns: Sequence[str]) -> tuple[LayerVersion, ...]:
    """The layer versions that a function shall use, in order.

    Raises:
        ServiceError: too many, one twice, another Region, another account, or no such version.
    """
    limit = limits.quota("layers_max")
    if len(arns) > limit:
        raise invalid(f"Cannot reference more than {limit} layers.")
    found: dict[str, LayerVersion] = {}
    for arn in arns:
        version = _referred(call, arn)
        if other := found.get(version.layer):
            raise invalid(
                "Two different versions of the same layer are not allowed to be referenced in the same "
                f"function. {other.arn} and {version.arn} are versions of the same layer."
            )
        found[version.layer] = version
    return tuple(found.values())


def _referred(call: Call, arn: str) -> LayerVersion:
    parts = arn.split(":")
    if len(parts) < 8 or parts[5] != "layer":
        raise unsupported(f"Layer {arn}", "Publish its content with PublishLayerVersion and use that ARN.")
    region, account, name, number = parts[3], parts[4], parts[6], int(parts[7])
    if region != call.region.name:
        raise invalid(
            "Layers are not in the same region as the function. "
            f"Layers are expected to be in region {call.region.name}."
        )
    if account != call.region.account_id:
        raise unsupported(
            f"Layer {arn} of another account",
            "Publish its content with PublishLayerVersion in this account and use that ARN.",
        )
    layer = call.region.layers.get(name)
    version = layer.versions.get(number) if layer else None
    if version is None:
        raise invalid(f"Layer version {arn} does not exist.")
    return version


def _find(call: Call, name: str, number: int) -> LayerVersion:
    _check_number(number)
    layer = call.region.layers.get(name)
    if layer is None or number not in layer.versions:
        raise resource_not_found()
    return layer.versions[number]


def _check_number(number: int) -> None:
    if number < 1:
        raise invalid("Layer Version Cannot be less than 1")


def _fits(version: LayerVersion, params: Params) -> bool:
    runtime, architecture = params.get("CompatibleRuntime"), params.get("CompatibleArchitecture")
    return (runtime is None or runtime in (version.runtimes or ())) and (
        architecture is None or architecture in (version.architectures or ())
    )


def _brief(version: LayerVersion) -> Output:
    answer: Output = {
        "LayerVersionArn": version.arn,
        "Version": version.version,
        "Description": version.description,
        "CreatedDate": lambda_time(version.created_at),
    }
    if version.runtimes is not None:
        answer["CompatibleRuntimes"] = version.runtimes
    if version.architectures is not None:
        answer["CompatibleArchitectures"] = version.architectures
    if version.license_info is not None:
        answer["LicenseInfo"] = version.license_info
    return answer


def _full(call: Call, version: LayerVersion) -> Output:
    content = {
        "Location": call.deps.code_url(version.code.sha256),
        "CodeSha256": version.code.sha256_base64,
        "CodeSize": version.code.zipped_bytes,
    }
    return {**_brief(version), "LayerArn": call.caller.layer_arn(version.layer), "Content": content}
