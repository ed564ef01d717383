"""What a learner does, through plain boto3: tables, roles, functions. No cell, no labkit.deploy."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from labkit.session import Lab

Made = TypeVar("Made")
LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

HELLO = """
def handler(event, context):
    return f"Hello, {event['name']}!"
"""

GET_PHOTO = """
import json
import os
from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])

def number(value):
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(value)

def handler(event, context):
    item = table.get_item(Key={"photo_id": event["photo_id"]}).get("Item")
    if item is None:
        return {"statusCode": 404, "body": json.dumps({"message": "no such photo"})}
    return {"statusCode": 200, "body": json.dumps(item, default=number)}
"""

# The same with the conversion of numbers in a module of its own, as 02.3 wants it.
PLAIN = """
from decimal import Decimal

def number(value):
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(value)
"""
GET_PHOTO_WITH_MODULE = """
import json
import os

import boto3
from plain import number

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])

def handler(event, context):
    item = table.get_item(Key={"photo_id": event["photo_id"]}).get("Item")
    if item is None:
        return {"statusCode": 404, "body": json.dumps({"message": "no such photo"})}
    return {"statusCode": 200, "body": json.dumps(item, default=number)}
"""

READ_KEY = 'ssm.get_parameter(Name=os.environ["KEY_NAME"], WithDecryption=True)["Parameter"]["Value"]'
SHARE_PHOTO = f"""
import hashlib
import hmac
import json
import os

import boto3

ssm = boto3.client("ssm")
key = {READ_KEY}

def handler(event, context):
    signed = hmac.new(key.encode(), event["photo_id"].encode(), hashlib.sha256).hexdigest()
    return {{"statusCode": 200, "body": json.dumps({{"link": event["photo_id"] + "?signature=" + signed}})}}
"""

NODE = """
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));

export const handler = async (event) => {
  const { Item } = await client.send(
    new GetCommand({ TableName: process.env.TABLE_NAME, Key: { photo_id: event.photo_id } })
  );
  if (!Item) return { statusCode: 404, body: JSON.stringify({ message: "no such photo" }) };
  return { statusCode: 200, body: JSON.stringify(Item) };
};
"""


@dataclass(frozen=True)
class World:
    """One learner's corner of the cloud."""

    lab: Lab
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)

    def once(self, make: Callable[[Lab], Made]) -> Made:
        """What ``make`` makes in this world's lab; made when it is asked for first."""
        if make not in self._made:
            self._made[make] = make(self.lab)
        return self._made[make]

    def client(self, service: str) -> Any:
        return self.lab.client(service)

    def name(self, base: str) -> str:
        return self.lab.name(base)

    def table(self, base: str = "photos") -> str:
        """A table of photo metadata; its ARN."""
        client = self.client("dynamodb")
        made = client.create_table(
            TableName=self.name(base),
            KeySchema=[{"AttributeName": "photo_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "photo_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return str(made["TableDescription"]["TableArn"])

    def role(
        self,
        *policies: Mapping[str, Any],
        base: str = "get-photo-role",
        attach: tuple[str, ...] = (LOGS,),
        trust: Mapping[str, Any] | None = None,
    ) -> str:
        """An execution role with inline policies; its ARN."""
        iam, name = self.client("iam"), self.name(base)
        principal = trust or {"Service": "lambda.amazonaws.com"}
        document = policy(allow("sts:AssumeRole", None, Principal=principal))
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
        for number, one in enumerate(policies):
            iam.put_role_policy(RoleName=name, PolicyName=f"own-{number}", PolicyDocument=json.dumps(one))
        for one in attach:
            iam.attach_role_policy(RoleName=name, PolicyArn=one)
        return str(arn)

    def function(
        self,
        base: str,
        code: str | Mapping[str, str] | bytes,
        role: str,
        environment: Mapping[str, str] | None = None,
        **more: Any,
    ) -> str:
        """A function that is active; its name."""
        client, name = self.client("lambda"), self.name(base)
        settings: dict[str, Any] = {"Runtime": "python3.13", "Handler": "app.handler", "MemorySize": 128}
        client.create_function(
            FunctionName=name,
            Role=role,
            Code={"ZipFile": package(code)},
            Environment={"Variables": dict(environment or {})},
            **{**settings, **more},
        )
        self.lab.wait("lambda", "function_active_v2", FunctionName=name)
        return name

    def update(self, name: str, code: str | Mapping[str, str] | bytes) -> None:
        """Puts other code into a function."""
        self.client("lambda").update_function_code(FunctionName=name, ZipFile=package(code))
        self.lab.wait("lambda", "function_updated_v2", FunctionName=name)

    def configure(self, name: str, **settings: Any) -> None:
        """Changes a function's configuration."""
        self.client("lambda").update_function_configuration(FunctionName=name, **settings)
        self.lab.wait("lambda", "function_updated_v2", FunctionName=name)

    def invoke(self, name: str, event: Any, times: int = 1) -> None:
        """Invokes a function, one call after the other."""
        for _ in range(times):
            self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())

    def get_photo(
        self,
        code: str | Mapping[str, str] = GET_PHOTO,
        statement: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """``get-photo`` as the solution has it, but for what is given; its name."""
        table = self.table()
        role = self.role(policy(statement or allow("dynamodb:GetItem", table)))
        environment = more.pop("environment", {"TABLE_NAME": self.name("photos")})
        return self.function("get-photo", code, role, environment, **more)


def allow(action: str | list[str], resource: str | list[str] | None, **more: Any) -> dict[str, Any]:
    """A statement that allows something."""
    on = {"Resource": resource} if resource else {}
    return {"Effect": "Allow", "Action": action, **on, **more}


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def package(code: str | Mapping[str, str] | bytes) -> bytes:
    """A zip: of ``app.py``, or of the files given."""
    if isinstance(code, bytes):
        return code
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in ({"app.py": code} if isinstance(code, str) else code).items():
            archive.writestr(path, content)
    return buffer.getvalue()


def read_only(arn: str) -> dict[str, Any]:
    """What get-photo needs."""
    return allow("dynamodb:GetItem", arn)


@dataclass(frozen=True)
class Case:
    """An answer that somebody might give.

    Attributes:
        exercise: such as ``02.3``.
        title: what was done.
        says: a pattern that the result matches: the evidence of a right answer, the message for a wrong one.
        right: whether it reaches the goal.
    """

    exercise: str
    title: str
    says: str
    right: bool
    does: Callable[[World], Any]


CASES: list[Case] = []
# Exercises whose answers are all given in one world: making it takes longer than looking. There an answer
# brings what it is about into its state wholly, whichever answer was before it.
SHARED: set[str] = set()


def wrong(exercise: str, title: str, says: str) -> Any:
    """Registers an answer that must be refused, with a message that matches ``says``."""
    return _case(exercise, title, says, False)


def right(exercise: str, title: str, says: str = "") -> Any:
    """Registers an answer that must pass."""
    return _case(exercise, title, says, True)


def _case(exercise: str, title: str, says: str, good: bool) -> Any:
    def register(does: Callable[[World], Any]) -> Callable[[World], Any]:
        CASES.append(Case(exercise, title, says, good, does))
        return does

    return register
