"""What calls Lambda functions, and what becomes of asynchronous invocations."""

from __future__ import annotations

import time
from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.kinds.functions import tag_function
from labkit.localcloud.stacks.kinds.kind import Kind, names

_PERMISSION = (
    "FunctionName Action Principal SourceArn SourceAccount EventSourceToken PrincipalOrgID "
    "FunctionUrlAuthType InvokedViaFunctionUrl"
)
_SETTINGS = (
    "BatchSize MaximumBatchingWindowInSeconds FilterCriteria FunctionResponseTypes ScalingConfig "
    "BisectBatchOnFunctionError DestinationConfig MaximumRecordAgeInSeconds MaximumRetryAttempts "
    "ParallelizationFactor TumblingWindowInSeconds KmsKeyArn ProvisionedPollerConfig "
    "MetricsConfig LoggingConfig Topics Queues "
    "SourceAccessConfigurations SelfManagedEventSource DocumentDBEventSourceConfig "
    "AmazonManagedKafkaEventSourceConfig SelfManagedKafkaEventSourceConfig"
)
TRANSITION_S, LOOK_S = 60.0, 0.1
_URL = "AuthType Cors InvokeMode"
_RETRIES = "MaximumRetryAttempts MaximumEventAgeInSeconds DestinationConfig"


def create_permission(ask: Ask) -> None:
    statement = ask.name("", 100)
    ask.call("lambda", "AddPermission", {**ask.some(_PERMISSION), "StatementId": statement})
    ask.born(statement, Id=statement)


def delete_permission(ask: Ask) -> None:
    which = {**ask.some("FunctionName"), "StatementId": ask.physical_id}
    ask.gone("lambda", "RemovePermission", which)


def create_mapping(ask: Ask) -> None:
    given = ask.some(f"{_SETTINGS} FunctionName EventSourceArn StartingPosition StartingPositionTimestamp")
    params = {**given, "Enabled": ask.properties.get("Enabled", True), "Tags": ask.tags}
    made = ask.call("lambda", "CreateEventSourceMapping", params)
    ask.born(made["UUID"], Id=made["UUID"], EventSourceMappingArn=made["EventSourceMappingArn"])
    _settled(ask)


def update_mapping(ask: Ask) -> None:
    given = {**ask.some(f"{_SETTINGS} FunctionName"), "Enabled": ask.properties.get("Enabled", True)}
    _settled(ask)
    ask.call("lambda", "UpdateEventSourceMapping", {**given, "UUID": ask.physical_id})
    _settled(ask)
    tag_function(ask, ask.attributes["EventSourceMappingArn"])


def delete_mapping(ask: Ask) -> None:
    if _settled(ask):
        ask.gone("lambda", "DeleteEventSourceMapping", {"UUID": ask.physical_id})
        _settled(ask)


def _settled(ask: Ask) -> bool:
    """Waits until a mapping is in no state of transition; whether it is there then. Lambda has no waiter."""
    deadline = time.monotonic() + TRANSITION_S
    while time.monotonic() < deadline:
        try:
            state = ask.client("lambda").get_event_source_mapping(UUID=ask.physical_id)["State"]
        except ask.client("lambda").exceptions.ResourceNotFoundException:
            return False
        if not state.endswith("ing"):
            return True
        time.sleep(LOOK_S)
    raise RuntimeError(f"The event source mapping {ask.physical_id} is {state} since {TRANSITION_S:.0f} s.")


def create_url(ask: Ask) -> None:
    made = ask.call("lambda", "CreateFunctionUrlConfig", {**_which(ask), **ask.some(_URL)})
    ask.born(made["FunctionArn"], FunctionArn=made["FunctionArn"], FunctionUrl=made["FunctionUrl"])


def update_url(ask: Ask) -> None:
    unset: dict[str, Any] = {"Cors": {}} if "Cors" in ask.before else {}
    ask.call("lambda", "UpdateFunctionUrlConfig", {**_which(ask), **unset, **ask.some(_URL)})


def delete_url(ask: Ask) -> None:
    ask.gone("lambda", "DeleteFunctionUrlConfig", _which(ask))


def _which(ask: Ask) -> dict[str, Any]:
    target, qualifier = ask.properties["TargetFunctionArn"], ask.properties.get("Qualifier")
    return {"FunctionName": target, **({"Qualifier": qualifier} if qualifier else {})}


def put_event_invoke(ask: Ask) -> None:
    which = ask.some("FunctionName Qualifier")
    ask.call("lambda", "PutFunctionEventInvokeConfig", {**which, **ask.some(_RETRIES)})
    ask.born(f"{which['FunctionName']}|{which['Qualifier']}")


def delete_event_invoke(ask: Ask) -> None:
    ask.gone("lambda", "DeleteFunctionEventInvokeConfig", ask.some("FunctionName Qualifier"))


INVOKING = (
    Kind("AWS::Lambda::Permission", names(_PERMISSION), create_permission, delete_permission),
    Kind(
        "AWS::Lambda::EventSourceMapping",
        names(
            f"{_SETTINGS} FunctionName EventSourceArn StartingPosition StartingPositionTimestamp Enabled Tags"
        ),
        create_mapping,
        delete_mapping,
        update_mapping,
    ),
    Kind(
        "AWS::Lambda::Url",
        names(f"TargetFunctionArn Qualifier {_URL}"),
        create_url,
        delete_url,
        update_url,
    ),
    Kind(
        "AWS::Lambda::EventInvokeConfig",
        names(f"FunctionName Qualifier {_RETRIES}"),
        put_event_invoke,
        delete_event_invoke,
        put_event_invoke,
    ),
)
