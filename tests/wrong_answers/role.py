"""Answers to exercise 02.2: the execution role."""

from __future__ import annotations

import json

from tests.wrong_answers.world import GET_PHOTO, LOGS, World, allow, policy, read_only, right, wrong


def deployed(world: World, *statements: object, **role: object) -> None:
    """get-photo with a role that has these statements; ``{table}`` in a resource is the table's ARN."""
    arn = world.table()
    document = json.loads(json.dumps(policy(*statements)).replace("{table}", arn))  # type: ignore[arg-type]
    made = world.role(document, **role) if statements else world.role(**role)  # type: ignore[arg-type]
    world.function("get-photo", GET_PHOTO, made, {"TABLE_NAME": world.name("photos")})


@wrong("02.2", "nothing was granted", "Allow its role exactly that: Action dynamodb:GetItem")
def _(world: World) -> None:
    deployed(world)


@wrong("02.2", "all of DynamoDB", "dynamodb:\\*: that includes deleting the table")
def _(world: World) -> None:
    deployed(world, allow("dynamodb:*", "{table}"))


@wrong("02.2", "all tables", "is for \\*, and that is more than this table")
def _(world: World) -> None:
    deployed(world, allow("dynamodb:GetItem", "*"))


@wrong("02.2", "all tables of the Region", "table/\\*, and that is more than this table")
def _(world: World) -> None:
    deployed(world, allow("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/*"))


@wrong("02.2", "another table, too", "is also for arn:aws:dynamodb:us-east-1:123456789012:table/orders")
def _(world: World) -> None:
    other = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
    deployed(world, allow("dynamodb:GetItem", ["{table}", other]))


@wrong("02.2", "everything", "allows every action there is")
def _(world: World) -> None:
    deployed(world, allow("*", "*"))


@wrong("02.2", "AWS's policy for all tables", "Detach it, and give the role an inline policy")
def _(world: World) -> None:
    deployed(world, attach=(LOGS, "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess"))


@wrong("02.2", "deleting, too", "dynamodb:DeleteItem, which get-photo never calls")
def _(world: World) -> None:
    deployed(world, allow(["dynamodb:GetItem", "dynamodb:DeleteItem"], "{table}"))


@wrong("02.2", "writing, too", "dynamodb:PutItem, which get-photo never calls")
def _(world: World) -> None:
    deployed(world, allow(["dynamodb:GetItem", "dynamodb:PutItem"], "{table}"))


@wrong("02.2", "everything but", "allows everything but what it names")
def _(world: World) -> None:
    statement = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    deployed(world, statement)


@wrong("02.2", "no permission to write logs", "leaves no log")
def _(world: World) -> None:
    deployed(world, allow("dynamodb:GetItem", "{table}"), attach=())


@wrong("02.2", "others may assume the role", "can be assumed by ec2.amazonaws.com, too")
def _(world: World) -> None:
    services = {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}
    deployed(world, allow("dynamodb:GetItem", "{table}"), trust=services)


@wrong("02.2", "the table's name with a typing error", "Action dynamodb:GetItem, Resource arn:aws:dynamodb")
def _(world: World) -> None:
    deployed(world, allow("dynamodb:GetItem", "{table}s"))


@right("02.2", "as the solution has it", "may dynamodb:GetItem on")
def _(world: World) -> None:
    deployed(world, allow("dynamodb:GetItem", "{table}"))


@right("02.2", "a policy of one's own that is attached, several statements, an index, and logs spelled out")
def _(world: World) -> None:
    arn = world.table()
    document = policy(
        allow(["dynamodb:getitem", "dynamodb:Query"], [arn, f"{arn}/index/*"]),
        allow("dynamodb:UpdateItem", arn.replace("us-east-1", "*")),
        allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:*:*:*"),
    )
    name = world.name("photo-reader")
    made = world.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
    role = world.role(base="reader", attach=(made["Policy"]["Arn"],))
    world.function("get-photo", GET_PHOTO, role, {"TABLE_NAME": world.name("photos")})


@right("02.2", "several policies, one of them for something else")
def _(world: World) -> None:
    arn = world.table()
    secrets = allow("ssm:GetParameter", f"arn:aws:ssm:us-east-1:123456789012:parameter/{world.name('key')}")
    role = world.role(policy(read_only(arn)), policy(secrets))
    world.function("get-photo", GET_PHOTO, role, {"TABLE_NAME": world.name("photos")})
