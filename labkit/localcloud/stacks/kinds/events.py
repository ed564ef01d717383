"""EventBridge rules and buses, and EventBridge Scheduler."""

from __future__ import annotations

from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.kinds.kind import Kind, names

_RULE = "Description EventPattern ScheduleExpression State RoleArn"
_SCHEDULE = (
    "GroupName Description ScheduleExpression ScheduleExpressionTimezone State StartDate EndDate KmsKeyArn "
    "FlexibleTimeWindow Target"
)


def create_rule(ask: Ask) -> None:
    name = ask.name("Name", 64)
    bus = ask.properties.get("EventBusName")
    arn = _put_rule(ask, name)
    custom = bus is not None and bus != "default"
    ask.born(f"{str(bus).rpartition('/')[2]}|{name}" if custom else name, Arn=arn)
    _put_targets(ask)


def update_rule(ask: Ask) -> None:
    _put_rule(ask, _rule_name(ask))
    _put_targets(ask)
    kept = {target["Id"] for target in ask.properties.get("Targets") or []}
    if lost := [each["Id"] for each in ask.before.get("Targets") or [] if each["Id"] not in kept]:
        ask.call("events", "RemoveTargets", {**_rule(ask), "Ids": lost})


def delete_rule(ask: Ask) -> None:
    if ids := [target["Id"] for target in ask.properties.get("Targets") or []]:
        ask.gone("events", "RemoveTargets", {**_rule(ask), "Ids": ids})
    named = {"Name": _rule_name(ask), **ask.some("EventBusName")}
    ask.gone("events", "DeleteRule", named)


def _put_rule(ask: Ask, name: str) -> str:
    tags = {"Tags": ask.tag_list} if ask.tag_list else {}
    params = {**ask.some(f"{_RULE} EventBusName"), "Name": name, **tags}
    return str(ask.call("events", "PutRule", params)["RuleArn"])


def _put_targets(ask: Ask) -> None:
    targets = ask.properties.get("Targets")
    if not targets:
        return
    answer = ask.call("events", "PutTargets", {**_rule(ask), "Targets": targets})
    for failed in answer.get("FailedEntries") or []:
        raise RuntimeError(f"{failed['ErrorCode']}: {failed['ErrorMessage']} (target {failed['TargetId']})")


def _rule_name(ask: Ask) -> str:
    return ask.physical_id.rpartition("|")[2]


def _rule(ask: Ask) -> dict[str, Any]:
    return {"Rule": _rule_name(ask), **ask.some("EventBusName")}


def create_bus(ask: Ask) -> None:
    name = str(ask.properties["Name"])
    tags = {"Tags": ask.tag_list} if ask.tag_list else {}
    made = ask.call("events", "CreateEventBus", {**ask.some("Name Description DeadLetterConfig"), **tags})
    ask.born(name, Arn=made["EventBusArn"], Name=name)
    if "Policy" in ask.properties:
        policy = {"EventBusName": name, "Policy": ask.properties["Policy"]}
        ask.call("events", "PutPermission", policy)


def delete_bus(ask: Ask) -> None:
    ask.gone("events", "DeleteEventBus", {"Name": ask.physical_id})


def put_schedule(ask: Ask) -> None:
    made = not ask.physical_id
    name = ask.name("Name", 64) if made else ask.physical_id
    operation = "CreateSchedule" if made else "UpdateSchedule"
    arn = ask.call("scheduler", operation, {**ask.some(_SCHEDULE), "Name": name})["ScheduleArn"]
    if made:
        ask.born(name, Arn=arn)


def delete_schedule(ask: Ask) -> None:
    ask.gone("scheduler", "DeleteSchedule", {"Name": ask.physical_id, **ask.some("GroupName")})


def create_group(ask: Ask) -> None:
    name = ask.name("Name", 64)
    tags = {"Tags": ask.tag_list} if ask.tag_list else {}
    arn = ask.call("scheduler", "CreateScheduleGroup", {"Name": name, **tags})["ScheduleGroupArn"]
    ask.born(name, Arn=arn)


def delete_group(ask: Ask) -> None:
    ask.gone("scheduler", "DeleteScheduleGroup", {"Name": ask.physical_id})


EVENTS = (
    Kind(
        "AWS::Events::Rule",
        names(f"Name EventBusName Targets Tags {_RULE}"),
        create_rule,
        delete_rule,
        update_rule,
    ),
    Kind(
        "AWS::Events::EventBus",
        names("Name Description DeadLetterConfig Policy Tags"),
        create_bus,
        delete_bus,
    ),
    Kind(
        "AWS::Scheduler::Schedule",
        names(f"Name {_SCHEDULE}"),
        put_schedule,
        delete_schedule,
        put_schedule,
        replaces=names("GroupName"),
    ),
    Kind("AWS::Scheduler::ScheduleGroup", names("Name Tags"), create_group, delete_group),
)
