"""05.3: an order that comes twice is printed once, whichever environment it meets."""

from __future__ import annotations

from typing import Any

from labkit.checks.faults import no_error
from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.monitor.orders import mark, marked, order, order_prints, printed, table_name
from labkit.checks.registry import check

EXPECTED = "the same order twice, in two environments: printed once, both times without an error"


@check("05.3", title="An order that comes twice is printed once")
def once(look: Look) -> str:
    """An order goes to the function twice, and once to a copy, which knows nothing of the first ones."""
    function = order_prints(look)
    table = table_name(look, function)
    with order(look, table) as event:
        copies = event["copies"]
        answer = function.invoke(event)
        if "dynamodb:GetItem" in answer.error_text:
            raise NotYet(
                "the function asks whether the order is there, and its role may not (dynamodb:GetItem)",
                EXPECTED,
                "It needs no such permission: between asking and writing the twin slips through. One write "
                "under a condition does both: ConditionExpression='attribute_not_exists(order_id)'.",
            )
        no_error(function, answer, "sent a new order")
        first = printed(look, table, event["order_id"])
        if first != copies:
            raise NotYet(
                f"after an order for {copies} copies the table's item says printed={first}",
                f"printed={copies} under the order's order_id",
                "print_order writes an item with order_id and printed, as it did before.",
            )
        mark(look, table, event["order_id"])
        _again(look, function, table, event, "the same environment")
        with function.copy(function.environment) as copy:
            _again(look, copy, table, event, "another environment")
    return f"{function.name} got an order three times, in two environments, and printed it once"


def _again(look: Look, function: Function, table: str, event: dict[str, Any], where: str) -> None:
    answer = function.invoke(event)
    if answer.error is not None:
        raise NotYet(
            f"sent again, the order ended in an error in {where}: {answer.error_text}",
            EXPECTED,
            "A duplicate is no failure: an error makes Lambda send it once more, and fills the dead letters. "
            "Catch ConditionalCheckFailedException, and go on.",
        )
    now = printed(look, table, event["order_id"])
    if now == event["copies"]:
        if marked(look, table, event["order_id"]):
            return
        raise NotYet(
            f"sent again in {where}, the order was written anew over what was there",
            EXPECTED,
            "That the number is the same does not show it: it was printed again. Write under the condition "
            "attribute_not_exists(order_id).",
        )
    if where == "another environment":
        step = "What is kept at module level, one environment knows alone. Let the table remember."
    else:
        step = "Write with ConditionExpression='attribute_not_exists(order_id)'."
    raise NotYet(
        f"an order for {event['copies']} copies, sent again in {where}, has printed={now}", EXPECTED, step
    )
