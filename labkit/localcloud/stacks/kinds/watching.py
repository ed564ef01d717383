"""Log groups with what hangs on them, and alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.kinds.kind import Kind, names

_SUBSCRIPTION = "LogGroupName FilterPattern DestinationArn RoleArn Distribution"
_METRIC = "LogGroupName FilterPattern MetricTransformations"
_ALARM = (
    "ActionsEnabled AlarmActions AlarmDescription ComparisonOperator DatapointsToAlarm Dimensions "
    "EvaluateLowSampleCountPercentile EvaluationPeriods ExtendedStatistic InsufficientDataActions MetricName "
    "Metrics Namespace OKActions Period Statistic Threshold ThresholdMetricId TreatMissingData Unit"
)


def create_group(ask: Ask) -> None:
    name = ask.name("LogGroupName", 512)
    params = {**ask.some("LogGroupClass KmsKeyId"), "LogGroupName": name}
    ask.call("logs", "CreateLogGroup", {**params, **({"Tags": ask.tags} if ask.tags else {})})
    ask.born(name, Arn=f"{ask.arn('logs', f'log-group:{name}')}:*")
    _retention(ask)


def update_group(ask: Ask) -> None:
    _retention(ask)
    arn = {"ResourceArn": ask.arn("logs", f"log-group:{ask.physical_id}")}
    if ask.lost_tags:
        ask.call("logs", "UntagResource", {**arn, "TagKeys": ask.lost_tags})
    if ask.tags:
        ask.call("logs", "TagResource", {**arn, "Tags": ask.tags})


def delete_group(ask: Ask) -> None:
    ask.gone("logs", "DeleteLogGroup", {"LogGroupName": ask.physical_id})


def _retention(ask: Ask) -> None:
    which = {"LogGroupName": ask.physical_id}
    if not ask.changed("RetentionInDays"):
        return
    days = ask.some("RetentionInDays")
    ask.call("logs", "PutRetentionPolicy" if days else "DeleteRetentionPolicy", {**which, **days})


def put_subscription(ask: Ask) -> None:
    name = ask.physical_id or ask.name("FilterName", 512)
    ask.call("logs", "PutSubscriptionFilter", {**ask.some(_SUBSCRIPTION), "FilterName": name})
    ask.born(name)


def delete_subscription(ask: Ask) -> None:
    which = {**ask.some("LogGroupName"), "FilterName": ask.physical_id}
    ask.gone("logs", "DeleteSubscriptionFilter", which)


def put_metric_filter(ask: Ask) -> None:
    name = ask.physical_id or ask.name("FilterName", 512)
    transformations = [_transformation(each) for each in ask.properties["MetricTransformations"]]
    params = {**ask.some(_METRIC), "MetricTransformations": transformations, "FilterName": name}
    ask.call("logs", "PutMetricFilter", params)
    ask.born(name)


def _transformation(given: Mapping[str, Any]) -> dict[str, Any]:
    dimensions = given.get("Dimensions")
    if not isinstance(dimensions, list):
        return dict(given)
    return {**given, "Dimensions": {each["Key"]: each["Value"] for each in dimensions}}


def delete_metric_filter(ask: Ask) -> None:
    ask.gone("logs", "DeleteMetricFilter", {**ask.some("LogGroupName"), "FilterName": ask.physical_id})


def put_alarm(ask: Ask) -> None:
    name = ask.physical_id or ask.name("AlarmName", 255)
    tags = {"Tags": ask.tag_list} if ask.tag_list and not ask.physical_id else {}
    ask.call("cloudwatch", "PutMetricAlarm", {**ask.some(_ALARM), "AlarmName": name, **tags})
    ask.born(name, Arn=ask.arn("cloudwatch", f"alarm:{name}"))


def delete_alarm(ask: Ask) -> None:
    ask.gone("cloudwatch", "DeleteAlarms", {"AlarmNames": [ask.physical_id]})


WATCHING = (
    Kind(
        "AWS::Logs::LogGroup",
        names("LogGroupName LogGroupClass RetentionInDays KmsKeyId Tags"),
        create_group,
        delete_group,
        update_group,
    ),
    Kind(
        "AWS::Logs::SubscriptionFilter",
        names(f"FilterName {_SUBSCRIPTION}"),
        put_subscription,
        delete_subscription,
        put_subscription,
    ),
    Kind(
        "AWS::Logs::MetricFilter",
        names(f"FilterName {_METRIC}"),
        put_metric_filter,
        delete_metric_filter,
        put_metric_filter,
    ),
    Kind("AWS::CloudWatch::Alarm", names(f"AlarmName Tags {_ALARM}"), put_alarm, delete_alarm, put_alarm),
)
