"""The parts of the photo library. Each function makes one in a lab, and says whether it was missing."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from labkit import deploy
from labkit.library import code
from labkit.session import Lab

TABLE = "photos"
PHOTOS = (("lighthouse", "Lighthouse at dusk", "4032", "4.5"), ("harbour", "Harbour in fog", "6000", "4"))


def roles(lab: Lab, names: Iterable[str]) -> None:
    """Execution roles, as far as they are missing. The pieces that use them add what they need."""
    for name in names:
        if not exists(lab.client("iam").get_role, RoleName=lab.name(name)):
            deploy.role(lab, name)


def table(lab: Lab) -> bool:
    """The table of metadata, with two photos. What a learner put into it stays."""
    dynamodb, name = lab.client("dynamodb"), lab.name(TABLE)
    if exists(dynamodb.describe_table, TableName=name):
        return False
    deploy.table(lab, TABLE, "photo_id")
    for photo_id, title, width, rating in PHOTOS:
        texts = {"photo_id": {"S": photo_id}, "title": {"S": title}}
        dynamodb.put_item(TableName=name, Item={**texts, "width": {"N": width}, "rating": {"N": rating}})
    return True


def get_photo(lab: Lab) -> bool:
    """``get-photo`` of phase 02 as its solution has it, behind the alias ``live``."""
    lambda_, name = lab.client("lambda"), lab.name("get-photo")
    if exists(lambda_.get_alias, FunctionName=name, Name="live"):
        return False
    may_read = deploy.allow("dynamodb:GetItem", table_arn(lab))
    deploy.function(
        lab,
        "get-photo",
        code.folder("get_photo"),
        role=deploy.role(lab, "get-photo-role", deploy.BASIC_EXECUTION, may_read),
        environment={"TABLE_NAME": lab.name(TABLE)},
        timeout_s=10,
    )
    version = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return True


def share_photo(lab: Lab) -> bool:
    """``share-photo`` of phase 02, and the parameter with its key."""
    lambda_, ssm, parameter = lab.client("lambda"), lab.client("ssm"), lab.name("signing-key")
    if exists(lambda_.get_function_configuration, FunctionName=lab.name("share-photo")):
        return False
    key = {"Value": secrets.token_urlsafe(32), "Type": "SecureString"}
    with suppress(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name=parameter, **key)
    arn = f"arn:aws:ssm:{lab.region}:{lab.account_id}:parameter/{parameter}"
    deploy.function(
        lab,
        "share-photo",
        code.folder("share_photo"),
        role=deploy.role(
            lab, "share-photo-role", deploy.BASIC_EXECUTION, deploy.allow("ssm:GetParameter", arn)
        ),
        environment={"KEY_PARAMETER": parameter},
        timeout_s=10,
    )
    return True


def table_arn(lab: Lab) -> str:
    """The ARN of the lab's table."""
    return str(lab.client("dynamodb").describe_table(TableName=lab.name(TABLE))["Table"]["TableArn"])


def exists(read: Any, **which: Any) -> bool:
    """Whether a call that reads one resource finds it."""
    try:
        read(**which)
    except ClientError as error:
        status, said = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
        if status != 404 and "NotFound" not in said:  # DynamoDB says it with status 400
            raise
        return False
    return True
