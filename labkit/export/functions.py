"""Functions with code, aliases, permissions, mappings and settings, and layers, as template resources."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from labkit.export.shape import Own, Shape, get, only, ref

DOWNLOAD_TIMEOUT_S = 60.0
MAPPED = (
    "EventSourceArn",
    "BatchSize",
    "StartingPosition",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "FilterCriteria",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "ParallelizationFactor",
    "ScalingConfig",
)
SETTINGS = ("Runtime", "Handler", "MemorySize", "Timeout", "Role", "Architectures", "Description")
Ids = Mapping[str, Any]


def function(shape: Shape, lambda_: Any, ids: Ids) -> None:
    """A function as its callers get it: the version behind its alias if it has one, else ``$LATEST``."""
    name = ids["FunctionName"]
    aliases = lambda_.list_aliases(FunctionName=name)["Aliases"]
    behind = {"Qualifier": aliases[0]["Name"]} if aliases else {}
    found = lambda_.get_function(FunctionName=name, **behind)
    known, folder = found["Configuration"], f"src/{shape.base(name)}"
    if known.get("PackageType") == "Image":
        shape.left_out.append(f"function {name}: its code is a container image; name it in ECR yourself.")
        return
    shape.files |= {f"{folder}/{path}": data for path, data in unzipped(found["Code"]["Location"]).items()}
    reserved = lambda_.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    dead = known.get("DeadLetterConfig", {}).get("TargetArn", "")
    properties = {
        "FunctionName": Own(name),
        "CodeUri": Own(f"{folder}/"),
        **only(known, *SETTINGS),
        **({"Environment": known["Environment"]} if known.get("Environment", {}).get("Variables") else {}),
        "Layers": [one["Arn"] for one in known.get("Layers", [])] or None,
        "Tracing": "Active" if known.get("TracingConfig", {}).get("Mode") == "Active" else None,
        "ReservedConcurrentExecutions": reserved,
        "DeadLetterQueue": {"Type": dead.split(":")[2].upper(), "TargetArn": dead} if dead else None,
        "VpcConfig": only(known.get("VpcConfig", {}), "SubnetIds", "SecurityGroupIds") or None,
        "AutoPublishAlias": aliases[0]["Name"] if aliases else None,
    }
    if known.get("EphemeralStorage", {}).get("Size", 512) != 512:
        properties["EphemeralStorage"] = known["EphemeralStorage"]
    logical = shape.add(name, "Function", "AWS::Serverless::Function", properties)
    latest = known["FunctionArn"].split(":function:")[0] + f":function:{name}"
    shape.whole |= {latest: get(logical), name: ref(logical)}
    if aliases:
        shape.whole[aliases[0]["AliasArn"]] = ref(f"{logical}Alias{aliases[0]['Name']}")
    for one in aliases[1:]:
        shape.left_out.append(f"alias {one['Name']} of {name}: a template publishes one alias.")
    if any(one.get("RoutingConfig", {}).get("AdditionalVersionWeights") for one in aliases):
        shape.left_out.append(f"weights of the aliases of {name}: versions are counted anew in a stack.")
    _around(shape, lambda_, name, latest, [one["Name"] for one in aliases[:1]])


def layer(shape: Shape, lambda_: Any, ids: Ids) -> None:
    """A version of a layer, with its content."""
    name, number = ids["LayerName"], int(ids["VersionNumber"])
    found = lambda_.get_layer_version(LayerName=name, VersionNumber=number)
    folder = f"layers/{shape.base(name)}"
    content = unzipped(found["Content"]["Location"])
    shape.files |= {f"{folder}/{path}": data for path, data in content.items()}
    properties = {
        "LayerName": Own(name),
        "ContentUri": Own(f"{folder}/"),
        **only(found, "CompatibleRuntimes"),
    }
    logical = shape.add(name, "Layer", "AWS::Serverless::LayerVersion", properties)
    shape.whole[found["LayerVersionArn"]] = ref(logical)


def unzipped(address: str) -> dict[str, bytes]:
    """path -> content of the package at an address that the Lambda API gave."""
    here = urlsplit(address).hostname in ("127.0.0.1", "localhost")
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if here else []))
    with opener.open(address, timeout=DOWNLOAD_TIMEOUT_S) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


def _around(shape: Shape, lambda_: Any, name: str, arn: str, aliases: list[str]) -> None:
    """Permissions, mappings, URLs and what becomes of asynchronous events."""
    for qualifier in (None, *aliases):
        named = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
        target = f"{arn}:{qualifier}" if qualifier else name
        try:
            policy = json.loads(lambda_.get_policy(**named)["Policy"])
        except lambda_.exceptions.ResourceNotFoundException:
            policy = {"Statement": []}
        for statement in policy["Statement"]:
            _permission(shape, name, target, statement)
        mapped = f"{name}:{qualifier}" if qualifier else name
        for one in lambda_.list_event_source_mappings(FunctionName=mapped)["EventSourceMappings"]:
            _mapping(shape, name, target, one)
    for url in lambda_.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]:
        cors = {"Cors": url["Cors"]} if url.get("Cors") else {}
        properties = {"TargetFunctionArn": url["FunctionArn"], **only(url, "AuthType", "InvokeMode"), **cors}
        shape.add(name, "Url", "AWS::Lambda::Url", properties)
    for one in lambda_.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]:
        where = one["FunctionArn"].rpartition(":")[2]
        settings = only(one, "MaximumEventAgeInSeconds")
        if "MaximumRetryAttempts" in one:
            settings["MaximumRetryAttempts"] = one["MaximumRetryAttempts"]
        ends = {end: to for end, to in one.get("DestinationConfig", {}).items() if to.get("Destination")}
        properties = {"FunctionName": name, "Qualifier": Own(where), **settings}
        properties |= {"DestinationConfig": ends} if ends else {}
        shape.add(name, "Events", "AWS::Lambda::EventInvokeConfig", properties)


def _permission(shape: Shape, name: str, target: str, statement: Mapping[str, Any]) -> None:
    principal, condition = statement["Principal"], statement.get("Condition", {})
    who = principal if isinstance(principal, str) else next(iter(principal.values()))
    flat = {key.lower(): value for part in condition.values() for key, value in part.items()}
    properties = {
        "FunctionName": target,
        "Action": statement["Action"],
        "Principal": who,
        # a bucket's ARN stays a text: the bucket waits for this permission, not the other way round
        "SourceArn": flat.get("aws:sourcearn"),
        "SourceAccount": flat.get("aws:sourceaccount"),
        "FunctionUrlAuthType": flat.get("lambda:functionurlauthtype"),
    }
    shape.add(f"{name}-{statement['Sid']}", "Permission", "AWS::Lambda::Permission", properties)


def _mapping(shape: Shape, name: str, target: str, one: Mapping[str, Any]) -> None:
    properties = {"FunctionName": target, **only(one, *MAPPED)}
    for limit in ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds"):
        if one.get(limit, -1) != -1:
            properties[limit] = one[limit]
    if one.get("State") in ("Disabled", "Disabling"):
        properties["Enabled"] = False
    if not (one.get("DestinationConfig") or {}).get("OnFailure"):
        properties.pop("DestinationConfig", None)
    shape.add(name, "Source", "AWS::Lambda::EventSourceMapping", properties)
