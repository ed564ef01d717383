"""03.6: a schedule calls clean-up at two in the morning in Tokyo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.checks.roles import allows, trusted

SERVICE = "scheduler.amazonaws.com"
TOKYO, HOUR = "Asia/Tokyo", 2
CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
EXPECTED = f"a schedule of EventBridge Scheduler that calls clean-up each day at 02:00 in {TOKYO}"
SEASONS = (datetime(2026, 1, 15), datetime(2026, 7, 15))  # with and without summer time


@check("03.6", title="The trash is emptied at two in the morning in Tokyo")
def schedule(look: Look) -> str:
    """Schedule, time, role."""
    function = find(look, "clean-up")
    found = _schedule(look, function)
    if found["State"] == "DISABLED":
        raise NotYet(f"{found['Name']} is disabled", EXPECTED, "update_schedule with State='ENABLED'.")
    zone = found.get("ScheduleExpressionTimezone", "UTC")
    _time(found["ScheduleExpression"], zone)
    _role(look, found["Target"]["RoleArn"], function)
    return f"{found['Name']} calls {function.name}: {found['ScheduleExpression']} in {zone}"


def _schedule(look: Look, function: Function) -> Mapping[str, Any]:
    scheduler, arn = look.client("scheduler"), str(function.configuration["FunctionArn"])
    pages = scheduler.get_paginator("list_schedules").paginate()
    there = [one for page in pages for one in page["Schedules"]]
    calling = [one for one in there if one["Target"]["Arn"].startswith(arn)]
    if calling:
        one = min(calling, key=lambda each: each["State"])  # DISABLED comes before ENABLED
        one = next((each for each in calling if each["State"] == "ENABLED"), one)
        return dict(scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"]))
    own = [one["Name"] for one in there if one["Name"].startswith(look.prefix)]
    if own:
        raise NotYet(
            f"the schedule {', '.join(own)} does not call {function.name}",
            EXPECTED,
            f"Its Target needs the Arn of {function.name}: {arn}",
        )
    if look.client("events").list_rule_names_by_target(TargetArn=arn)["RuleNames"]:
        raise NotYet(
            f"a rule of EventBridge calls {function.name}, and rules know UTC only",
            EXPECTED,
            "Use the client 'scheduler': create_schedule with ScheduleExpressionTimezone. Delete the rule.",
        )
    raise NotYet("there is no schedule", EXPECTED, "scheduler.create_schedule(Name=…, …).")


def _time(expression: str, zone: str) -> None:
    found = CRON.fullmatch(expression.strip())
    if found is None:
        raise NotYet(
            f"the schedule is {expression}, which begins whenever it was made",
            EXPECTED,
            "A time of day needs cron(minute hour day month weekday year): cron(0 2 * * ? *).",
        )
    minute, hour, *days = found.groups()
    if not (minute.isdecimal() and hour.isdecimal()) or any(day not in ("*", "?") for day in days):
        raise NotYet(f"{expression} is not once a day", EXPECTED, "cron(0 2 * * ? *) is each day at two.")
    for season in SEASONS:
        at = season.replace(hour=int(hour), minute=int(minute), tzinfo=ZoneInfo(zone))
        there = at.astimezone(ZoneInfo(TOKYO))
        if (there.hour, there.minute) != (HOUR, 0):
            raise NotYet(
                f"{expression} in {zone} is {there:%H:%M} in Tokyo" + _in_summer(zone, season),
                EXPECTED,
                f"cron(0 2 * * ? *) with ScheduleExpressionTimezone='{TOKYO}'.",
            )


def _in_summer(zone: str, season: datetime) -> str:
    moves = len({one.replace(tzinfo=ZoneInfo(zone)).utcoffset() for one in SEASONS}) > 1
    return f" in {season:%B}: {zone} has summer time" if moves else ""


def _role(look: Look, arn: str, function: Function) -> None:
    name = arn.rpartition("/")[2]
    if SERVICE not in (who := trusted(look, name)):
        raise NotYet(
            f"{name} can be assumed by {', '.join(sorted(who)) or 'nobody'}",
            f"a role that {SERVICE} may assume",
            f"labkit.deploy.role(lab, …, service='{SERVICE}').",
        )
    target = str(function.configuration["FunctionArn"])
    if not any(one.allows("lambda:InvokeFunction") and one.covers(target) for one in allows(look, name)):
        raise NotYet(
            f"{name} may not invoke {function.name}: each night would pass without a call",
            f"lambda:InvokeFunction on {target}",
            "Give that permission to the schedule's role, the one in Target['RoleArn'].",
        )
