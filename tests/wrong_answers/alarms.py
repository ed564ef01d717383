"""Answers to exercise 05.7: an alarm on the error rate."""

from __future__ import annotations

from itertools import count
from typing import Any

from labkit.session import Lab
from tests.wrong_answers.monitor_world import FAILS, order_prints, queue
from tests.wrong_answers.world import SHARED, World, right, wrong

SHARED.add("05.7")
_numbers = count()


def made(lab: Lab) -> str:
    """A function that fails; its name."""
    return order_prints(World(lab), FAILS)


def failing(world: World) -> str:
    """A function that fails, and that no alarm watches; its name."""
    name, cloudwatch = world.once(made), world.client("cloudwatch")
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    cloudwatch.delete_alarms(AlarmNames=[one["AlarmName"] for one in alarms if name in str(one)])
    return name


def topic(world: World, listener: bool = True) -> str:
    sns = world.client("sns")
    arn = sns.create_topic(Name=world.name("alarms" if listener else "unheard"))["TopicArn"]
    if listener:
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue(world, "inbox")[1])
    return str(arn)


def part(id: str, metric: str, function: str, stat: str = "Sum") -> dict[str, Any]:
    of = [{"Name": "FunctionName", "Value": function}]
    measured = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": of}
    return {"Id": id, "MetricStat": {"Metric": measured, "Period": 60, "Stat": stat}, "ReturnData": False}


def rate(
    world: World,
    *actions: str,
    of: str = "",
    stat: str = "Sum",
    math: str = "100 * e / n",
    **more: Any,
) -> None:
    """An alarm on the error rate of ``order-prints``, or of what is given."""
    name = of or world.name("order-prints")
    expression = {"Id": "rate", "Expression": math, "ReturnData": True}
    world.client("cloudwatch").put_metric_alarm(
        AlarmName=world.name(f"error-rate-{next(_numbers)}"),
        Metrics=[part("e", "Errors", name, stat), part("n", "Invocations", name, stat), expression],
        Threshold=5,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=list(actions),
        **more,
    )


def fail(world: World) -> None:
    """An invocation that fails, and the time that an alarm needs."""
    world.invoke(world.name("order-prints"), {"order_id": "o", "copies": 0})
    world.lab.clock.advance(minutes=2)


@wrong("05.7", "no alarm", "no alarm on the error rate of .*alarms of this lab: none")
def _(world: World) -> None:
    failing(world)


@wrong("05.7", "an alarm that counts errors", "counts errors: five among a million")
def _(world: World) -> None:
    name = failing(world)
    world.client("cloudwatch").put_metric_alarm(
        AlarmName=world.name("errors"),
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic(world)],
    )


@wrong("05.7", "an alarm on the average of errors", "only if every success is written down as a zero")
def _(world: World) -> None:
    failing(world)
    errors = part("e", "Errors", world.name("order-prints"))["MetricStat"]["Metric"]
    world.client("cloudwatch").put_metric_alarm(
        AlarmName=world.name("errors"),
        **errors,
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.05,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic(world)],
    )


@wrong("05.7", "a fraction against percent", "compares e / n with 5; when all calls fail, it is 1")
def _(world: World) -> None:
    failing(world)
    rate(world, topic(world), math="e / n")


@wrong("05.7", "the rate of another function", "computes with AWS/Lambda Errors of .*get-photo")
def _(world: World) -> None:
    failing(world)
    rate(world, topic(world), of=world.name("get-photo"))


@wrong("05.7", "averages of counts", "takes Average instead of the sum")
def _(world: World) -> None:
    failing(world)
    rate(world, topic(world), stat="Average")


@wrong("05.7", "nobody is told", "does nothing when it rings")
def _(world: World) -> None:
    failing(world)
    rate(world)


@wrong("05.7", "nobody has subscribed", "nobody has subscribed to")
def _(world: World) -> None:
    failing(world)
    rate(world, topic(world, listener=False))


@wrong("05.7", "actions are switched off", "the actions of .* are switched off")
def _(world: World) -> None:
    failing(world)
    rate(world, topic(world), ActionsEnabled=False)


@wrong("05.7", "it has never rung", "has never rung; now it is INSUFFICIENT_DATA")
def _(world: World) -> None:
    failing(world)
    rate(world, topic(world))


@right("05.7", "as the solution has it", "has rung: Alarm updated from INSUFFICIENT_DATA to ALARM")
def _(world: World) -> None:
    failing(world)
    rate(world, topic(world), TreatMissingData="notBreaching")
    fail(world)


@right("05.7", "as a fraction, under another name", "has rung")
def _(world: World) -> None:
    name = failing(world)
    expression = {"Id": "share", "Expression": "bad / calls", "ReturnData": True}
    world.client("cloudwatch").put_metric_alarm(
        AlarmName="prints fail",
        Metrics=[part("bad", "Errors", name), part("calls", "Invocations", name), expression],
        Threshold=0.05,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic(world)],
    )
    fail(world)
