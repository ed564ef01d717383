"""Answers to exercise 06.1: a function without pitfalls."""

from __future__ import annotations

from typing import Any

from tests.wrong_answers.world import World, allow, policy, right, wrong

GALLERY = """
import json
import os

import boto3

client, name = boto3.client("dynamodb"), os.environ["TABLE_NAME"]


def handler(event, context):
    keys = [{"photo_id": {"S": one}} for one in event["photo_ids"]]
    found = client.batch_get_item(RequestItems={name: {"Keys": keys}})["Responses"][name]
    return {"statusCode": 200, "body": json.dumps([one["photo_id"]["S"] for one in found])}
"""


def deployed(world: World, code: str = GALLERY, base: str = "gallery", **more: Any) -> str:
    """gallery, called three times; its name."""
    table = world.table()
    role = world.role(policy(allow("dynamodb:BatchGetItem", table)), base="gallery-role")
    variables = {"TABLE_NAME": world.name("photos"), **more.pop("variables", {})}
    name = world.function(base, code, role, variables, Timeout=10, **more)
    world.invoke(name, {"photo_ids": ["x"]}, times=3)
    return name


def alarm(world: World, function: str, **more: Any) -> None:
    """An alarm on a function's errors."""
    settings = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum", "Period": 60}
    settings |= {"EvaluationPeriods": 1, "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold"}
    settings |= {"Dimensions": [{"Name": "FunctionName", "Value": function}], **more}
    world.client("cloudwatch").put_metric_alarm(AlarmName=world.name("errors"), **settings)


@wrong("06.1", "errors are still caught and hidden", "If it hides why, take out what catches everything")
def _(world: World) -> None:
    caught = GALLERY.replace("    keys =", "    try:\n        return answer(event)\n    except Exception:\n")
    caught = caught.partition("except Exception:\n")[0] + "except Exception:\n"
    caught += '        return {"statusCode": 500, "body": "[]"}\n'
    deployed(world, caught)


@wrong("06.1", "a client in every call", r"cold starts ignored.*boto3\.client")
def _(world: World) -> None:
    deployed(world, GALLERY.replace("    keys =", '    client = boto3.client("dynamodb")\n    keys ='))


@wrong("06.1", "the password is still there", "secrets in variables: the variable DB_PASSWORD")
def _(world: World) -> None:
    deployed(world, variables={"DB_PASSWORD": "correct-horse"})


@wrong("06.1", "still a gigabyte", "used at most .* of 1,024 MB")
def _(world: World) -> None:
    deployed(world, MemorySize=1024)


@wrong("06.1", "nobody is told", "no alarm watches its errors")
def _(world: World) -> None:
    deployed(world)


@right("06.1", "as the solution has it", "none found")
def _(world: World) -> None:
    alarm(world, deployed(world))


@right("06.1", "under another name, with one alarm for all functions")
def _(world: World) -> None:
    deployed(world, base="photo-gallery")
    alarm(world, "", Dimensions=[])
