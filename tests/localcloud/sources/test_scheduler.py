"""EventBridge Scheduler: one-time and recurring schedules, zones, windows, groups, roles, dead letters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError
from event_world import NOTES, Queue, advance, arn_of, client, metric, name, queue, received, role
from steps_world import Steps

SCHEDULER = "scheduler.amazonaws.com"
OFF = {"Mode": "OFF"}


class World:
    """A queue as the target of one schedule, and a role that may send to it."""

    def __init__(self, cloud: Any) -> None:
        self.cloud, self.scheduler, self.name = cloud, client(cloud, "scheduler"), name("schedule")
        self.to: Queue = queue(cloud, None)
        self.role = role(cloud, SCHEDULER, ("sqs:SendMessage", self.to.arn))

    def target(self, **more: Any) -> dict[str, Any]:
        return {"Arn": self.to.arn, "RoleArn": self.role, "Input": "<aws.scheduler.scheduled-time>", **more}

    def put(self, expression: str, update: bool = False, **options: Any) -> str:
        asked = {
            "Name": self.name,
            "ScheduleExpression": expression,
            "FlexibleTimeWindow": OFF,
            "Target": self.target(),
            **options,
        }
        put = self.scheduler.update_schedule if update else self.scheduler.create_schedule
        return str(put(**asked)["ScheduleArn"])

    def fired(self, seconds: float = 0) -> list[str]:
        """The scheduled times of what arrives within the next so many seconds."""
        advance(self.cloud, seconds)
        return [message["Body"] for message in self.to.messages()]


@pytest.fixture
def world(cloud: Any) -> Iterator[World]:
    made = World(cloud)
    yield made
    for schedule in made.scheduler.list_schedules(NamePrefix=made.name)["Schedules"]:
        made.scheduler.delete_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])


def local(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def test_a_one_time_schedule_runs_once_in_its_zone_and_may_delete_itself(world: World) -> None:
    """at(...) is a time on the zone's clocks."""
    zone = ZoneInfo("Asia/Tokyo")
    due = (advance(world.cloud) + timedelta(hours=2)).replace(microsecond=0)
    options = {"ScheduleExpressionTimezone": "Asia/Tokyo", "ActionAfterCompletion": "DELETE"}
    world.put(f"at({local(due.astimezone(zone))})", **options)
    assert world.fired(7000) == []
    assert world.fired(400) == [f"{due:%Y-%m-%dT%H:%M:%SZ}"]
    with pytest.raises(world.scheduler.exceptions.ResourceNotFoundException):
        world.scheduler.get_schedule(Name=world.name)
    assert world.fired(86400) == []


def test_a_one_time_schedule_stays_where_nothing_else_is_said(world: World) -> None:
    """And one whose time has passed never runs."""
    world.put(f"at({local(advance(world.cloud) - timedelta(hours=2))})")
    assert world.fired(86400) == []
    assert world.scheduler.get_schedule(Name=world.name)["State"] == "ENABLED"


def test_a_rate_begins_at_once_and_a_cron_at_its_time(world: World) -> None:
    """rate: now, then every period; with a start date from there; with an end date until there."""
    world.put("rate(1 hour)")
    assert len(world.fired(7201)) == 3
    begin = advance(world.cloud) + timedelta(days=1)
    end = begin + timedelta(hours=3)
    world.put("rate(1 hours)", update=True, StartDate=begin, EndDate=end)
    times = [datetime.fromisoformat(text) for text in world.fired(3 * 86400)]
    assert [round((moment - begin).total_seconds() / 3600) for moment in times] == [0, 1, 2]
    world.put("cron(15 10 * * ? *)", update=True, ScheduleExpressionTimezone="America/New_York")
    hours = {
        datetime.fromisoformat(text).astimezone(ZoneInfo("America/New_York")).hour
        for text in world.fired(2 * 86400)
    }
    assert hours == {10}


def test_a_repeated_request_makes_one_schedule(world: World) -> None:
    """The same token is the same request; another one is a conflict."""
    first, again = (world.put("rate(1 day)", ClientToken="t-1") for _ in "ab")
    assert first == again and len(world.fired()) == 1
    with pytest.raises(world.scheduler.exceptions.ConflictException):
        world.put("rate(1 day)", ClientToken="t-2")


def test_disabled_changed_and_deleted_schedules(world: World) -> None:
    """Each takes effect at once."""
    world.put("rate(1 minute)", State="DISABLED")
    assert world.fired(600) == []
    world.put("rate(1 day)", update=True)
    assert len(world.fired(3600)) == 1
    world.scheduler.delete_schedule(Name=world.name)
    assert world.fired(2 * 86400) == []


def test_a_flexible_window_delays_within_its_minutes(world: World) -> None:
    """The scheduled time stays what it was."""
    due = (advance(world.cloud) + timedelta(hours=1)).replace(microsecond=0)
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    world.put(f"at({local(due)})", FlexibleTimeWindow=window)
    assert world.fired(3595) == []
    assert world.fired(15 * 60 + 10) == [f"{due:%Y-%m-%dT%H:%M:%SZ}"]


def test_a_function_receives_the_input_or_the_default_event(world: World, make: Any) -> None:
    """With context attributes filled in."""
    function = make(NOTES)
    arn = arn_of(function)
    may = role(world.cloud, SCHEDULER, ("lambda:InvokeFunction", arn))
    own = '{"by": "<aws.scheduler.schedule-arn>", "try": "<aws.scheduler.attempt-number>"}'
    schedule = world.put("rate(1 day)", Target={"Arn": arn, "RoleArn": may, "Input": own})
    assert received(function) == [{"by": schedule, "try": "1"}]
    world.put("rate(1 day)", update=True, Target={"Arn": arn, "RoleArn": may})
    event = received(function)[-1]
    assert event.pop("id") and datetime.fromisoformat(event.pop("time")).tzinfo == UTC
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": world.cloud.account_id,
        "region": world.cloud.region,
        "resources": [schedule],
        "detail": "{}",
    }


def test_a_bus_and_a_fifo_queue_take_what_they_need(world: World) -> None:
    """Templated targets with their parameters."""
    fifo = queue(world.cloud, "events.amazonaws.com", fifo=True)
    may = role(world.cloud, SCHEDULER, ("sqs:SendMessage", fifo.arn), ("events:PutEvents", "*"))
    direct = {"Arn": fifo.arn, "RoleArn": may, "Input": "1", "SqsParameters": {"MessageGroupId": "g"}}
    world.put("rate(1 day)", Target=direct)
    [message] = fifo.messages()
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("1", "g")
    events, rule = client(world.cloud, "events"), name("rule")
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    events.put_targets(
        Rule=rule, Targets=[{"Id": "1", "Arn": fifo.arn, "SqsParameters": {"MessageGroupId": "g"}}]
    )
    bus = f"arn:aws:events:{world.cloud.region}:{world.cloud.account_id}:event-bus/default"
    parameters = {"DetailType": "tick", "Source": rule}
    target = {"Arn": bus, "RoleArn": may, "Input": '{"a": 1}', "EventBridgeParameters": parameters}
    world.put("rate(1 day)", update=True, Target=target)
    [event] = fifo.bodies()
    assert (event["detail-type"], event["detail"]) == ("tick", {"a": 1})


def test_a_state_machine_is_started_with_the_input(world: World) -> None:
    """By a role that may start it."""
    steps = Steps(world.cloud)
    machine = steps({"Done": {"Type": "Succeed"}})
    may = role(world.cloud, SCHEDULER, ("states:StartExecution", machine.arn))
    world.put("rate(1 day)", Target={"Arn": machine.arn, "RoleArn": may, "Input": '{"n": 1}'})
    advance(world.cloud)
    [execution] = steps.client.list_executions(stateMachineArn=machine.arn)["executions"]
    assert steps.end(execution["executionArn"])["output"] == {"n": 1}


def test_a_role_that_may_not_leads_to_the_dead_letter_queue(world: World) -> None:
    """The letter carries the input and says why; the metrics count."""
    letters = queue(world.cloud, None)
    group = name("group")
    world.scheduler.create_schedule_group(Name=group)
    may = role(world.cloud, SCHEDULER, ("sqs:SendMessage", letters.arn))
    target = world.target(RoleArn=may, Input="hello", DeadLetterConfig={"Arn": letters.arn})
    arn = world.put("rate(1 day)", Target=target, GroupName=group)
    [letter] = letters.messages()
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert letter["Body"] == "hello" and attributes["ERROR_MESSAGE"].startswith(
        f"User: {may} is not authorized"
    )
    assert (attributes["ERROR_CODE"], attributes["SCHEDULE_ARN"]) == ("AccessDeniedException", arn)
    assert attributes["TARGET_ARN"] == world.to.arn and world.fired() == []
    for counted in (
        "InvocationAttemptCount",
        "TargetErrorCount",
        "InvocationDroppedCount",
        "InvocationsSentToDeadLetterCount",
    ):
        assert metric(world.cloud, "AWS/Scheduler", counted, ScheduleGroup=group) == 1, counted


def test_deleting_a_group_ends_its_schedules(world: World) -> None:
    """The default group stays; a second one of a name is a conflict."""
    group = name("group")
    world.scheduler.create_schedule_group(Name=group)
    with pytest.raises(world.scheduler.exceptions.ConflictException):
        world.scheduler.create_schedule_group(Name=group)
    world.put("cron(0 * * * ? *)", GroupName=group)
    with pytest.raises(world.scheduler.exceptions.ConflictException):
        world.put("rate(1 day)", GroupName=group)
    world.scheduler.delete_schedule_group(Name=group)
    assert world.fired(86400) == []
    with pytest.raises(world.scheduler.exceptions.ResourceNotFoundException):
        world.scheduler.get_schedule(Name=world.name, GroupName=group)
    with pytest.raises(ClientError, match="default"):
        world.scheduler.delete_schedule_group(Name="default")


NO_ROLE = "arn:aws:iam::123456789012:role/nobody"
ECS = "arn:aws:ecs:us-east-1:123456789012:cluster/c"
UNIVERSAL = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
FLEXIBLE = {"Mode": "FLEXIBLE"}
LONG = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}


@pytest.mark.parametrize(
    ("expression", "options", "target", "message"),
    [
        ("rate(5 secs)", {}, {}, r"Invalid Schedule Expression rate\(5 secs\)\."),
        ("cron(0 10 * * * *)", {}, {}, "Invalid Schedule Expression"),
        ("at(2030-02-30T00:00:00)", {}, {}, "Invalid Schedule Expression"),
        ("rate(1 day)", {"ScheduleExpressionTimezone": "Moon/Sea"}, {}, "Timezone Moon/Sea"),
        ("rate(1 day)", {"FlexibleTimeWindow": FLEXIBLE}, {}, "MaximumWindowInMinutes must be set"),
        ("rate(1 day)", {"FlexibleTimeWindow": LONG}, {}, "less than or equal to 1440"),
        ("rate(1 day)", {"StartDate": datetime(2020, 1, 1, tzinfo=UTC)}, {}, "earlier than 5 minutes ago"),
        ("rate(1 day)", {"EndDate": datetime(2020, 1, 1, tzinfo=UTC)}, {}, "EndDate you specify must be in"),
        ("rate(1 day)", {"GroupName": "no-group"}, {}, "Schedule group no-group does not exist"),
        ("rate(1 day)", {"KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1"}, {}, "KmsKeyArn"),
        ("rate(1 day)", {"Name": "a b"}, {}, "regular expression pattern"),
        ("rate(1 day)", {}, {"RoleArn": NO_ROLE}, "execution role you provide must allow AWS EventBridge"),
        ("rate(1 day)", {}, {"Arn": ECS}, "is not supported by the local cloud"),
        ("rate(1 day)", {}, {"Arn": UNIVERSAL}, "aws-sdk:sqs:sendMessage is not supported"),
        ("rate(1 day)", {}, {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f"}, "well-formed JSON"),
        ("rate(1 day)", {}, {"RetryPolicy": {"MaximumRetryAttempts": 200}}, "less than or equal to 185"),
        (
            "rate(1 day)",
            {},
            {"EventBridgeParameters": {"DetailType": "d", "Source": "s"}},
            "does not go with",
        ),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_made(
    world: World, expression: str, options: dict[str, Any], target: dict[str, Any], message: str
) -> None:
    """By AWS's names; no schedule is left behind."""
    with pytest.raises(ClientError, match=message):
        world.put(expression, **{"Target": world.target(**target), **options})
    assert world.scheduler.list_schedules(NamePrefix=world.name)["Schedules"] == []
