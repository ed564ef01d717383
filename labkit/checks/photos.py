"""The photo library as checks use it: its table, a photo of their own in it, and questions to a function."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from labkit.checks.faults import no_error
from labkit.checks.functions import Answer, Function
from labkit.checks.look import Look, NotYet

TABLE = "photos"
TABLE_VARIABLE = "TABLE_NAME"
TITLE, WIDTH, RATING = "Lighthouse at dusk", 4032, 4.5


@dataclass(frozen=True)
class Table:
    """The table of photo metadata.

    Attributes:
        key: its partition key.
    """

    name: str
    arn: str
    key: str


@dataclass(frozen=True)
class Photo:
    """A photo's metadata in the table, and the events that ask for it."""

    id: str
    key: str

    @property
    def event(self) -> dict[str, Any]:
        """Asks for this photo, as a plain event and as an HTTP API would."""
        named = {"photo_id": self.id, self.key: self.id}
        return {**named, "pathParameters": named}


def find_table(look: Look, function: Function | None = None) -> Table:
    """The table that a function's environment names, else the lab's.

    Raises:
        NotYet: there is none.
    """
    names = [name for page in _pages(look) for name in page["TableNames"]]
    environment = function.environment if function else {}
    first = [environment[TABLE_VARIABLE]] if TABLE_VARIABLE in environment else []
    named = [value.rpartition("/")[2] for value in (*first, *environment.values())]
    wanted = (*named, look.name(TABLE), *(name for name in names if name.startswith(look.prefix)))
    if found := next((name for name in wanted if name in names), None):
        return _described(look, found)
    raise NotYet(
        f"there is no table {look.name(TABLE)}",
        "a table of photo metadata",
        "Run the cell that creates the table and puts photos into it.",
    )


def named_in(function: Function, table: Table) -> list[str]:
    """The environment variables of a function that hold the table's name or ARN."""
    return [key for key, value in function.environment.items() if value in (table.name, table.arn)]


@contextmanager
def photo_in(look: Look, table: Table) -> Iterator[Photo]:
    """Puts a photo of the check's own into the table, and takes it out again."""
    client, photo = look.client("dynamodb"), Photo(f"check-{uuid4().hex[:8]}", table.key)
    key = {table.key: {"S": photo.id}}
    attributes = {"title": {"S": TITLE}, "width": {"N": str(WIDTH)}, "rating": {"N": str(RATING)}}
    client.put_item(TableName=table.name, Item={**key, **attributes})
    try:
        yield photo
    finally:
        client.delete_item(TableName=table.name, Key=key)


def unknown(table: Table) -> Photo:
    """A photo that nobody has taken."""
    return Photo(f"nobody-{uuid4().hex[:8]}", table.key)


def status(function: Function, answer: Answer) -> int:
    """The status code of an answer in the form that HTTP front doors expect.

    Raises:
        NotYet: the answer has another form.
    """
    code = answer.payload.get("statusCode") if isinstance(answer.payload, Mapping) else None
    if isinstance(code, int) and not isinstance(code, bool):
        return code
    if isinstance(code, str):
        seen, step = f"statusCode {code!r}, a text", "Return the status code as a number, without quotes."
    else:
        seen = f"{_short(answer.payload)}, which has no statusCode"
        step = "Return a dictionary with statusCode and body: that is what an HTTP API turns into a response."
        if answer.payload is None:
            seen, step = "nothing (null)", "The handler returns None. " + step
    raise NotYet(f"{function.name} answered {seen}", '{"statusCode": 200, "body": "…"}', step)


def ask(function: Function, photo: Photo, qualifier: str | None = None) -> Any:
    """Asks a function for a photo that exists, and returns the decoded body.

    Raises:
        NotYet: it fails, does not answer 200, or its body is no JSON text.
    """
    answer = no_error(function, function.invoke(photo.event, qualifier), "asked for a photo that exists")
    if (code := status(function, answer)) != 200:
        raise NotYet(
            f"{function.name} answered {code} for a photo that exists: {_short(answer.payload)}",
            "statusCode 200",
            f"The item is there, under the key {photo.key!r}. Look at how the handler reads the event and "
            "the table.",
        )
    body = answer.payload.get("body")
    if not isinstance(body, str):
        raise NotYet(
            f"the body is {_short(body)}, not text",
            "a body that is JSON text",
            _to_text(function),
        )
    try:
        return json.loads(body)
    except ValueError:
        raise NotYet(
            f"the body is no JSON: {_short(body)}",
            "a body that any JSON parser reads",
            "str() of a dictionary is Python, not JSON. Use json.dumps.",
        ) from None


def numbers_survive(function: Function, body: Any) -> None:
    """Looks whether numbers came through as numbers, with their fractions.

    Raises:
        NotYet: they did not.
    """
    values = list(_leaves(body))
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    expected = f"a body with the photo's attributes: width {WIDTH} and rating {RATING}, as numbers"
    if WIDTH in numbers and RATING in numbers:
        return
    if str(WIDTH) in values or f"{WIDTH}.0" in values or str(RATING) in values:
        seen = f"numbers came back as text: width {str(WIDTH)!r}"
        step = "json.dumps(default=str) makes texts of Decimals. Make numbers of them: int or float."
    elif int(RATING) in numbers and WIDTH in numbers:
        seen = f"the rating {RATING} came back as {int(RATING)}"
        step = "int() cuts fractions off: use float() where there is one."
    else:
        seen = f"the body lacks the photo's width or rating: {_short(body)}"
        step = "Return the whole item as the body."
    raise NotYet(f"{function.name}: {seen}", expected, step)


def _pages(look: Look) -> Iterator[Mapping[str, Any]]:
    yield from look.client("dynamodb").get_paginator("list_tables").paginate()


def _described(look: Look, name: str) -> Table:
    client = look.client("dynamodb")
    try:
        table = client.describe_table(TableName=name)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise NotYet(f"the table {name} has just gone", "a table", "Create it again.") from None
    keys = {one["KeyType"]: one["AttributeName"] for one in table["KeySchema"]}
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    if "RANGE" in keys or types[keys["HASH"]] != "S":
        raise NotYet(
            f"the table {name} has the key {', '.join(f'{n} ({types[n]})' for n in keys.values())}",
            "one partition key, photo_id, of type S",
            "A key cannot be changed: delete the table and run the cell that creates it.",
        )
    return Table(name, table["TableArn"], keys["HASH"])


def _leaves(value: Any) -> Iterator[Any]:
    """Everything in nested lists and dictionaries that is neither."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def _to_text(function: Function) -> str:
    if function.runtime.startswith("nodejs"):
        return (
            "HTTP APIs carry text: JSON.stringify makes it. Of undefined it makes nothing: does the handler "
            "await the answer of send?"
        )
    return "HTTP APIs carry text: put the item through json.dumps before it becomes the body."


def _short(value: Any, limit: int = 160) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
