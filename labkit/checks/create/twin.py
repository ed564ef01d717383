"""02.8: the Node.js twin answers as the Python function does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from labkit.checks.create.handler import get_photo
from labkit.checks.faults import no_error
from labkit.checks.functions import Function, all_names, load, temporary
from labkit.checks.look import Look, NotYet, Skip
from labkit.checks.photos import Photo, ask, find_table, photo_in, status, unknown
from labkit.checks.registry import check

BASE = "get-photo-node"
RUNTIME = "nodejs24.x"
NO_RUNTIME = "InvalidRuntimeException"  # the local cloud: this machine has no interpreter for it
TYPES = {"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}


@check("02.8", title="The Node.js twin gives the same answers")
def twin(look: Look) -> str:
    """Both are asked for a photo that exists and for one that does not."""
    python = get_photo(look)
    node = _node_function(look, python)
    table = find_table(look, python)
    with photo_in(look, table) as photo:
        expected = ask(python, photo)
        with _node_is_here():
            got = ask(node, photo)
        if expected != got:
            raise NotYet(
                f"{python.name} has the body {_short(expected)}; {node.name} has {_short(got)}",
                "the same JSON from both",
                _difference(expected, got),
            )
    _same_refusal(python, node, unknown(table))
    return f"{python.name} and {node.name} ({node.runtime}) give the same JSON and the same 404"


@contextmanager
def _node_is_here() -> Iterator[None]:
    """Turns the local cloud's word that this machine has no Node.js into a skip."""
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        refused_at_once = code == "InvalidParameterValueException" and "needs Node.js" in message
        if code != NO_RUNTIME and not refused_at_once:
            raise
        raise Skip(f"no Node.js here. {message}") from error


def _ask_the_cloud(look: Look, python: Function) -> None:
    """Whether Node.js functions run in this cloud at all: with the smallest one there is.

    Raises:
        Skip: they do not.
    """
    settings = {"Runtime": RUNTIME, "Handler": "index.handler", "Role": python.configuration["Role"]}
    source = {"index.mjs": b"export const handler = async () => 1;"}
    with _node_is_here(), temporary(look, source, **settings) as smallest:
        smallest.invoke({})


def _node_function(look: Look, python: Function) -> Function:
    names = [name for name in all_names(look) if name.startswith(look.prefix) or name == look.name(BASE)]
    functions = [load(look, name) for name in names]
    found = [one for one in functions if one.runtime.startswith("nodejs")]
    if found:
        return next((one for one in found if one.name == look.name(BASE)), found[0])
    if look.local:
        _ask_the_cloud(look, python)
    if any(one.name == look.name(BASE) for one in functions):
        other = next(one for one in functions if one.name == look.name(BASE))
        raise NotYet(
            f"{other.name} has the runtime {other.runtime}",
            "a function with a Node.js runtime",
            f"Create it with Runtime='{RUNTIME}' and Handler='index.handler'.",
        )
    raise NotYet(
        "the lab has no function with a Node.js runtime",
        f"a function {look.name(BASE)}",
        f"Deploy the .mjs handler with Runtime='{RUNTIME}', and TABLE_NAME as its variable.",
    )


def _same_refusal(python: Function, node: Function, photo: Photo) -> None:
    doing = "asked for a photo that does not exist"
    codes = [status(one, no_error(one, one.invoke(photo.event), doing)) for one in (python, node)]
    if codes[0] != codes[1]:
        raise NotYet(
            f"for a photo that does not exist {python.name} answers {codes[0]}, {node.name} {codes[1]}",
            "the same status from both",
            "Without a match, the SDK's answer has no Item: look for that and answer 404.",
        )


def _difference(expected: Any, got: Any) -> str:
    if isinstance(got, dict) and any(isinstance(one, dict) and one.keys() <= TYPES for one in got.values()):
        return (
            "The plain client gives typed values ({'S': 'text'}). Use the document client "
            "(@aws-sdk/lib-dynamodb), or unmarshall."
        )
    if json.dumps(expected, default=str).replace('"', "") == json.dumps(got, default=str).replace('"', ""):
        return "Numbers and texts are mixed up: keep numbers as numbers."
    return "Return the item itself, with the same attribute names, through JSON.stringify."


def _short(value: Any, limit: int = 120) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
