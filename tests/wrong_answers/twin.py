"""Answers to exercise 02.8: the Node.js twin."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.runtime.languages import cache, node
from tests.wrong_answers.world import GET_PHOTO, NODE, World, package, right, wrong

TYPED = NODE.replace("DynamoDBDocumentClient.from(new DynamoDBClient({}))", "new DynamoDBClient({})").replace(
    "new GetCommand({ TableName: process.env.TABLE_NAME, Key: { photo_id: event.photo_id } })",
    "new GetItemCommand({ TableName: process.env.TABLE_NAME, Key: { photo_id: { S: event.photo_id } } })",
)
TYPED = TYPED.replace("import { DynamoDBClient }", "import { DynamoDBClient, GetItemCommand }")
FORGETFUL = NODE.replace("if (!Item)", "if (false)").replace(
    "JSON.stringify(Item)", "JSON.stringify(Item ?? null)"
)
HASTY = NODE.replace("await client.send", "client.send").replace("if (!Item)", "if (false)")
RENAMED = NODE.replace("JSON.stringify(Item)", "JSON.stringify({ photo: Item })")


def _needs_node() -> None:
    if (row := node.available("nodejs24.x", cache.place(Path("nowhere")))).interpreter is None:
        pytest.skip(f"no Node.js: {row.note}")


def twins(world: World, code: str, base: str = "get-photo-node", **more: object) -> None:
    _needs_node()
    world.get_photo()
    lambda_ = world.client("lambda")
    role = lambda_.get_function_configuration(FunctionName=world.name("get-photo"))["Role"]
    settings = {"Runtime": "nodejs22.x", "Handler": "index.handler", "Timeout": 20, "MemorySize": 512, **more}
    world.function(base, package({"index.mjs": code}), role, {"TABLE_NAME": world.name("photos")}, **settings)


@wrong("02.8", "there is no twin", "has no function with a Node.js runtime")
def _(world: World) -> None:
    _needs_node()
    world.get_photo()


@wrong("02.8", "nobody awaits the table", "does the handler await the answer")
def _(world: World) -> None:
    twins(world, HASTY)


@wrong("02.8", "the twin is Python, too", "has the runtime python3.13")
def _(world: World) -> None:
    _needs_node()
    name = world.get_photo()
    role = world.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    world.function("get-photo-node", GET_PHOTO, role, {"TABLE_NAME": world.name("photos")})


@wrong("02.8", "typed values, as the plain client gives them", "Use the document client")
def _(world: World) -> None:
    twins(world, TYPED)


@wrong("02.8", "another form", "Return the item itself, with the same attribute names")
def _(world: World) -> None:
    twins(world, RENAMED)


@wrong("02.8", "an unknown photo is 200", "answers 404, .* 200")
def _(world: World) -> None:
    twins(world, FORGETFUL)


@right("02.8", "as the solution has it", "give the same JSON and the same 404")
def _(world: World) -> None:
    twins(world, NODE)


@right("02.8", "another name")
def _(world: World) -> None:
    twins(world, NODE, "javascript")
