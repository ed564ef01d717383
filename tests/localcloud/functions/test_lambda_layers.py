"""Layers and their permissions."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from lambda_world import ACCOUNT, REGION, Cloud, make_zip, refused, settled

LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:shared"
INVALID, MISSING = "InvalidParameterValueException", "ResourceNotFoundException"
GONE = (MISSING, "The resource you requested does not exist.", 404)


def _publish(api: Any, name: str = "shared", **more: Any) -> Any:
    content = {"ZipFile": make_zip({"python/shared.py": f"# {name}"})}
    return api.publish_layer_version(LayerName=name, Content=content, **more)


def test_publishing_answers_201_with_the_content(api: Any) -> None:
    answer = _publish(
        api,
        Description="d",
        CompatibleRuntimes=["python3.13"],
        CompatibleArchitectures=["arm64"],
        LicenseInfo="MIT",
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    del answer["ResponseMetadata"]
    content = answer.pop("Content")
    assert answer == {
        "LayerArn": LAYER,
        "LayerVersionArn": f"{LAYER}:1",
        "Version": 1,
        "Description": "d",
        "CreatedDate": "2026-11-25T12:00:00.000+0000",
        "CompatibleRuntimes": ["python3.13"],
        "CompatibleArchitectures": ["arm64"],
        "LicenseInfo": "MIT",
    }
    with urllib.request.urlopen(content["Location"]) as package:
        assert len(package.read()) == content["CodeSize"]
    assert not _publish(api, "bare").keys() & {"CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"}


@pytest.mark.parametrize("name", ["shared", LAYER])
def test_versions_are_numbered_read_and_listed_newest_first(name: str, api: Any) -> None:
    for _ in range(3):
        _publish(api, name)
    assert api.get_layer_version(LayerName=name, VersionNumber=2)["LayerVersionArn"] == f"{LAYER}:2"
    assert api.get_layer_version_by_arn(Arn=f"{LAYER}:3")["Version"] == 3
    listed = api.list_layer_versions(LayerName=name)["LayerVersions"]
    assert [version["Version"] for version in listed] == [3, 2, 1]
    pages = api.get_paginator("list_layer_versions").paginate(
        LayerName=name, PaginationConfig={"PageSize": 1}
    )
    assert [version["Version"] for page in pages for version in page["LayerVersions"]] == [3, 2, 1]
    for _ in range(2):
        answer = api.delete_layer_version(LayerName=name, VersionNumber=3)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert _publish(api, name)["Version"] == 4, "numbers are never used twice"


def test_layers_are_listed_with_their_newest_matching_version(api: Any) -> None:
    _publish(api, "a", CompatibleRuntimes=["python3.13"])
    _publish(api, "a", CompatibleRuntimes=["nodejs24.x"], CompatibleArchitectures=["arm64"])
    _publish(api, "b")

    def newest(**filters: str) -> dict[str, int]:
        layers = api.list_layers(**filters)["Layers"]
        return {layer["LayerName"]: layer["LatestMatchingVersion"]["Version"] for layer in layers}

    assert newest() == {"a": 2, "b": 1}
    assert newest(CompatibleRuntime="python3.13") == {"a": 1}
    assert newest(CompatibleArchitecture="arm64") == {"a": 2}


@pytest.mark.parametrize(
    ("operation", "arguments", "error"),
    [
        ("get_layer_version", {"LayerName": "nope", "VersionNumber": 1}, GONE),
        ("get_layer_version", {"LayerName": "shared", "VersionNumber": 2}, GONE),
        ("get_layer_version_by_arn", {"Arn": f"{LAYER}:2"}, GONE),
        (
            "get_layer_version",
            {"LayerName": "shared", "VersionNumber": 0},
            (INVALID, "Layer Version Cannot be less than 1", 400),
        ),
        (
            "delete_layer_version",
            {"LayerName": "shared", "VersionNumber": -1},
            (INVALID, "Layer Version Cannot be less than 1", 400),
        ),
        (
            "add_layer_version_permission",
            {
                "LayerName": "shared",
                "VersionNumber": 2,
                "StatementId": "s1",
                "Action": "lambda:GetLayerVersion",
                "Principal": "*",
            },
            (MISSING, f"Layer version {LAYER}:2 does not exist.", 404),
        ),
        (
            "get_layer_version_policy",
            {"LayerName": "shared", "VersionNumber": 1},
            (MISSING, "No policy is associated with the given resource.", 404),
        ),
        (
            "remove_layer_version_permission",
            {"LayerName": "shared", "VersionNumber": 1, "StatementId": "s1"},
            (MISSING, "Statement s1 is not found in resource policy.", 404),
        ),
    ],
)
def test_wrong_layers(operation: str, arguments: dict[str, Any], error: Any, api: Any) -> None:
    _publish(api)
    assert refused(getattr(api, operation), **arguments) == error


def test_another_account_s_layer_is_denied(api: Any) -> None:
    arn = f"arn:aws:lambda:{REGION}:999999999999:layer:shared:1"
    code, message, status = refused(api.get_layer_version_by_arn, Arn=arn)
    assert (code, status) == ("AccessDeniedException", 403)
    assert f"is not authorized to perform: lambda:GetLayerVersion on resource: {arn}" in message


def test_a_function_uses_its_layers_in_order_and_keeps_deleted_ones(
    create: Any, api: Any, cloud: Cloud
) -> None:
    for name in ("a", "b"):
        _publish(api, name)
    arns = [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{name}:1" for name in ("b", "a")]
    create(Layers=arns)
    shown = api.get_function_configuration(FunctionName="orders")["Layers"]
    assert [layer["Arn"] for layer in shown] == arns
    assert all(layer["CodeSize"] > 0 for layer in shown)
    directories = cloud.resolve("orders").spec.layer_dirs
    assert [(folder / "python/shared.py").read_text() for folder in directories] == ["# b", "# a"]
    api.delete_layer_version(LayerName="a", VersionNumber=1)
    assert len(api.get_function_configuration(FunctionName="orders")["Layers"]) == 2
    api.update_function_configuration(FunctionName="orders", Layers=[])
    assert "Layers" not in settled(cloud, api)
    assert cloud.resolve("orders").spec.layer_dirs == ()


def test_two_versions_of_one_layer_do_not_go_together(create: Any, api: Any) -> None:
    for _ in range(2):
        _publish(api)
    assert refused(create, Layers=[f"{LAYER}:1", f"{LAYER}:2"]) == (
        INVALID,
        "Two different versions of the same layer are not allowed to be referenced in the same function. "
        f"{LAYER}:1 and {LAYER}:2 are versions of the same layer.",
        400,
    )


def test_permissions_of_a_layer_version(api: Any) -> None:
    _publish(api)
    subject = {"LayerName": "shared", "VersionNumber": 1}
    statement = {"StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    added = api.add_layer_version_permission(**subject, **statement)
    assert json.loads(added["Statement"]) == {
        "Sid": "s1",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:GetLayerVersion",
        "Resource": f"{LAYER}:1",
    }
    assert refused(api.add_layer_version_permission, **subject, **statement)[0] == "ResourceConflictException"
    stale = refused(
        api.add_layer_version_permission, **subject, **statement | {"StatementId": "s2"}, RevisionId="wrong"
    )
    assert stale[0] == "PreconditionFailedException"
    assert stale[1].endswith("Call the GetLayerPolicy API to retrieve the latest Revision Id")
    policy = api.get_layer_version_policy(**subject)
    assert policy["RevisionId"] == added["RevisionId"]
    assert json.loads(policy["Policy"])["Statement"] == [json.loads(added["Statement"])]
    api.remove_layer_version_permission(**subject, StatementId="s1", RevisionId=added["RevisionId"])
    assert refused(api.get_layer_version_policy, **subject)[0] == MISSING


def test_unknown_runtimes_of_a_layer_are_named(api: Any) -> None:
    wrong = {"CompatibleRuntimes": ["python3.13", "cobol85"], "CompatibleArchitectures": ["sparc"]}
    code, message, status = refused(_publish, api=api, **wrong)
    assert (code, status) == ("ValidationException", 400)
    assert message.startswith(
        "2 validation errors detected: Value '[sparc]' at 'compatibleArchitectures' failed to satisfy "
        "constraint: "
        "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
        "Member must not be null]; "
        "Value '[python3.13, cobol85]' at 'compatibleRuntimes' failed to satisfy constraint: "
        "Member must satisfy enum value set: [nodejs, "
    )
    code, message, _ = refused(api.list_layers, CompatibleRuntime="cobol85")
    assert code == "ValidationException"
    assert "Value 'cobol85' at 'compatibleRuntime' failed to satisfy constraint: " in message
