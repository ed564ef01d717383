"""Answers to exercises 03.5 to 03.7: a rule, a schedule, a workflow."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from labkit import deploy
from labkit.library import functions, parts
from labkit.session import Lab
from tests.wrong_answers.world import SHARED, World, right, wrong

SHARED.update(("03.5", "03.6", "03.7"))

CODE = Path(__file__).resolve().parents[2] / "solutions" / "functions"
GOOD = {
    "source": ["photo-library"],
    "detail-type": ["photo added"],
    "detail": {"rating": [{"numeric": [">=", 4]}]},
}


def without_rules(world: World) -> None:
    """Deletes the rules of the answers before."""
    events = world.client("events")
    for one in events.list_rules(NamePrefix=world.lab.prefix)["Rules"]:
        targets = [target["Id"] for target in events.list_targets_by_rule(Rule=one["Name"])["Targets"]]
        if targets:
            events.remove_targets(Rule=one["Name"], Ids=targets)
        events.delete_rule(Name=one["Name"])


def announce(lab: Lab) -> str:
    """The function that listens; its ARN."""
    return str(deploy.function(lab, "announce", CODE / "listen")["FunctionArn"])


def rule(world: World, pattern: dict[str, Any] | None = GOOD, **changes: Any) -> None:
    """The rule as the solution has it, but for what is given."""
    arn, lambda_ = world.once(announce), world.client("lambda")
    without_rules(world)
    with suppress(lambda_.exceptions.ResourceNotFoundException):
        lambda_.remove_permission(FunctionName=arn, StatementId="rule")
    if pattern is None:
        return
    events, name = world.client("events"), world.name("good-photos")
    state = changes.get("state", "ENABLED")
    made = events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)["RuleArn"]
    if changes.get("target", True):
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    if changes.get("permit", True):
        source = {} if changes.get("anybody") else {"SourceArn": made}
        deploy.permit(world.lab, "announce", "rule", "events.amazonaws.com", **source)


@wrong("03.5", "no rule", "no rule of the default bus has an event pattern")
def _(world: World) -> None:
    rule(world, None)


@wrong("03.5", "no target", "is no target of the rule")
def _(world: World) -> None:
    rule(world, target=False)


@wrong("03.5", "no permission", "EventBridge may not call .* its events are dropped")
def _(world: World) -> None:
    rule(world, permit=False)


@wrong("03.5", "every rule may call", "every rule of everybody may call")
def _(world: World) -> None:
    rule(world, anybody=True)


@wrong("03.5", "the rule is disabled", "is disabled")
def _(world: World) -> None:
    rule(world, state="DISABLED")


@wrong("03.5", "whatever its rating", "hears of a photo with 3 stars, too")
def _(world: World) -> None:
    rule(world, {name: GOOD[name] for name in ("source", "detail-type")})


@wrong("03.5", "whatever has happened to it", "hears of a photo that was sold, too")
def _(world: World) -> None:
    rule(world, {name: GOOD[name] for name in ("source", "detail")})


@wrong("03.5", "more than four only", "does not hear of a photo with 4 stars")
def _(world: World) -> None:
    rule(world, {**GOOD, "detail": {"rating": [{"numeric": [">", 4]}]}})


@wrong("03.5", "whole stars only", "does not hear of a photo with 4.5 stars")
def _(world: World) -> None:
    rule(world, {**GOOD, "detail": {"rating": [4, 5]}})


@wrong("03.5", "the rating outside of the detail", "rating stands in the detail of the event")
def _(world: World) -> None:
    rule(world, {**GOOD, "detail": {"photo_id": [{"exists": True}]}, "rating": [{"numeric": [">=", 4]}]})


@wrong(
    "03.5", "a second rule that lets everything through", "hears of a photo with 3 stars, too; .*-everything"
)
def _(world: World) -> None:
    rule(world)
    events, name = world.client("events"), world.name("everything")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["photo-library"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": world.once(announce)}])


@right("03.5", "as the solution has it", "passes on what has 4 stars or more")
def _(world: World) -> None:
    rule(world)


@right("03.5", "said in another way", "passes on what has 4 stars or more")
def _(world: World) -> None:
    rule(
        world,
        {
            "source": [{"prefix": "photo-lib"}],
            "detail-type": [{"equals-ignore-case": "Photo Added"}],
            "detail": {"rating": [{"numeric": [">=", 4, "<=", 5]}]},
        },
    )


def unscheduled(world: World) -> str:
    """The function that cleans up, called by nobody; its ARN."""
    world.once(parts.table)
    without_rules(world)
    scheduler = world.client("scheduler")
    with suppress(scheduler.exceptions.ResourceNotFoundException):
        scheduler.delete_schedule(Name=world.name("nightly"))
    return world.once(functions.clean_up)


def schedule(world: World, expression: str = "cron(0 2 * * ? *)", **changes: Any) -> None:
    """The schedule as the solution has it, but for what is given; no zone is UTC."""
    clean_up = unscheduled(world)
    may = changes.get("may", deploy.allow("lambda:InvokeFunction", clean_up))
    role = deploy.role(world.lab, "nightly-role", may, service="scheduler.amazonaws.com")
    zone = changes.get("zone", "Asia/Tokyo")
    world.client("scheduler").create_schedule(
        Name=world.name("nightly"),
        ScheduleExpression=expression,
        State=changes.get("state", "ENABLED"),
        FlexibleTimeWindow=changes.get("window", {"Mode": "OFF"}),
        Target={"Arn": changes.get("target", clean_up), "RoleArn": role},
        **({"ScheduleExpressionTimezone": zone} if zone else {}),
    )


@wrong("03.6", "no schedule", "there is no schedule")
def _(world: World) -> None:
    unscheduled(world)


@wrong("03.6", "a rule, in UTC", "rules know UTC only")
def _(world: World) -> None:
    clean_up, events = unscheduled(world), world.client("events")
    events.put_rule(Name=world.name("nightly"), ScheduleExpression="cron(0 2 * * ? *)")
    events.put_targets(Rule=world.name("nightly"), Targets=[{"Id": "1", "Arn": clean_up}])


@wrong("03.6", "no time zone", r"cron\(0 2 \* \* \? \*\) in UTC is 11:00 in Tokyo")
def _(world: World) -> None:
    schedule(world, zone=None)


@wrong("03.6", "a zone with summer time", "Europe/Berlin has summer time")
def _(world: World) -> None:
    schedule(world, "cron(0 18 * * ? *)", zone="Europe/Berlin")


@wrong("03.6", "a rate", "which begins whenever it was made")
def _(world: World) -> None:
    schedule(world, "rate(1 day)")


@wrong("03.6", "once a week", "is not once a day")
def _(world: World) -> None:
    schedule(world, "cron(0 2 ? * MON *)")


@wrong("03.6", "the schedule's role may not call", "may not invoke .*: each night would pass without a call")
def _(world: World) -> None:
    schedule(world, may=deploy.allow("lambda:GetFunction", "*"))


@wrong("03.6", "it calls another function", "does not call .*-clean-up")
def _(world: World) -> None:
    schedule(world, target=unscheduled(world).replace("clean-up", "clean"))


@wrong("03.6", "disabled", "is disabled")
def _(world: World) -> None:
    schedule(world, state="DISABLED")


@right("03.6", "as the solution has it", r"cron\(0 2 \* \* \? \*\) in Asia/Tokyo")
def _(world: World) -> None:
    schedule(world)


@right("03.6", "the same time, said in UTC", r"cron\(0 17 \* \* \? \*\) in UTC")
def _(world: World) -> None:
    schedule(world, "cron(0 17 * * ? *)", zone=None, window={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5})


BUSY = {"ErrorEquals": ["MachineBusy"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1}
CATCH = {"ErrorEquals": ["States.ALL"], "Next": "Apologise"}


def develop_role(lab: Lab) -> tuple[str, str]:
    """The function that develops, and the role that may call it; both ARNs."""
    arn = str(deploy.function(lab, "develop", CODE / "develop")["FunctionArn"])
    may = deploy.allow("lambda:InvokeFunction", [arn, f"{arn}:*"])
    return arn, deploy.role(lab, "darkroom-role", may, service="states.amazonaws.com")


def workflow(world: World, resource: str | None = None, **task: Any) -> None:
    """The state machine, with more settings of its task."""
    develop, role = world.once(develop_role)
    called: dict[str, Any] = {"Type": "Task", "Resource": resource or develop, "End": True, **task}
    if resource:
        called |= {"Parameters": {"FunctionName": develop, "Payload.$": "$"}, "OutputPath": "$.Payload"}
    states = {"Develop": called}
    if "Catch" in task:
        states["Apologise"] = {"Type": "Pass", "End": True}
    deploy.state_machine(world.lab, "darkroom", role, {"StartAt": "Develop", "States": states})


@wrong("03.7", "no state machine", "the lab has no state machine")
def _(world: World) -> None:
    steps = world.client("stepfunctions")
    name = world.name("darkroom")
    for one in steps.list_state_machines()["stateMachines"]:
        if one["name"] == name:
            steps.delete_state_machine(stateMachineArn=one["stateMachineArn"])


@wrong("03.7", "neither retry nor catch", "the execution failed with MachineBusy")
def _(world: World) -> None:
    workflow(world)


@wrong("03.7", "everything is caught, nothing retried", "MachineBusy was caught before it was retried")
def _(world: World) -> None:
    workflow(world, Catch=[CATCH])


@wrong("03.7", "retried, not caught", "the execution with a spoilt film is FAILED")
def _(world: World) -> None:
    workflow(world, Retry=[BUSY])


@wrong("03.7", "everything is retried", "a spoilt film was tried 4 times")
def _(world: World) -> None:
    workflow(world, Retry=[{**BUSY, "ErrorEquals": ["States.ALL"]}], Catch=[CATCH])


@right("03.7", "as the solution has it", "developed at attempt 3, and a spoilt one ended well")
def _(world: World) -> None:
    workflow(world, Retry=[BUSY], Catch=[CATCH])


@right("03.7", "through the integration lambda:invoke, errors by name", "developed at attempt 3")
def _(world: World) -> None:
    caught = {"ErrorEquals": ["FilmSpoilt"], "Next": "Apologise"}
    workflow(world, "arn:aws:states:::lambda:invoke", Retry=[{**BUSY, "MaxAttempts": 2}], Catch=[caught])
