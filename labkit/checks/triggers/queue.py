"""03.4: of a batch of messages only what failed comes back, and not for ever."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from labkit import facts
from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.checks.triggers.effects import Effect
from labkit.checks.triggers.mappings import find_mapping

VARIABLE = "ORDERS_TABLE"
PARTIAL = "ReportBatchItemFailures"
FEWEST, MOST = 2, 10
EXPECTED = '{"batchItemFailures": [{"itemIdentifier": <messageId of the bad one>}]}'


@check("03.4", title="One bad message comes back alone, and ends in the dead-letter queue")
def queue(look: Look) -> str:
    """Handler, mapping, redrive, visibility; then an order through the queue."""
    function = find(look, "work-orders")
    mapping = find_mapping(look, function, "sqs", "the queue orders")
    _handler(function)
    if PARTIAL not in mapping.get("FunctionResponseTypes", []):
        raise NotYet(
            f"the mapping does not expect {PARTIAL}: it deletes the batch whatever the handler says, and "
            "the bad message is lost",
            f"FunctionResponseTypes=['{PARTIAL}'] on the mapping",
            f"update_event_source_mapping(UUID='{mapping['UUID']}', FunctionResponseTypes=['{PARTIAL}']).",
        )
    url, attributes = _queue(look, mapping)
    dead = _redrive(look, attributes)
    _visibility(function, attributes)
    took = ordered(look, function, lambda body: _send(look, url, body))
    return f"{function.name} gives back what failed, {dead} gets it in the end; an order was done in {took}"


def ordered(look: Look, function: Function, send: Any) -> str:
    """Sends an order of the check's own; how long it took until it was in the table.

    Raises:
        NotYet: it does not arrive.
    """
    order_id, effect = f"check-{uuid4().hex[:8]}", Effect(look)
    table, key = function.environment.get(VARIABLE, look.name("orders")), {"order_id": {"S": order_id}}
    send(json.dumps({"order_id": order_id, "photo_id": "lighthouse", "copies": 1}))
    dynamodb = look.client("dynamodb")
    try:
        if effect.of(lambda: dynamodb.get_item(TableName=table, Key=key).get("Item")):
            return effect.took
    finally:
        dynamodb.delete_item(TableName=table, Key=key)
    errors = effect.errors(function)
    raise NotYet(
        f"an order was sent and is not in the table {table}" + (f": {errors[-1][:160]}" if errors else ""),
        f"{function.name} writes the order",
        "Look at the log of the function, and at what arrives there: the body has to be the order as JSON.",
    )


def _handler(function: Function) -> None:
    """Asks the function itself, with a good order before and after a bad one."""
    ids = [str(uuid4()) for _ in range(3)]
    event = {"Records": [_record(id, copies) for id, copies in zip(ids, (1, 0, 1), strict=True)]}
    answer = function.invoke(event)
    table = function.environment.get(VARIABLE, "")
    for id in (ids[0], ids[2]):
        _forget(function.look, table, id)
    if answer.error is not None:
        raise NotYet(
            f"one bad order of three makes {function.name} fail ({answer.error_text}): all three come back",
            EXPECTED,
            "Catch the error of each record (`fails` does), and return which ones failed.",
        )
    payload = answer.payload if isinstance(answer.payload, Mapping) else {}
    failures = payload.get("batchItemFailures")
    if not isinstance(failures, list):
        raise NotYet(
            f"{function.name} answered {json.dumps(answer.payload)[:100]}: nobody learns of the bad order",
            EXPECTED,
            "Return a dictionary with the key batchItemFailures; names are exact.",
        )
    if failures and not isinstance(failures[0], Mapping):
        raise NotYet(
            f"{function.name} lists {str(failures[0])[:60]!r} as it is: to Lambda that is a failure of the "
            "whole batch",
            EXPECTED,
            "Each failure is a dictionary of its own: {'itemIdentifier': record['messageId']}.",
        )
    named = [one.get("itemIdentifier") for one in failures if isinstance(one, Mapping)]
    if named != [ids[1]]:
        raise _wrong_ones(function, named, ids)


def _wrong_ones(function: Function, named: list[Any], ids: list[str]) -> NotYet:
    if not named:
        return NotYet(
            f"{function.name} gives nothing back, although one order of three is bad",
            EXPECTED,
            "An error that is caught and not reported is a lost message: return its messageId.",
        )
    if set(ids) <= set(named) or ids[0] in named or ids[2] in named:
        return NotYet(
            f"{function.name} gives back {len(named)} of three messages, also good ones: they are done again",
            EXPECTED,
            "Only what failed belongs into batchItemFailures.",
        )
    return NotYet(
        f"{function.name} names {str(named[0])[:60]}, which is no messageId of the batch: to Lambda that "
        "is a failure of the whole batch",
        EXPECTED,
        "itemIdentifier is the record's messageId, not the order's id or the receipt handle.",
    )


def _queue(look: Look, mapping: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    sqs = look.client("sqs")
    url = sqs.get_queue_url(QueueName=mapping["EventSourceArn"].rpartition(":")[2])["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def _redrive(look: Look, attributes: Mapping[str, str]) -> str:
    """The name of the dead-letter queue."""
    if "RedrivePolicy" not in attributes:
        raise NotYet(
            "the queue has no dead-letter queue: a bad message comes back until it is too old",
            "a RedrivePolicy with deadLetterTargetArn and maxReceiveCount",
            "sqs.set_queue_attributes(QueueUrl=…, Attributes={'RedrivePolicy': json.dumps(…)}).",
        )
    policy = json.loads(attributes["RedrivePolicy"])
    times, name = int(policy["maxReceiveCount"]), str(policy["deadLetterTargetArn"]).rpartition(":")[2]
    if not FEWEST <= times <= MOST:
        raise NotYet(
            f"a message is given up after {times} attempt{'s' * (times != 1)}",
            "three attempts",
            "Set maxReceiveCount to 3: one failure may be chance, and hundreds cost money.",
        )
    try:
        look.client("sqs").get_queue_url(QueueName=name)
    except ClientError:
        raise NotYet(f"there is no queue {name}", "a dead-letter queue that exists", "Create it.") from None
    return name


def _visibility(function: Function, attributes: Mapping[str, str]) -> None:
    factor = int(facts.quota("esm_sqs_visibility_recommended_factor").value)
    wanted, is_s = factor * int(function.configuration["Timeout"]), int(attributes["VisibilityTimeout"])
    if is_s < wanted:
        raise NotYet(
            f"messages are visible again after {is_s} s, and {function.name} has a timeout of "
            f"{function.configuration['Timeout']} s",
            f"a visibility timeout of {wanted} s or more: {factor} times the function's timeout",
            f"set_queue_attributes(QueueUrl=…, Attributes={{'VisibilityTimeout': '{wanted}'}}).",
        )


def _record(message_id: str, copies: int) -> dict[str, Any]:
    order = {"order_id": message_id, "photo_id": "lighthouse", "copies": copies}
    return {"messageId": message_id, "receiptHandle": "check", "body": json.dumps(order), "attributes": {}}


def _forget(look: Look, table: str, order_id: str) -> None:
    if table:
        look.client("dynamodb").delete_item(TableName=table, Key={"order_id": {"S": order_id}})


def _send(look: Look, url: str, body: str) -> None:
    look.client("sqs").send_message(QueueUrl=url, MessageBody=body)
