"""State machines in CloudFormation templates: all properties, where moto reads the definition's text only.

Source: AWS, "AWS::StepFunctions::StateMachine".
"""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.models import StateMachine, stepfunctions_backends
from moto.stepfunctions.utils import cfn_to_api_tags

from labkit.localcloud.sources.states.machine import refused

_update = StateMachine.update_from_cloudformation_json
_attribute = StateMachine.get_cfn_attribute


def install() -> None:
    """Teaches moto, once for the process."""
    StateMachine.create_from_cloudformation_json = classmethod(_created)  # type: ignore[assignment, arg-type]
    StateMachine.update_from_cloudformation_json = classmethod(_updated)  # type: ignore[assignment]
    StateMachine.has_cfn_attr = classmethod(_has_attribute)  # type: ignore[assignment]
    StateMachine.get_cfn_attribute = _get_attribute  # type: ignore[method-assign]


def _created(
    cls: type[StateMachine],
    resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
    **_: Any,
) -> StateMachine:
    properties = cloudformation_json["Properties"]
    backend = stepfunctions_backends[account_id][region_name]
    return backend.create_state_machine(
        properties.get("StateMachineName", resource_name),
        _definition(properties),
        properties.get("RoleArn", ""),
        tags=cfn_to_api_tags(properties.get("Tags", [])),
        sm_type=properties.get("StateMachineType"),
        loggingConfiguration=_as_in_the_api(properties.get("LoggingConfiguration")),
        tracingConfiguration=_as_in_the_api(properties.get("TracingConfiguration")),
    )


def _updated(
    cls: type[StateMachine],
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> StateMachine:
    properties = cloudformation_json["Properties"]
    properties["DefinitionString"] = _definition(properties)
    updated = _update(original_resource, new_resource_name, cloudformation_json, account_id, region_name)
    settings = {
        "logging_configuration": _as_in_the_api(properties.get("LoggingConfiguration")),
        "tracing_configuration": _as_in_the_api(properties.get("TracingConfiguration")),
    }
    if any(settings.values()):
        stepfunctions_backends[account_id][region_name].update_state_machine(updated.arn, **settings)
    return updated


def _has_attribute(cls: type[StateMachine], attr: str) -> bool:
    return attr in ("Arn", "Name", "DefinitionString", "RoleArn", "StateMachineName", "Tags")


def _get_attribute(self: StateMachine, attribute_name: str) -> Any:
    return self.arn if attribute_name == "Arn" else _attribute(self, attribute_name)


def _definition(properties: dict[str, Any]) -> str:
    """The definition's text, its ``${names}`` filled in from DefinitionSubstitutions."""
    if "DefinitionS3Location" in properties:
        raise refused("ValidationException", "The local cloud reads definitions from the template only.")
    text = properties.get("DefinitionString") or json.dumps(properties.get("Definition", {}))
    for name, value in (properties.get("DefinitionSubstitutions") or {}).items():
        text = text.replace(f"${{{name}}}", str(value))
    return str(text)


def _as_in_the_api(value: Any) -> Any:
    """``LogGroupArn`` is ``logGroupArn`` in the API, and so are all names."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _as_in_the_api(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_in_the_api(one) for one in value]
    return value
