"""What can be said about a kind of AWS resource so that it can be recorded, found, deleted and verified.

Only the vocabulary and its interpreter; the sentences are in ``table``. Expressions are JMESPath.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jmespath
from botocore import xform_name
from botocore.exceptions import ClientError
from jmespath.exceptions import JMESPathError

Ids = Mapping[str, Any]
Clients = Callable[[str, str], Any]
"""Gives the boto3 client for (service, region)."""

CLOCK_SKEW = timedelta(minutes=5)
# How the services say "there is no such thing". They never agreed on one name.
GONE = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist|^404$")
# A function may be named by its name, its ARN or a part of the ARN, with a qualifier or without.
FUNCTION = re.compile(r"^(?:arn:[^:]+:lambda:[^:]+:)?(?:\d{12}:)?(?:function:)?([^:]+)(?::[^:]+)?$")


@dataclass(frozen=True)
class Call:
    """One API call. ``params`` gives each parameter as an expression over the ids; null leaves it out."""

    operation: str
    params: Mapping[str, str] = field(default_factory=dict)

    def arguments(self, ids: Ids) -> dict[str, Any]:
        """The parameters for a resource."""
        values = {name: evaluate(expression, ids) for name, expression in self.params.items()}
        return {name: value for name, value in values.items() if value is not None}

    def run(self, client: Any, ids: Ids) -> dict[str, Any]:
        """Makes the call and returns the answer, of all pages where there are pages."""
        method, arguments = xform_name(self.operation), self.arguments(ids)
        if client.can_paginate(method):
            pages = client.get_paginator(method).paginate(**arguments)
            return dict(pages.build_full_result())
        return dict(getattr(client, method)(**arguments))


@dataclass(frozen=True)
class Look:
    """How to see whether a resource exists. ``found`` is over its ids and ``r``, the answer."""

    call: Call
    found: str = "r"


@dataclass(frozen=True)
class Each:
    """Empties a resource before it is deleted: ``then`` for each of ``items`` of a listing.

    ``then`` sees ``item``, or with ``batch`` above one, ``item`` is a list of that many.
    """

    listing: Call
    items: str
    then: Call
    batch: int = 1


@dataclass(frozen=True)
class Find:
    """Finds resources whose identity the service chooses, or that carry no tags.

    ``match`` (id -> expression over an item) must hold; ``ids`` are read from the item; with ``created``,
    only what is not older than the entry counts.
    """

    listing: Call
    items: str
    ids: Mapping[str, str]
    match: Mapping[str, str] = field(default_factory=dict)
    created: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind of resource.

    Attributes:
        name: service and noun, such as ``lambda.function``.
        creates: the operations that make one.
        ids: what identifies it, over ``params``, ``response``, ``region``, ``account``, ``partition``.
        look: how to see whether it exists.
        delete: what to call, in order; the last one deletes it.
        within: kinds that take it with them when they go, each with the ids they must have in common.
        find: how to find it if the create call's answer was lost.
        implies: kinds that AWS makes along with it, with their ids.
        arns: patterns of its ARN; the groups are ids. For sweeping by tag.
        leftovers: how to list candidates that cannot be found by tag. For sweeping by name.
        deleted_later: the delete call only begins, and may fail later: only a look tells that it is gone.
        tag_after: for kinds that take no tags when they are made: the call that tags them, over ``tags``.
    """

    name: str
    creates: tuple[str, ...]
    ids: Mapping[str, str]
    look: Look
    delete: tuple[Call | Each, ...]
    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    find: Find | None = None
    implies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    arns: tuple[str, ...] = ()
    leftovers: Find | None = None
    tag_after: Call | None = None
    deleted_later: bool = False

    @property
    def service(self) -> str:
        """The name of the service as boto3 has it."""
        return self.name.partition(".")[0]

    def identify(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        """The ids of what a create call makes; ``scope`` has its params and, once known, its response."""
        ids = {key: evaluate(how, scope) for key, how in self.ids.items()}
        return {key: _bare(key, value) for key, value in ids.items() if value is not None}

    @property
    def needs_answer(self) -> frozenset[str]:
        """The ids that only the create call's answer can tell."""
        return frozenset(key for key, how in self.ids.items() if "response." in how and "params." not in how)

    def complete(self, ids: Ids) -> bool:
        """Whether enough is known to point at one resource."""
        return all(ids.get(key) is not None for key in self.needs_answer)

    def visible(self, ids: Ids) -> bool:
        """Whether enough is known to look whether it exists."""
        asked = " ".join([*self.look.call.params.values(), self.look.found])
        return all(ids.get(key) is not None for key in self.needs_answer if key in asked)

    def exists(self, client: Any, ids: Ids) -> bool:
        """Looks in the cloud. Errors other than "not found" are the caller's."""
        try:
            answer = self.look.call.run(client, ids)
        except ClientError as error:
            if is_gone(error):
                return False
            raise
        return bool(evaluate(self.look.found, {**ids, "r": answer}))

    def remove(self, client: Any, ids: Ids) -> None:
        """Empties and deletes; no error if it is not there."""
        try:
            for step in self.delete:
                if isinstance(step, Call):
                    step.run(client, ids)
                else:
                    _for_each(client, step, ids)
        except ClientError as error:
            if not is_gone(error):
                raise

    def search(
        self, client: Any, find: Find, ids: Ids, not_before: datetime | None
    ) -> Iterator[dict[str, Any]]:
        """The ids of the resources that ``find`` finds."""
        try:
            items = evaluate(find.items, {**ids, "r": find.listing.run(client, ids)}) or []
        except ClientError as error:
            if is_gone(error):
                return
            raise
        for item in items:
            wanted = all(evaluate(how, {"item": item}) == ids.get(key) for key, how in find.match.items())
            made = moment(evaluate(find.created, {"item": item})) if find.created else None
            late = made is None or not_before is None or made >= not_before - CLOCK_SKEW
            if wanted and late:
                yield {**ids, **{key: evaluate(how, {"item": item}) for key, how in find.ids.items()}}


def evaluate(expression: str, scope: Mapping[str, Any]) -> Any:
    """The value of a JMESPath expression; None where the scope has not what it needs."""
    try:
        return jmespath.search(expression, dict(scope))
    except JMESPathError:
        return None


def is_gone(error: ClientError) -> bool:
    """Whether an error says that the resource does not exist."""
    return bool(GONE.search(error.response.get("Error", {}).get("Code", "")))


def moment(value: Any) -> datetime | None:
    """A time as the services give it (datetime, ISO text, seconds or milliseconds), or None."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, int | float):
        value = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def same_value(name: str, given: Any, recorded: Any) -> bool:
    """Whether a parameter of a call means what was recorded: names match their ARNs, lists may be longer."""
    if isinstance(recorded, list):
        return set(recorded) <= set(given or [])
    if (given := _bare(name, given)) == recorded:
        return True
    if not isinstance(given, str) or not isinstance(recorded, str) or not given.startswith("arn:"):
        return False
    # The ARN of a secret ends in a hyphen and six random characters.
    return re.search(rf"[:/]{re.escape(recorded)}(-\w{{6}})?$", given) is not None


def _bare(key: str, value: Any) -> Any:
    matched = FUNCTION.match(value) if key == "FunctionName" and isinstance(value, str) else None
    return matched.group(1) if matched else value


def _for_each(client: Any, step: Each, ids: Ids) -> None:
    items = evaluate(step.items, {**ids, "r": step.listing.run(client, ids)}) or []
    for start in range(0, len(items), step.batch):
        item = items[start] if step.batch == 1 else items[start : start + step.batch]
        step.then.run(client, {**ids, "item": item})
