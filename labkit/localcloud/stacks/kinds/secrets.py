"""Secrets of Secrets Manager and parameters of Systems Manager."""

from __future__ import annotations

import json
from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.kinds.kind import Kind, names

_GENERATED = ("SecretStringTemplate", "GenerateStringKey")
_PARAMETER = "Type Value Description AllowedPattern Tier DataType Policies"


def create_secret(ask: Ask) -> None:
    given = {**ask.some("Description KmsKeyId"), "Name": ask.name("Name", 512)}
    tags = {"Tags": ask.tag_list} if ask.tag_list else {}
    arn = ask.call("secretsmanager", "CreateSecret", {**given, **tags, **_content(ask)})["ARN"]
    ask.born(arn, Id=arn)


def update_secret(ask: Ask) -> None:
    which = {"SecretId": ask.physical_id}
    content = _content(ask) if ask.changed("SecretString", "GenerateSecretString") else {}
    changed = {"Description": "", **ask.some("Description KmsKeyId"), **content}
    ask.call("secretsmanager", "UpdateSecret", {**which, **changed})
    if ask.lost_tags:
        ask.call("secretsmanager", "UntagResource", {**which, "TagKeys": ask.lost_tags})
    if ask.tag_list:
        ask.call("secretsmanager", "TagResource", {**which, "Tags": ask.tag_list})


def delete_secret(ask: Ask) -> None:
    which = {"SecretId": ask.physical_id, "ForceDeleteWithoutRecovery": True}
    ask.gone("secretsmanager", "DeleteSecret", which)


def _content(ask: Ask) -> dict[str, Any]:
    if "SecretString" in ask.properties:
        return ask.some("SecretString")
    generate = ask.properties.get("GenerateSecretString")
    if generate is None:
        return {}
    wanted = {name: value for name, value in generate.items() if name not in _GENERATED}
    password = ask.call("secretsmanager", "GetRandomPassword", wanted)["RandomPassword"]
    if "GenerateStringKey" not in generate:
        return {"SecretString": password}
    content = json.loads(generate.get("SecretStringTemplate", "{}"))
    return {"SecretString": json.dumps({**content, generate["GenerateStringKey"]: password})}


def put_parameter(ask: Ask) -> None:
    made = not ask.physical_id
    name = ask.name("Name", 1011) if made else ask.physical_id
    tags = {"Tags": ask.tag_list} if made and ask.tag_list else {}
    ask.call("ssm", "PutParameter", {**ask.some(_PARAMETER), "Name": name, "Overwrite": not made, **tags})
    ask.born(name, Type=ask.properties["Type"], Value=ask.properties["Value"])
    if made:
        return
    which = {"ResourceType": "Parameter", "ResourceId": name}
    if ask.lost_tags:
        ask.call("ssm", "RemoveTagsFromResource", {**which, "TagKeys": ask.lost_tags})
    if ask.tag_list:
        ask.call("ssm", "AddTagsToResource", {**which, "Tags": ask.tag_list})


def delete_parameter(ask: Ask) -> None:
    ask.gone("ssm", "DeleteParameter", {"Name": ask.physical_id})


SECRETS = (
    Kind(
        "AWS::SecretsManager::Secret",
        names("Name Description KmsKeyId SecretString GenerateSecretString Tags"),
        create_secret,
        delete_secret,
        update_secret,
    ),
    Kind(
        "AWS::SSM::Parameter",
        names(f"Name Tags {_PARAMETER}"),
        put_parameter,
        delete_parameter,
        put_parameter,
    ),
)
