"""Answers to exercise 04.1: clients at module level."""

from __future__ import annotations

from tests.wrong_answers.measured import logged
from tests.wrong_answers.world import World, allow, policy, right, wrong

HEAD = "import os, boto3\n"
MAKE = 'table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])\n'
ANSWER = """    photo = table.get_item(Key={"photo_id": event["photo_id"]})["Item"]
    return {"card": f"{photo['title']}, {photo['width']} pixels wide"}
"""
SLOW = f"import os\n\ndef handler(event, context):\n    import boto3\n    {MAKE}{ANSWER}"
GOOD = f"{HEAD}\n{MAKE}\ndef handler(event, context):\n{ANSWER}"
IMPORT_ONLY = f"{HEAD}\ndef handler(event, context):\n    {MAKE}{ANSWER}"
CACHED = f"""{HEAD}import functools

@functools.cache
def table_of(name):
    return boto3.resource("dynamodb").Table(name)

def handler(event, context):
    table = table_of(os.environ["TABLE_NAME"])
{ANSWER}"""


def cards(world: World, code: str, *, before_ms: float = 60.0, after_ms: float = 8.0, **more: object) -> None:
    """The slow function and the mended one, each with twelve warm calls in its log."""
    role = world.role(policy(allow("dynamodb:GetItem", world.table())))
    variables = {"TABLE_NAME": world.name("photos")}
    slow = world.function("photo-card-slow", SLOW, role, variables, MemorySize=1769, Timeout=10)
    card = world.function("photo-card", code, role, variables, **{"MemorySize": 1769, "Timeout": 10, **more})
    logged(world, slow, [before_ms] * 12, 1769)
    if after_ms:
        logged(world, card, [after_ms] * 12, 1769)


def _(world: World) -> None:
    cards(world, SLOW)


@wrong("04.1", "only the import is moved", r"calls boto3\.resource in every invocation \(line 4\)")
def _(world: World) -> None:
    cards(world, IMPORT_ONLY)


@wrong("04.1", "another answer", "the same answer as before")
def _(world: World) -> None:
    cards(world, GOOD.replace(" pixels wide", ""))


def _(world: World) -> None:
    cards(world, GOOD, MemorySize=3008)


@wrong(
    "04.1", "mended and not measured", "has 1 warm invocations at 1,769 MB|has 0 warm invocations at 1,769 MB"
)
def _(world: World) -> None:
    cards(world, GOOD, after_ms=0)


@wrong("04.1", "no faster than before", "a warm call took 60.0 ms before and 55.0 ms now")
def _(world: World) -> None:
    hidden = GOOD.replace("table =", "def made():\n    return", 1).replace(
        "    photo = table", "    table = made()\n    photo = table"
    )
    cards(world, hidden, after_ms=55.0)


@right("04.1", "as the solution has it", "60.0 ms before, 8.0 ms now")
def _(world: World) -> None:
    cards(world, GOOD)


@right("04.1", "made at the first call and kept", "8.0 ms now")
def _(world: World) -> None:
    cards(world, CACHED)
