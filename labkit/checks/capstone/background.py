"""06.8 and 06.9: the parts that nobody waits for work again: ``count-ratings`` and ``clean-up``."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from labkit.checks.capstone.parts import asked, part
from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import find_table
from labkit.checks.registry import check

# A photo whose rating did not change: the sum stays what it is, and the function has to write it.
UNCHANGED: dict[str, Any] = {"photo_id": {"S": "check"}, "rating": {"N": "4"}}


@check("06.8", title="Ratings are counted again")
def count_ratings(look: Look) -> str:
    """Given a record as the stream has them; and the mapping reads the stream."""
    function = part(look, "count-ratings")
    record = {"eventName": "MODIFY", "dynamodb": {"NewImage": UNCHANGED, "OldImage": UNCHANGED}}
    asked(look, function, {"Records": [record]}, "given a changed photo")
    mapping = _mapping(look, function)
    return f"{function.name} counts, and reads {mapping.split('/')[1]}"


@check("06.9", title="The trash is emptied again")
def clean_up(look: Look) -> str:
    """Deletes a photo of the check's own; and the schedule is on."""
    function = part(look, "clean-up")
    table, photo_id = find_table(look, function), f"check-{uuid4().hex[:8]}"
    dynamodb, key = look.client("dynamodb"), {table.key: {"S": photo_id}}
    dynamodb.put_item(TableName=table.name, Item={**key, "trashed": {"S": "by a check"}})
    try:
        asked(look, function, {}, "called as the schedule does")
        left = dynamodb.get_item(TableName=table.name, Key=key, ConsistentRead=True).get("Item")
    finally:
        dynamodb.delete_item(TableName=table.name, Key=key)
    if left:
        raise NotYet(
            f"{function.name} ran, and a photo in the trash is still there",
            "photos with the attribute trashed deleted",
            "Compare its code and its variable TABLE_NAME with those before.",
        )
    return f"{function.name} empties the trash, and {_schedule(look, function)} calls it"


def _mapping(look: Look, function: Function) -> str:
    found = look.client("lambda").list_event_source_mappings(FunctionName=function.name)
    for mapping in found["EventSourceMappings"]:
        if mapping["State"] in ("Enabled", "Enabling", "Creating", "Updating"):
            return str(mapping["EventSourceArn"])
    raise NotYet(
        f"{function.name} works, but nothing reads the stream for it",
        "an event source mapping that is enabled",
        "update_event_source_mapping(UUID=…, Enabled=True), or create it again.",
    )


def _schedule(look: Look, function: Function) -> str:
    scheduler, arn = look.client("scheduler"), function.configuration["FunctionArn"]
    for page in scheduler.get_paginator("list_schedules").paginate(State="ENABLED"):
        for one in page["Schedules"]:
            if str(one["Target"]["Arn"]).startswith(arn):
                return f"the schedule {one['Name']}"
    rules = look.client("events").list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    if rules:
        return f"the rule {rules[0]}"
    raise NotYet(
        f"{function.name} works, but no schedule calls it",
        "a schedule that is enabled",
        "update_schedule(…, State='ENABLED'), or create it again.",
    )
