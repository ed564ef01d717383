"""Answers to exercise 02.1: the handler."""

from __future__ import annotations

from tests.wrong_answers.world import GET_PHOTO, World, allow, policy, read_only, right, wrong

BARE = """
import os
import boto3
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
def handler(event, context):
    return table.get_item(Key={"photo_id": event["photo_id"]})["Item"]
"""
CATCHES_EVERYTHING = (
    GET_PHOTO.replace("def handler", "def answer")
    + """
def handler(event, context):
    try:
        return answer(event, context)
    except Exception as error:
        return {"statusCode": 500, "body": json.dumps(str(error))}
"""
)
CATCHES_QUIETLY = CATCHES_EVERYTHING.replace("500", "404")
BY_PATH = GET_PHOTO.replace('event["photo_id"]', 'event["pathParameters"]["photo_id"]')
CLASSIC = """
import json, os, boto3
client = boto3.client("dynamodb")
def handler(event, context):
    found = client.query(
        TableName=os.environ["PHOTOS"],
        KeyConditionExpression="photo_id = :id",
        ExpressionAttributeValues={":id": {"S": event["photo_id"]}},
    )["Items"]
    if not found:
        return {"statusCode": 404, "headers": {}, "body": ""}
    item = {key: float(value["N"]) if "N" in value else value["S"] for key, value in found[0].items()}
    return {"statusCode": 200, "headers": {"x": "y"}, "body": json.dumps({"photo": item})}
"""


@wrong("02.1", "nothing was deployed", "there is no function")
def _(world: World) -> None:
    world.table()


@wrong("02.1", "there is no table", "there is no table")
def _(world: World) -> None:
    world.function("get-photo", GET_PHOTO, world.role(), {"TABLE_NAME": "photos"})


@wrong("02.1", "the stub: returns nothing", "answered nothing")
def _(world: World) -> None:
    world.get_photo("def handler(event, context):\n    ...\n")


@wrong("02.1", "the item itself is returned", "which has no statusCode")
def _(world: World) -> None:
    world.get_photo(BARE)


@wrong("02.1", "json.dumps of Decimals", "DynamoDB gives numbers as Decimal")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO.replace(", default=number", ""))


@wrong("02.1", "Decimals become text", "numbers came back as text")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO.replace("default=number", "default=str"))


@wrong("02.1", "int cuts fractions off", "the rating 4.5 came back as 4")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO.replace("default=number", "default=int"))


@wrong("02.1", "the body is a dictionary", "HTTP APIs carry text")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO.replace("json.dumps(item, default=number)", "{'width': 1}"))


@wrong("02.1", "the body is str() of the item", r"str\(\) of a dictionary is Python")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO.replace("json.dumps(item, default=number)", "str(item)"))


@wrong("02.1", "the status code is text", "without quotes")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO.replace('"statusCode": 200', '"statusCode": "200"'))


@wrong(
    "02.1",
    "an unknown photo raises KeyError",
    "photo that does not exist, ended in a function error: KeyError",
)
def _(world: World) -> None:
    world.get_photo(GET_PHOTO.replace('.get("Item")', '["Item"]'))


@wrong("02.1", "an unknown photo is 200 with null", "answered 200 for a photo that does not exist")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO.replace("if item is None", "if item == 0"))


@wrong("02.1", "an unknown photo is 500", "5xx says that the service is broken")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO.replace("404", "500"))


@wrong(
    "02.1",
    "everything is caught and answered as 500",
    "an exception that you return as an answer is a success",
)
def _(world: World) -> None:
    world.get_photo(CATCHES_EVERYTHING)


@wrong("02.1", "everything is caught and answered as 404", "the function still answers 404")
def _(world: World) -> None:
    world.get_photo(CATCHES_QUIETLY)


@wrong("02.1", "the table's name is in the code", "it is in the code")
def _(world: World) -> None:
    named = GET_PHOTO.replace('os.environ["TABLE_NAME"]', repr(world.name("photos")))
    world.get_photo(named, environment={})


@wrong("02.1", "the variable is set but not used", "is the name written in the code")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO.replace('os.environ["TABLE_NAME"]', repr(world.name("photos"))))


@wrong("02.1", "the role may not read", r"Action dynamodb:GetItem, Resource arn:aws:dynamodb")
def _(world: World) -> None:
    world.get_photo(statement=allow("dynamodb:PutItem", "*"))


@wrong(
    "02.1",
    "the file has another name than the Handler setting",
    "cannot be imported|does not have the module",
)
def _(world: World) -> None:
    world.get_photo({"lambda_function.py": GET_PHOTO})


@right("02.1", "as the solution has it", "200 with JSON for a photo, 404 for none")
def _(world: World) -> None:
    world.get_photo()


@right("02.1", "reads the id as an HTTP API gives it")
def _(world: World) -> None:
    world.get_photo(BY_PATH)


@right("02.1", "the plain client, a query, another variable, names and headers of one's own")
def _(world: World) -> None:
    arn = world.table("pictures")
    role = world.role(policy(allow("dynamodb:Query", arn)))
    world.function("my-getPhoto", CLASSIC, role, {"PHOTOS": world.name("pictures")}, Runtime="python3.11")


@right("02.1", "the variable holds the table's ARN")
def _(world: World) -> None:
    arn = world.table()
    world.function("get-photo", GET_PHOTO, world.role(policy(read_only(arn))), {"TABLE_NAME": arn})
