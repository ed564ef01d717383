"""Step Functions: state machines and activities."""

from __future__ import annotations

import re
from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.decode import decode
from labkit.localcloud.stacks.errors import invalid
from labkit.localcloud.stacks.fit import text
from labkit.localcloud.stacks.kinds.kind import Kind, names

_SUBSTITUTION = re.compile(r"\$\{([\w]+)\}", re.ASCII)
_SETTINGS = "RoleArn LoggingConfiguration TracingConfiguration EncryptionConfiguration"
_DEFINITION = "Definition DefinitionString DefinitionS3Location"
_NO_LOG, _NO_TRACE = {"level": "OFF"}, {"enabled": False}


def create(ask: Ask) -> None:
    name = ask.name("StateMachineName", 80)
    params = {**ask.some(_SETTINGS), "name": name, "definition": _definition(ask), "tags": ask.tag_list}
    if kind := ask.properties.get("StateMachineType"):
        params["type"] = kind
    arn = ask.call("stepfunctions", "CreateStateMachine", params)["stateMachineArn"]
    ask.born(arn, Arn=arn, Name=name)


def update(ask: Ask) -> None:
    unset: dict[str, Any] = {}
    if "LoggingConfiguration" in ask.before:
        unset["LoggingConfiguration"] = _NO_LOG
    if "TracingConfiguration" in ask.before:
        unset["TracingConfiguration"] = _NO_TRACE
    which = {"stateMachineArn": ask.physical_id}
    params = {**unset, **ask.some(_SETTINGS), **which, "definition": _definition(ask)}
    ask.call("stepfunctions", "UpdateStateMachine", params)
    arn = {"resourceArn": ask.physical_id}
    if ask.lost_tags:
        ask.call("stepfunctions", "UntagResource", {**arn, "tagKeys": ask.lost_tags})
    if ask.tag_list:
        ask.call("stepfunctions", "TagResource", {**arn, "tags": ask.tag_list})


def delete(ask: Ask) -> None:
    ask.gone("stepfunctions", "DeleteStateMachine", {"stateMachineArn": ask.physical_id})


def _definition(ask: Ask) -> str:
    given = ask.some(_DEFINITION)
    if len(given) != 1:
        raise invalid(f"{ask.logical_id} must have one of {', '.join(_DEFINITION.split())}")
    [(prop, value)] = given.items()
    if prop == "DefinitionS3Location":
        where = {"VersionId": value["Version"]} if "Version" in value else {}
        answer = ask.client("s3").get_object(Bucket=value["Bucket"], Key=value["Key"], **where)
        value = answer["Body"].read().decode()
    known = ask.properties.get("DefinitionSubstitutions") or {}

    def substituted(match: re.Match[str]) -> str:
        return text(known[match[1]]) if match[1] in known else match[0]

    definition = _SUBSTITUTION.sub(substituted, text(value))
    # Definitions in S3 may be YAML; before their substitutions they need not be anything.
    return text(decode(definition)) if prop == "DefinitionS3Location" else definition


def create_activity(ask: Ask) -> None:
    name = ask.properties["Name"]
    arn = ask.call("stepfunctions", "CreateActivity", {"name": name, "tags": ask.tag_list})["activityArn"]
    ask.born(arn, Arn=arn, Name=name)


def delete_activity(ask: Ask) -> None:
    ask.gone("stepfunctions", "DeleteActivity", {"activityArn": ask.physical_id})


MACHINES = (
    Kind(
        "AWS::StepFunctions::StateMachine",
        names(f"StateMachineName StateMachineType DefinitionSubstitutions Tags {_DEFINITION} {_SETTINGS}"),
        create,
        delete,
        update,
    ),
    Kind("AWS::StepFunctions::Activity", names("Name Tags"), create_activity, delete_activity),
)
