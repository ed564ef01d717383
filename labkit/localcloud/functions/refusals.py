"""What AWS would take and this cloud would ignore: refused by name, with what to do instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labkit.localcloud.functions.errors import not_implemented, unsupported

_ON_AWS = "Leave it out here, and use it on an AWS account."
_Check = tuple[str, Callable[[Mapping[str, Any]], bool], str]


def refuse_parameters(operation: str, params: Mapping[str, Any]) -> None:
    """Refuse a parameter that would have no effect.

    Raises:
        ServiceError: InvalidParameterValueException that names it.
    """
    for name, applies, instead in _PARAMETERS.get(operation, ()):
        if applies(params):
            raise unsupported(name, instead)


def refuse_operation(operation: str) -> Exception:
    """The error for an operation that this cloud does not have."""
    return not_implemented(operation, _OPERATIONS.get(operation, "Use it on an AWS account."))


def _given(name: str, instead: str = _ON_AWS) -> _Check:
    return name, lambda params: bool(params.get(name)), instead


def _given_in(outer: str, name: str, instead: str = _ON_AWS) -> _Check:
    return f"{outer}.{name}", lambda params: bool((params.get(outer) or {}).get(name)), instead


_COMPUTE: tuple[_Check, ...] = (
    _given_in("VpcConfig", "SubnetIds", "Functions here reach this machine's network; leave VpcConfig out."),
    _given_in(
        "VpcConfig", "SecurityGroupIds", "Functions here reach this machine's network; leave VpcConfig out."
    ),
    _given_in("VpcConfig", "Ipv6AllowedForDualStack", "Functions here reach this machine's network."),
    _given("FileSystemConfigs", "There is no EFS here; use /tmp or Amazon S3."),
    _given("ImageConfig", "Functions here are .zip packages; leave it out."),
    _given("KMSKeyArn", "Environment variables stay in this process's memory; leave the key out."),
    (
        "SnapStart.ApplyOn PublishedVersions",
        lambda params: (params.get("SnapStart") or {}).get("ApplyOn") == "PublishedVersions",
        "Use provisioned concurrency to see warm starts, or SnapStart on an AWS account.",
    ),
    _given("DurableConfig"),
    _given("CapacityProviderConfig", "Functions here use the default compute type."),
    _given("TenancyConfig"),
    _given("AcceleratorConfig"),
    _given("RuntimeConfig", "Use a managed runtime, or provided.al2023 with your own bootstrap."),
)
_SOURCES = "The event sources here are Amazon SQS, DynamoDB Streams and Kinesis."
_MAPPING: tuple[_Check, ...] = (
    _given("SelfManagedEventSource", _SOURCES),
    _given("SourceAccessConfigurations", _SOURCES),
    _given("Topics", _SOURCES),
    _given("Queues", _SOURCES),
    _given("AmazonManagedKafkaEventSourceConfig", _SOURCES),
    _given("SelfManagedKafkaEventSourceConfig", _SOURCES),
    _given("DocumentDBEventSourceConfig", _SOURCES),
    _given("ProvisionedPollerConfig", "Leave it out: a mapping here scales by itself."),
    _given("KMSKeyArn", "Filters stay in this process's memory; leave the key out."),
    _given_in("MetricsConfig", "Metrics", "Look at the function's own metrics, such as IteratorAge."),
    _given("LoggingConfig", "Look at the function's own log."),
    _given("TumblingWindowInSeconds", "Keep the state in a table, or use it on an AWS account."),
)
_PUBLISH_TO: _Check = _given("PublishTo", "Use Publish or PublishVersion.")

_PARAMETERS: dict[str, tuple[_Check, ...]] = {
    "CreateFunction": (
        *_COMPUTE,
        (
            "PackageType Image",
            lambda params: params.get("PackageType") == "Image" or bool(params["Code"].get("ImageUri")),
            "Container images need Docker and Amazon ECR: use a .zip package here, images on an AWS account.",
        ),
        _given_in("Code", "SourceKMSKeyArn", "Packages are kept unencrypted in this workspace."),
        _given("CodeSigningConfigArn", "Packages are not signed here; leave it out."),
        _PUBLISH_TO,
    ),
    "UpdateFunctionConfiguration": _COMPUTE,
    "UpdateFunctionCode": (
        _given("SourceKMSKeyArn", "Packages are kept unencrypted in this workspace."),
        _PUBLISH_TO,
    ),
    "PublishVersion": (_PUBLISH_TO,),
    "PutRuntimeManagementConfig": (
        (
            "UpdateRuntimeOn other than Auto",
            lambda params: params["UpdateRuntimeOn"] != "Auto",
            "Functions here always run on the interpreter of this machine.",
        ),
        _given("RuntimeVersionArn", "Functions here always run on the interpreter of this machine."),
    ),
    "CreateEventSourceMapping": _MAPPING,
    "UpdateEventSourceMapping": _MAPPING,
    "ListFunctions": (_given("MasterRegion", "Lambda@Edge replicas do not exist here; leave it out."),),
}

_SIGNING = "Packages are not signed here. Use code signing on an AWS account."
_DURABLE = "Durable functions need an AWS account."
_CAPACITY = "Lambda Managed Instances need an AWS account. Functions here use the default compute type."

_OPERATIONS: dict[str, str] = {
    "CreateCodeSigningConfig": _SIGNING,
    "UpdateCodeSigningConfig": _SIGNING,
    "DeleteCodeSigningConfig": _SIGNING,
    "GetCodeSigningConfig": _SIGNING,
    "PutFunctionCodeSigningConfig": _SIGNING,
    "ListFunctionsByCodeSigningConfig": _SIGNING,
    "CreateCapacityProvider": _CAPACITY,
    "UpdateCapacityProvider": _CAPACITY,
    "DeleteCapacityProvider": _CAPACITY,
    "GetCapacityProvider": _CAPACITY,
    "ListFunctionVersionsByCapacityProvider": _CAPACITY,
    "GetFunctionScalingConfig": _CAPACITY,
    "PutFunctionScalingConfig": _CAPACITY,
    "CheckpointDurableExecution": _DURABLE,
    "DeleteDurableExecution": _DURABLE,
    "GetDurableExecution": _DURABLE,
    "GetDurableExecutionHistory": _DURABLE,
    "GetDurableExecutionState": _DURABLE,
    "ListDurableExecutionsByFunction": _DURABLE,
    "PauseDurableExecution": _DURABLE,
    "ResumeDurableExecution": _DURABLE,
    "StopDurableExecution": _DURABLE,
    "SendDurableExecutionCallbackFailure": _DURABLE,
    "SendDurableExecutionCallbackHeartbeat": _DURABLE,
    "SendDurableExecutionCallbackSuccess": _DURABLE,
    "Invoke": "This part of the cloud keeps functions and does not run them.",
    "InvokeAsync": "Use Invoke with InvocationType Event.",
}
