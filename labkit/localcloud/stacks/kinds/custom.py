"""Resources that a function makes, those that stand for an address, and those that stand for nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from labkit import facts
from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.fit import text
from labkit.localcloud.stacks.kinds.kind import Kind, names, nothing

TYPE = "AWS::CloudFormation::CustomResource"


def create(ask: Ask) -> None:
    answer = _ask_function(ask, "Create", {})
    ask.born(str(answer.get("PhysicalResourceId") or ask.name("", 100)), **answer.get("Data") or {})


def update(ask: Ask) -> None:
    """A function that answers with another physical id has made another resource: the old one is deleted."""
    old = ask.physical_id
    asked = {"PhysicalResourceId": old, "OldResourceProperties": _texts(ask.before)}
    answer = _ask_function(ask, "Update", asked)
    ask.born(str(answer.get("PhysicalResourceId") or old), **answer.get("Data") or {})
    if ask.physical_id != old:
        ask.leaves_behind(old)


def delete(ask: Ask) -> None:
    _ask_function(ask, "Delete", {"PhysicalResourceId": ask.physical_id})


def _ask_function(ask: Ask, request: str, more: Mapping[str, Any]) -> Mapping[str, Any]:
    token = str(ask.properties["ServiceToken"])
    if ":lambda:" not in token:
        raise RuntimeError(f"ServiceToken {token} is not the ARN of a Lambda function: SNS topics need AWS.")
    awaited = ask.place.responses.expect()
    event = {
        "RequestType": request,
        "ServiceToken": token,
        "ResponseURL": awaited.url,
        "StackId": ask.place.stack_id,
        "RequestId": str(uuid.uuid4()),
        "LogicalResourceId": ask.logical_id,
        "ResourceType": ask.type,
        "ResourceProperties": _texts(ask.properties),
        **more,
    }
    payload = json.dumps(event).encode()
    ask.client("lambda").invoke(FunctionName=token, InvocationType="Event", Payload=payload)
    most_s = facts.quota("cloudformation_custom_resource_timeout_max_s").value
    timeout_s = float(ask.properties.get("ServiceTimeout", most_s))
    answer = ask.place.responses.wait(awaited, timeout_s)
    if answer is None:
        raise RuntimeError(
            "CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
            f"requestId [{event['RequestId']}]."
        )
    if answer["Status"] == "FAILED":
        reason = answer.get("Reason") or "Reason was not given"
        raise RuntimeError(
            f"Received response status [FAILED] from custom resource. Message returned: {reason}"
        )
    return answer


def _texts(value: Any) -> Any:
    """Properties as functions get them: every scalar is text."""
    if isinstance(value, Mapping):
        return {key: _texts(item) for key, item in value.items()}
    return [_texts(item) for item in value] if isinstance(value, list) else text(value)


@cache
def custom_kind(type_name: str) -> Kind | None:
    """The kind of ``Custom::Anything``; its properties are the function's affair."""
    if not type_name.startswith("Custom::") and type_name != TYPE:
        return None
    return Kind(type_name, names("ServiceToken"), create, delete, update)


def create_handle(ask: Ask) -> None:
    ask.born(ask.place.responses.expect().url)


def create_metadata(ask: Ask) -> None:
    ask.born(ask.name("", 100))


CUSTOM = (
    Kind("AWS::CloudFormation::WaitConditionHandle", frozenset(), create_handle, nothing),
    # CloudFormation, too, only counts it.
    Kind("AWS::CDK::Metadata", names("Analytics Modules"), create_metadata, nothing, nothing),
)
