"""05.4: of a hundred orders, each is printed or rejected with a reason. None is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from labkit.checks.look import Look, NotYet
from labkit.checks.monitor.orders import Item, order_prints, peek, table_name
from labkit.checks.registry import check

ORDERS, COPIES = 100, 2
POISON_DIGIT = 7
QUEUES = ("failed-orders", "dead-letters")
PAGE = 100  # the most that BatchGetItem takes


@check("05.4", title="All of a hundred orders are accounted for")
def lot(look: Look) -> str:
    """The table tells of each order what became of it, and tells the truth."""
    table = table_name(look, order_prints(look))
    found = _items(look, table)
    good = [one for one in _numbers() if not _poison(one)]
    poison = [one for one in _numbers() if _poison(one)]
    _printed(found, good)
    twice = [_id(one) for one in poison if "printed" in found.get(_id(one), {})]
    if twice:
        raise NotYet(
            f"{_few(twice)} ask for no copies and stand there as printed",
            "an order for no copies is rejected",
            "print_order raises ValueError for fewer than one copy. Put that back, and send them again.",
        )
    _rejected(look, found, poison)
    return f"{len(good)} orders were printed, {len(poison)} rejected with a reason: {ORDERS} in all"


def _printed(found: dict[str, Item], good: list[int]) -> None:
    missing = [_id(one) for one in good if _id(one) not in found]
    if missing:
        step = "Send them: an order that comes twice does no harm any more."
        if len(missing) == len(good):
            step = "Run the cell that sends the lot, and let two minutes pass."
        raise NotYet(
            f"{len(good) - len(missing)} of {len(good)} good orders are there; missing: {_few(missing)}",
            f"{len(good)} good orders with printed={COPIES}",
            step,
        )
    if wrongly := [_id(one) for one in good if "rejected" in found[_id(one)]]:
        raise NotYet(
            f"{_few(wrongly)} can be printed, and are rejected",
            "only orders for no copies are rejected",
            "Take out those items and send the orders again. Records of conditions other than "
            "RetriesExhausted may hold orders that only came too late.",
        )
    if too_many := [_id(one) for one in good if _count(found[_id(one)]) != COPIES]:
        raise NotYet(
            f"{_few(too_many)} were printed {_count(found[too_many[0]])} times, ordered {COPIES}",
            f"printed={COPIES} for each good order",
            "They came more than once: solve 05.3 first, delete these items and send the orders again.",
        )


def _rejected(look: Look, found: dict[str, Item], poison: list[int]) -> None:
    expected = f"{len(poison)} items with order_id and rejected: the function's error message"
    missing = [_id(one) for one in poison if _id(one) not in found]
    if missing and (waiting := _waiting(look, missing)):
        raise NotYet(
            f"{len(waiting)} of the {len(poison)} bad orders are not in the table; they wait in a queue",
            expected,
            "Work off the queue failed-orders: put the item first, then delete the message. What you "
            "received and did not delete is hidden for 30 s: lab.clock.advance(seconds=30).",
        )
    if missing:
        raise NotYet(
            f"{len(missing)} orders are nowhere, neither in the table nor in a queue: {_few(missing)}",
            expected,
            "They are lost: without a destination, or deleted before they were written down. "
            "Solve 05.2, then send them again.",
        )
    if silent := [_id(one) for one in poison if not found[_id(one)].get("rejected", {}).get("S")]:
        raise NotYet(
            f"{_few(silent)} are in the table without a reason",
            expected,
            "The reason is record['responsePayload']['errorMessage']; put it as {'S': …} under 'rejected'.",
        )


def _items(look: Look, table: str) -> dict[str, Item]:
    keys = [{"order_id": {"S": _id(one)}} for one in _numbers()]
    asked: Any = {table: {"Keys": keys[:PAGE], "ConsistentRead": True}}
    found: list[Item] = []
    while asked:
        answer = look.client("dynamodb").batch_get_item(RequestItems=asked)
        found += answer["Responses"].get(table, [])
        asked = answer.get("UnprocessedKeys")
    return {item["order_id"]["S"]: item for item in found}


def _waiting(look: Look, missing: Iterable[str]) -> list[str]:
    bodies = [message["Body"] for name in QUEUES for message in _messages(look, look.name(name))]
    return [one for one in missing if any(one in body for body in bodies)]


def _messages(look: Look, queue: str) -> list[Any]:
    arn = f"arn:aws:sqs:{look.lab.region}:{look.lab.account_id}:{queue}"
    try:
        return list(peek(look, arn))
    except NotYet:
        return []


def _numbers() -> range:
    return range(ORDERS)


def _poison(number: int) -> bool:
    return number % 10 == POISON_DIGIT


def _id(number: int) -> str:
    return f"lot-{number:03}"


def _count(item: Item) -> int:
    return int(float(item.get("printed", {}).get("N", 0)))


def _few(names: list[str], limit: int = 3) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
