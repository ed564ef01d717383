"""Nothing accepted may be ignored: what would have no effect here is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import xform_name
from lambda_world import ROLE, Cloud, make_zip, refused

from labkit.localcloud.functions.model import members, operation_model, operation_names
from labkit.localcloud.functions.service import OPERATIONS

ACCESS_POINT = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
RUNTIME_ARN = "arn:aws:lambda:us-east-1:123456789012:runtime/mine"
PROVIDER = "arn:aws:lambda:us-east-1:123456789012:capacity-provider:p"
SIGNING = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0"

COMPUTE: list[tuple[dict[str, Any], str]] = [
    ({"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}, "VpcConfig.SubnetIds"),
    ({"VpcConfig": {"SecurityGroupIds": ["sg-1"]}}, "VpcConfig.SecurityGroupIds"),
    ({"VpcConfig": {"Ipv6AllowedForDualStack": True}}, "VpcConfig.Ipv6AllowedForDualStack"),
    (
        {
            "FileSystemConfigs": [
                {
                    "Arn": ACCESS_POINT,
                    "LocalMountPath": "/mnt/x",
                }
            ]
        },
        "FileSystemConfigs",
    ),
    ({"ImageConfig": {"Command": ["x"]}}, "ImageConfig"),
    ({"KMSKeyArn": KEY}, "KMSKeyArn"),
    ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, "SnapStart.ApplyOn PublishedVersions"),
    ({"DurableConfig": {"ExecutionTimeout": 60}}, "DurableConfig"),
    (
        {
            "CapacityProviderConfig": {
                "LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": PROVIDER}
            }
        },
        "CapacityProviderConfig",
    ),
    ({"AcceleratorConfig": {"AcceleratorMemorySize": 8}}, "AcceleratorConfig"),
    ({"RuntimeConfig": {"RuntimeArn": RUNTIME_ARN, "RuntimeAlias": "live"}}, "RuntimeConfig"),
    ({"Runtime": "custom"}, "Runtime 'custom'"),
]
CREATE = [
    *COMPUTE,
    ({"PackageType": "Image", "Code": {"ImageUri": "x"}}, "PackageType Image"),
    ({"Code": {"ImageUri": "x"}}, "PackageType Image"),
    ({"Code": {"ZipFile": make_zip(), "SourceKMSKeyArn": KEY}}, "Code.SourceKMSKeyArn"),
    (
        {"Code": {"S3Bucket": "bucket", "S3Key": "k", "S3ObjectStorageMode": "REFERENCE"}},
        "S3ObjectStorageMode REFERENCE",
    ),
    ({"CodeSigningConfigArn": SIGNING}, "CodeSigningConfigArn"),
    ({"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}, "TenancyConfig"),
    ({"PublishTo": "LATEST_PUBLISHED"}, "PublishTo"),
    ({"Layers": ["arn:aws:lambda:us-east-1:017000801446:layer:Powertools:1"]}, "Layer arn:aws:lambda"),
]


@pytest.mark.parametrize(("parameters", "named"), CREATE, ids=[row[1] for row in CREATE])
def test_create_function_names_what_it_does_not_support(
    parameters: dict[str, Any], named: str, create: Any, api: Any
) -> None:
    code, message, status = refused(create, **parameters)
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert message.startswith(named)
    assert "not supported by the local cloud. " in message
    assert not message.endswith("local cloud. "), "it says what to do instead"
    assert api.list_functions()["Functions"] == []


@pytest.mark.parametrize(("parameters", "named"), COMPUTE, ids=[row[1] for row in COMPUTE])
def test_update_function_configuration_names_it_too(
    parameters: dict[str, Any], named: str, create: Any, api: Any
) -> None:
    create()
    code, message, _ = refused(api.update_function_configuration, FunctionName="orders", **parameters)
    assert (code, message.startswith(named)) == ("InvalidParameterValueException", True)


OTHERS: list[tuple[str, dict[str, Any], str]] = [
    ("update_function_code", {"ZipFile": make_zip(), "SourceKMSKeyArn": KEY}, "SourceKMSKeyArn"),
    ("update_function_code", {"ZipFile": make_zip(), "PublishTo": "LATEST_PUBLISHED"}, "PublishTo"),
    ("publish_version", {"PublishTo": "LATEST_PUBLISHED"}, "PublishTo"),
    ("put_runtime_management_config", {"UpdateRuntimeOn": "Manual"}, "UpdateRuntimeOn other than Auto"),
]


@pytest.mark.parametrize(
    ("operation", "parameters", "named"), OTHERS, ids=[f"{row[0]}-{row[2]}" for row in OTHERS]
)
def test_other_operations_refuse(
    operation: str, parameters: dict[str, Any], named: str, create: Any, api: Any
) -> None:
    create()
    code, message, _ = refused(getattr(api, operation), FunctionName="orders", **parameters)
    assert (code, message.startswith(f"{named} is not supported")) == ("InvalidParameterValueException", True)


REFUSED = sorted(set(operation_names()) - OPERATIONS.keys())


def test_no_operation_of_the_model_is_forgotten() -> None:
    assert OPERATIONS.keys() <= set(operation_names())
    assert len(REFUSED) + len(OPERATIONS) == len(operation_names())
    assert "Invoke" in REFUSED, "Invoke is served beside the operations"


def _required(operation: str) -> dict[str, Any]:
    shape = operation_model(operation).input_shape
    samples = {"string": "x", "integer": 1, "list": ["x"], "map": {}, "structure": {}, "blob": b"{}"}
    named = members(shape) if shape else {}
    return {name: samples[named[name].type_name] for name in (shape.required_members if shape else ())}


@pytest.mark.parametrize("operation", REFUSED)
def test_an_operation_that_is_not_there_says_so(operation: str, api: Any) -> None:
    code, message, status = refused(getattr(api, xform_name(operation)), **_required(operation))
    assert (code, status) == ("NotImplemented", 501)
    assert message.startswith(f"{operation} is not supported by the local cloud. ")


def test_a_parameter_that_the_operation_does_not_have_is_named(create: Any, api: Any, cloud: Cloud) -> None:
    """update-function-configuration --architectures: a mistake that clients without a model can make."""
    import json
    import urllib.error
    import urllib.request

    create()
    request = urllib.request.Request(
        f"{cloud.endpoint}/2015-03-31/functions/orders/configuration",
        data=json.dumps({"Architectures": ["arm64"]}).encode(),
        method="PUT",
        headers={"Authorization": "AWS4-HMAC-SHA256 Credential=A/20261125/us-east-1/lambda/aws4_request"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    answer = json.loads(caught.value.read())
    assert answer["message"].startswith(
        "UpdateFunctionConfiguration has no parameter Architectures. It has: "
    )


def test_what_cannot_exist_here_is_listed_as_empty(create: Any, api: Any) -> None:
    create()
    assert api.list_event_source_mappings()["EventSourceMappings"] == []
    assert api.list_code_signing_configs()["CodeSigningConfigs"] == []
    assert api.list_capacity_providers()["CapacityProviders"] == []
    assert "CodeSigningConfigArn" not in api.get_function_code_signing_config(FunctionName="orders")
    answer = api.delete_function_code_signing_config(FunctionName="orders")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert (
        refused(api.get_event_source_mapping, UUID="01234567-89ab-cdef-0123-456789abcdef")[0]
        == "ResourceNotFoundException"
    )


def test_function_urls_are_refused_where_nobody_serves_them(tmp_path: Any, cloud: Cloud) -> None:
    from dataclasses import replace

    from labkit.localcloud.functions.context import CallContext
    from labkit.localcloud.functions.errors import ServiceError
    from labkit.localcloud.functions.service import FunctionService

    context = CallContext("us-east-1", "123456789012", ROLE)

    async def ask() -> None:
        service = FunctionService(replace(cloud.service._deps, url_for=None, code_folder=tmp_path))
        await service.call("CreateFunctionUrlConfig", {"FunctionName": "x", "AuthType": "NONE"}, context)

    with pytest.raises(ServiceError, match="A function URL is not supported by the local cloud"):
        cloud.run(ask())


def test_a_runtime_that_this_machine_lacks_is_refused_with_the_reason(tmp_path: Any, cloud: Cloud) -> None:
    from dataclasses import replace

    from labkit.errors import RuntimeUnavailable
    from labkit.localcloud.functions.context import CallContext
    from labkit.localcloud.functions.errors import ServiceError
    from labkit.localcloud.functions.service import FunctionService

    def check(runtime: str) -> None:
        raise RuntimeUnavailable(f"{runtime} needs node on this machine. Install Node.js 24.")

    async def ask() -> None:
        service = FunctionService(replace(cloud.service._deps, runtime_check=check, code_folder=tmp_path))
        params = {
            "FunctionName": "x",
            "Runtime": "nodejs24.x",
            "Handler": "index.handler",
            "Role": ROLE,
            "Code": {"ZipFile": make_zip()},
        }
        await service.call("CreateFunction", params, CallContext("us-east-1", "123456789012", ROLE))

    with pytest.raises(ServiceError, match=r"nodejs24\.x needs node on this machine") as caught:
        cloud.run(ask())
    assert caught.value.code == "InvalidParameterValueException"
