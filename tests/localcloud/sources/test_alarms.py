"""Alarms on the running cloud: evaluated on the lesson clock, heard by topics, functions and rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from event_world import NOTES, Queue, advance, arn_of, client, name, permit, queue, received

TO_FUNCTIONS = "lambda.alarms.cloudwatch.amazonaws.com"


class World:
    """One alarm on a metric of its own."""

    def __init__(self, cloud: Any) -> None:
        self.cloud, self.cloudwatch, self.name = cloud, client(cloud, "cloudwatch"), name("alarm")

    def put(self, **options: Any) -> None:
        asked = {
            "AlarmName": self.name,
            "Namespace": "Test",
            "MetricName": self.name,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
            **options,
        }
        self.cloudwatch.put_metric_alarm(**{key: value for key, value in asked.items() if value is not None})

    def measure(self, *values: float, metric: str | None = None) -> None:
        data = {"MetricName": metric or self.name, "Values": list(values)}
        self.cloudwatch.put_metric_data(Namespace="Test", MetricData=[data])

    def described(self) -> dict[str, Any]:
        [alarm] = self.cloudwatch.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return dict(alarm)

    def after(self, seconds: float) -> str:
        advance(self.cloud, seconds)
        return str(self.described()["StateValue"])

    def history(self, kind: str) -> list[str]:
        items = self.cloudwatch.describe_alarm_history(
            AlarmName=self.name, HistoryItemType=kind, ScanBy="TimestampAscending"
        )["AlarmHistoryItems"]
        return [item["HistorySummary"] for item in items]


@pytest.fixture
def world(cloud: Any) -> Iterator[World]:
    made = World(cloud)
    yield made
    made.cloudwatch.delete_alarms(AlarmNames=[made.name])


def topic(cloud: Any) -> tuple[str, Queue]:
    """A topic with the policy that it is made with, and a queue that hears of it."""
    sns, to = client(cloud, "sns"), queue(cloud, "sns.amazonaws.com")
    arn = sns.create_topic(Name=name("topic"))["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=to.arn)
    return arn, to


def test_an_alarm_follows_its_metric_and_remembers(world: World) -> None:
    """From no data to alarm, and back when nothing more comes."""
    world.put()
    first = world.described()
    assert (first["StateValue"], first["StateReason"]) == (
        "INSUFFICIENT_DATA",
        "Unchecked: Initial alarm creation",
    )
    world.measure(3, 4)
    assert world.after(61) == "ALARM"
    told = world.described()
    assert "[7.0 (" in told["StateReason"] and told["StateReason"].startswith("Threshold Crossed: 1 out of")
    assert json.loads(told["StateReasonData"])["recentDatapoints"] == [7.0]
    world.measure(1)
    assert world.after(61) == "OK"
    assert world.after(600) == "INSUFFICIENT_DATA"
    assert world.history("StateUpdate") == [
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to INSUFFICIENT_DATA",
    ]
    world.put(Threshold=7)
    assert world.history("ConfigurationUpdate") == [
        f'Alarm "{world.name}" {did}' for did in ("created", "updated")
    ]


def test_several_data_points_percentiles_and_metric_math(world: World) -> None:
    """M of N; p90; a rate of two metrics."""
    world.put(EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    states = []
    for value in (9, 1, 9, 1, 1):
        world.measure(value)
        states.append(world.after(60))
    assert states == ["OK", "OK", "ALARM", "OK", "OK"]
    world.put(Statistic=None, ExtendedStatistic="p90", Threshold=90)
    world.measure(*range(80, 100))
    assert world.after(60) == "ALARM"

    def query(id_: str) -> dict[str, Any]:
        metric = {"Namespace": "Test", "MetricName": f"{world.name}-{id_}"}
        return {"Id": id_, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    math = [query("e"), query("n"), {"Id": "rate", "Expression": "100 * e / n", "ReturnData": True}]
    nothing = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    world.put(Metrics=math, Threshold=25, **nothing)
    for errors in (1, 3):
        world.measure(errors, metric=f"{world.name}-e")
        world.measure(10, metric=f"{world.name}-n")
        states.append(world.after(60))
    assert states[-2:] == ["OK", "ALARM"]


def test_errors_of_a_function_raise_an_alarm_at_a_topic(world: World, make: Any) -> None:
    """The lesson's alarm: AWS/Lambda Errors, and the notification that a topic sends on."""
    failing = make("def handler(event, context):\n    raise ValueError('no')\n")
    arn, to = topic(world.cloud)
    world.put(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": failing.name}],
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmDescription="it fails",
        AlarmActions=[arn],
    )
    assert world.after(60) == "OK"
    failing.invoke({})
    assert world.after(121) == "ALARM"
    [notification] = to.bodies()
    assert notification["Subject"] == f'ALARM: "{world.name}" in US East (N. Virginia)'
    told = json.loads(notification["Message"])
    assert told["AlarmArn"].endswith(f":alarm:{world.name}") and told["AlarmDescription"] == "it fails"
    assert (told["OldStateValue"], told["NewStateValue"]) == ("OK", "ALARM")
    assert told["Trigger"] | {"Unit": None} == {
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "StatisticType": "Statistic",
        "Statistic": "SUM",
        "Unit": None,
        "Dimensions": [{"value": failing.name, "name": "FunctionName"}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1.0,
        "TreatMissingData": "notBreaching",
        "EvaluateLowSampleCountPercentile": "",
    }
    assert world.history("Action") == [f"Successfully executed action {arn}"]


def test_setting_the_state_acts_as_a_change_does(world: World, make: Any) -> None:
    """A function with the permission receives the alarm; the same state again does nothing."""
    function = make(NOTES)
    world.put(AlarmActions=[arn_of(function)], AlarmDescription="try", TreatMissingData="ignore")
    alarm = world.described()["AlarmArn"]

    def set_state(value: str) -> None:
        world.cloudwatch.set_alarm_state(AlarmName=world.name, StateValue=value, StateReason="a try")
        advance(world.cloud)

    set_state("ALARM")
    assert received(function) == []
    assert world.history("Action") == [f"Failed to execute action {arn_of(function)}"]
    permit(function, TO_FUNCTIONS, alarm, SourceAccount=world.cloud.account_id)
    set_state("OK")
    set_state("ALARM")
    set_state("ALARM")
    [event] = received(function)
    assert event["source"] == "aws.cloudwatch" and event["alarmArn"] == alarm
    assert event["accountId"] == world.cloud.account_id and event["region"] == world.cloud.region
    data = event["alarmData"]
    assert (
        data["alarmName"] == world.name
        and data["state"].items() >= {"value": "ALARM", "reason": "a try"}.items()
    )
    assert data["previousState"]["value"] == "OK"
    [metric] = data["configuration"]["metrics"]
    assert data["configuration"]["description"] == "try" and metric["returnData"] is True
    about = {"namespace": "Test", "name": world.name, "dimensions": {}}
    assert metric["metricStat"] == {"metric": about, "period": 60, "stat": "Sum"}
    world.cloudwatch.disable_alarm_actions(AlarmNames=[world.name])
    set_state("OK")
    set_state("ALARM")
    assert len(received(function)) == 1


def test_a_rule_hears_of_a_change(world: World) -> None:
    """CloudWatch Alarm State Change on the default bus; OK actions and no-data actions have their turn."""
    to, rule = queue(world.cloud, "events.amazonaws.com"), name("rule")
    events = client(world.cloud, "events")
    pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": [world.name]}}
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": to.arn}])
    arn, heard = topic(world.cloud)
    world.put(OKActions=[arn], InsufficientDataActions=[arn])
    for value in ("ALARM", "OK", "INSUFFICIENT_DATA"):
        world.cloudwatch.set_alarm_state(AlarmName=world.name, StateValue=value, StateReason="x")
    changes = to.bodies()
    assert [event["detail-type"] for event in changes] == ["CloudWatch Alarm State Change"] * 3
    assert {event["detail"]["state"]["value"] for event in changes} == {"ALARM", "OK", "INSUFFICIENT_DATA"}
    assert changes[0]["resources"] == [world.described()["AlarmArn"]]
    subjects = {message["Subject"].partition(":")[0] for message in heard.bodies()}
    assert subjects == {"OK", "INSUFFICIENT_DATA"}
    events.remove_targets(Rule=rule, Ids=["1"])
    events.delete_rule(Name=rule)


def test_a_deleted_alarm_does_nothing(world: World) -> None:
    """Its history stays."""
    world.put()
    world.measure(9)
    world.cloudwatch.delete_alarms(AlarmNames=[world.name])
    advance(world.cloud, 120)
    assert world.cloudwatch.describe_alarms(AlarmNames=[world.name])["MetricAlarms"] == []
    assert world.history("StateUpdate") == []
    assert world.history("ConfigurationUpdate")[-1] == f'Alarm "{world.name}" deleted'


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"Period": 45}, "Period must be 10, 20, 30 or a multiple of 60"),
        ({"Period": 3000, "EvaluationPeriods": 30}, "across more than a day"),
        ({"EvaluationPeriods": 2, "DatapointsToAlarm": 3}, "DatapointsToAlarm must be less"),
        ({"TreatMissingData": "bad"}, "Option bad is not supported"),
        ({"ComparisonOperator": "Above"}, "enum value set"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "no anomaly detection"),
        ({"Statistic": "Median"}, "enum value set"),
        ({"Statistic": None, "ExtendedStatistic": "tm90"}, "tm90 is not supported by the local cloud"),
        ({"ExtendedStatistic": "p90"}, "Either Statistic or ExtendedStatistic"),
        ({"MetricName": None}, "Either MetricName or Metrics"),
        ({"AlarmActions": ["nonsense"]}, "Invalid arn syntax: nonsense"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "is not supported by the local cloud"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "is not supported by the local cloud"),
    ],
)
def test_a_bad_alarm_is_refused(world: World, options: dict[str, Any], message: str) -> None:
    """ValidationError, and no alarm."""
    with pytest.raises(ClientError, match=message) as refusal:
        world.put(**options)
    assert refusal.value.response["Error"]["Code"].startswith("Validation")
    assert world.cloudwatch.describe_alarms(AlarmNames=[world.name])["MetricAlarms"] == []


def test_composite_alarms_are_refused_by_name(world: World) -> None:
    """With what to do instead."""
    with pytest.raises(ClientError, match="PutCompositeAlarm is not supported by the local cloud"):
        world.cloudwatch.put_composite_alarm(AlarmName=world.name, AlarmRule="TRUE")
