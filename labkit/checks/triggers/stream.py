"""03.3: a bad record of the table's stream stops nobody, and is not lost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import find_table
from labkit.checks.registry import check
from labkit.checks.roles import allows
from labkit.checks.triggers.effects import Effect
from labkit.checks.triggers.mappings import find_mapping

RETRIES = 2
VARIABLE = "STATISTICS_TABLE"
RATING = "3.0001"  # nobody else gives four places
KEY = {"statistic": {"S": "ratings"}}
WAYS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "s3": "s3:PutObject"}


@check("03.3", title="A bad record neither stops the others nor is lost")
def stream(look: Look) -> str:
    """Bisect, retries, destination and its permission; then a rating that has to be counted."""
    function = find(look, "count-ratings")
    mapping = find_mapping(look, function, "dynamodb", "the stream of the table photos")
    _settings(mapping)
    target = _destination(look, function, mapping)
    took = _counted(look, function)
    return (
        f"{function.name} halves a batch that fails, retries {RETRIES} times and tells {target}; "
        f"a rating was counted {took} after it was given"
    )


def _settings(mapping: Mapping[str, Any]) -> None:
    if not mapping.get("BisectBatchOnFunctionError"):
        raise NotYet(
            "a batch that fails is retried as a whole: one bad record takes the others with it",
            "BisectBatchOnFunctionError",
            f"update_event_source_mapping(UUID='{mapping['UUID']}', BisectBatchOnFunctionError=True).",
        )
    retries = mapping.get("MaximumRetryAttempts", -1)
    if retries == RETRIES:
        return
    seen = "a record is retried until it expires" if retries == -1 else f"a record is retried {retries} times"
    raise NotYet(seen, f"{RETRIES} retries", f"Set MaximumRetryAttempts={RETRIES} on the mapping.")


def _destination(look: Look, function: Function, mapping: Mapping[str, Any]) -> str:
    arn = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if not arn:
        raise NotYet(
            "what fails in the end is dropped without a trace",
            "an on-failure destination",
            "Set DestinationConfig={'OnFailure': {'Destination': <ARN of the queue>}} on the mapping.",
        )
    action = WAYS[arn.split(":")[2]]
    resource = f"{arn}/*" if action.startswith("s3") else arn
    given = allows(look, function.role_name)
    if not any(one.allows(action) and one.covers(resource) for one in given):
        raise NotYet(
            f"{function.role_name} may not {action} to {arn.rpartition(':')[2]}: the record would be lost",
            f"{action} on {arn}",
            "The destination is written to with the function's execution role: give it that permission.",
        )
    return str(arn.rpartition(":")[2])


def _counted(look: Look, function: Function) -> str:
    """Rates a photo of the check's own, and looks whether it comes to be counted."""
    dynamodb, table = look.client("dynamodb"), find_table(look)
    statistics = function.environment.get(VARIABLE, look.name("statistics"))

    def mark() -> Decimal:
        """What is smaller than a hundredth in the sum: only a check's rating changes it."""
        found = dynamodb.get_item(TableName=statistics, Key=KEY).get("Item", {})
        return Decimal(found.get("stars", {}).get("N", "0")) % Decimal("0.01")

    photo_id, before = f"check-{uuid4().hex[:8]}", mark()
    effect = Effect(look)
    item = {table.key: {"S": photo_id}, "rating": {"N": RATING}}
    dynamodb.put_item(TableName=table.name, Item=item)
    try:
        if effect.of(lambda: mark() != before):
            return effect.took
    finally:
        dynamodb.delete_item(TableName=table.name, Key={table.key: {"S": photo_id}})
    errors = effect.errors(function)
    failing = f", and fails: {errors[-1][:160]}" if errors else ""
    raise NotYet(
        f"a new rating is not counted: {function.name} is still held up{failing}",
        "ratings behind the bad record are counted",
        "The bad record is still being retried. lab.clock.advance(minutes=5) lets the retries come to their "
        "end; on AWS wait a little. If it goes on failing, look at the function's log.",
    )
