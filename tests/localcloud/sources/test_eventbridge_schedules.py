"""Rules with a schedule: the event, the lesson clock, and what disabling, changing and deleting does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from event_world import NOTES, Queue, advance, arn_of, client, name, permit, queue, received

EVENTS = "events.amazonaws.com"


class Scheduled:
    """One rule on a schedule with a queue as its target."""

    def __init__(self, cloud: Any) -> None:
        self.cloud, self.events, self.rule = cloud, client(cloud, "events"), name("rule")
        self.to: Queue = queue(cloud, EVENTS)

    def put(self, expression: str, **options: Any) -> str:
        arn = self.events.put_rule(Name=self.rule, ScheduleExpression=expression, **options)["RuleArn"]
        self.events.put_targets(Rule=self.rule, Targets=[{"Id": "1", "Arn": self.to.arn}])
        return str(arn)

    def fired(self, seconds: float) -> list[str]:
        """The times of the events of the next so many seconds."""
        advance(self.cloud, seconds)
        return [event["time"] for event in self.to.bodies()]


@pytest.fixture
def scheduled(cloud: Any) -> Iterator[Scheduled]:
    made = Scheduled(cloud)
    yield made
    made.events.disable_rule(Name=made.rule)


def test_a_function_receives_the_scheduled_event(scheduled: Scheduled, make: Any) -> None:
    """As AWS shapes it; with the permission for this rule."""
    function = make(NOTES)
    arn = scheduled.put("rate(1 hour)")
    permit(function, EVENTS, arn)
    scheduled.events.put_targets(Rule=scheduled.rule, Targets=[{"Id": "2", "Arn": arn_of(function)}])
    [moment] = scheduled.fired(3601)
    [event] = received(function)
    assert event.pop("id") and event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": scheduled.cloud.account_id,
        "time": moment,
        "region": scheduled.cloud.region,
        "resources": [arn],
        "detail": {},
    }


def test_cron_runs_in_utc_on_the_lesson_clock(scheduled: Scheduled) -> None:
    """Three days of a daily rule, at the hour that it says."""
    scheduled.put("cron(30 2 * * ? *)")
    assert [moment[11:] for moment in scheduled.fired(3 * 86400)] == ["02:30:00Z"] * 3


def test_a_rule_can_be_disabled_enabled_changed_and_deleted(scheduled: Scheduled) -> None:
    """Each takes effect at once; nothing comes from what was there before."""
    scheduled.put("rate(1 minute)", State="DISABLED")
    assert scheduled.fired(300) == []
    scheduled.events.enable_rule(Name=scheduled.rule)
    assert len(scheduled.fired(121)) == 2
    scheduled.put("rate(1 day)")
    assert scheduled.fired(3600) == []
    scheduled.put("rate(30 minutes)")
    assert len(scheduled.fired(3601)) == 2
    scheduled.events.remove_targets(Rule=scheduled.rule, Ids=["1"])
    scheduled.events.delete_rule(Name=scheduled.rule)
    assert scheduled.fired(86400) == []
    scheduled.put("rate(1 hour)", State="DISABLED")  # for the fixture, which disables it
