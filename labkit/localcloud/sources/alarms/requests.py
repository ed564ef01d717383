"""Teaches moto's CloudWatch to check alarms, to tell of those that change, and to describe what is asked.

moto would accept any alarm, begin with OK, never evaluate it, and forget its history.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidFormat, InvalidParameterValue, ResourceNotFound, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from labkit.localcloud import constraints, contracts
from labkit.localcloud.functions.errors import NOT_HERE
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.alarms import definition
from labkit.localcloud.sources.alarms.alarms import Alarms

PAGE = 100
_STATES = ("INSUFFICIENT_DATA", "ALARM", "OK")
_INSTEAD = {
    "PutCompositeAlarm": "Use a metric alarm with metric math.",
    "PutLogAlarm": "Use a metric filter and an alarm on its metric.",
    "PutAlarmMuteRule": "Use DisableAlarmActions.",
    "GetAlarmMuteRule": "Use DisableAlarmActions.",
    "DeleteAlarmMuteRule": "Use EnableAlarmActions.",
    "ListAlarmMuteRules": "Use DisableAlarmActions.",
    "DescribeAlarmContributors": "Alarms here watch one time series.",
}

_put_metric_alarm = CloudWatchResponse.put_metric_alarm
_delete_alarms = CloudWatchBackend.delete_alarms


def install(alarms: Alarms) -> None:
    """Replaces moto's methods, once for the process."""

    def put(self: CloudWatchResponse) -> ActionResult:
        asked = self._get_params()
        _hold("PutMetricAlarm", asked)
        definition.check(asked)
        answer = _put_metric_alarm(self)
        alarms.follow(self.cloudwatch_backend.alarms[asked["AlarmName"]], asked, self.region)
        return answer

    def delete(self: CloudWatchBackend, alarm_names: list[str]) -> None:
        gone = [self.alarms[name].alarm_arn for name in alarm_names if name in self.alarms]
        _delete_alarms(self, alarm_names)
        for arn in gone:
            alarms.forget(arn)

    def set_state(
        self: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str | None, state_value: str
    ) -> None:
        if alarm_name not in self.alarms:
            raise ResourceNotFound("Alarm not found")
        if state_value not in _STATES:
            raise ValidationError(
                f"1 validation error detected: Value '{state_value}' at 'stateValue' failed to satisfy "
                f"constraint: Member must satisfy enum value set: [{', '.join(_STATES)}]"
            )
        if reason_data is not None and not _is_json(reason_data):
            raise InvalidFormat("The format of StateReasonData is not JSON")
        alarms.set_state(self.alarms[alarm_name].alarm_arn, state_value, reason, reason_data)

    def history(self: CloudWatchResponse) -> ActionResult:
        return ActionResult(_history(alarms, self.region, self._get_params()))

    CloudWatchResponse.put_metric_alarm = put  # type: ignore[method-assign]
    CloudWatchResponse.describe_alarm_history = history  # type: ignore[attr-defined]
    CloudWatchResponse.describe_alarms = _describe  # type: ignore[method-assign]
    CloudWatchResponse.describe_alarms_for_metric = _describe_for_metric  # type: ignore[method-assign]
    CloudWatchBackend.delete_alarms = delete  # type: ignore[method-assign]
    CloudWatchBackend.set_alarm_state = set_state  # type: ignore[method-assign]
    for operation, instead in _INSTEAD.items():
        setattr(CloudWatchResponse, contracts.method_of(operation), _refusing(operation, instead))


def make(alarms: Alarms, region: str, asked: Mapping[str, Any]) -> Alarm:
    """An alarm that another service makes for itself; ``asked`` as for PutMetricAlarm, on one metric."""
    backend: CloudWatchBackend = cloudwatch_backends[ACCOUNT_ID][region]
    alarm = backend.put_metric_alarm(
        name=asked["AlarmName"],
        namespace=asked["Namespace"],
        metric_name=asked["MetricName"],
        comparison_operator=asked["ComparisonOperator"],
        evaluation_periods=asked["EvaluationPeriods"],
        period=asked["Period"],
        threshold=asked["Threshold"],
        statistic=asked["Statistic"],
        description=asked["AlarmDescription"],
        dimensions=asked["Dimensions"],
        alarm_actions=asked["AlarmActions"],
    )
    alarms.follow(alarm, asked, region)
    return alarm


def _refusing(operation: str, instead: str) -> Callable[[CloudWatchResponse], ActionResult]:
    def refuse(self: CloudWatchResponse) -> ActionResult:
        raise ValidationError(f"{operation} is {NOT_HERE}. {instead}")

    return refuse


def _hold(operation: str, asked: Mapping[str, Any]) -> None:
    if message := constraints.broken("cloudwatch", operation, asked):
        raise ValidationError(message)


def _describe(self: CloudWatchResponse) -> ActionResult:
    """DescribeAlarms: all conditions together, by name, in pages. There are no composite alarms."""
    asked = self._get_params()
    for name in ("ChildrenOfAlarmName", "ParentsOfAlarmName"):
        if asked.get(name):
            raise ValidationError(f"{name} is {NOT_HERE}. There are no composite alarms.")
    if asked.get("AlarmNames") and asked.get("AlarmNamePrefix"):
        raise ValidationError("AlarmNames and AlarmNamePrefix cannot be given together.")
    found = [alarm for _, alarm in sorted(self.cloudwatch_backend.alarms.items()) if _fits(alarm, asked)]
    if asked.get("AlarmTypes") and "MetricAlarm" not in asked["AlarmTypes"]:
        found = []
    page, token = _page(found, asked)
    return ActionResult({"MetricAlarms": page, "CompositeAlarms": [], "NextToken": token})


def _fits(alarm: Alarm, asked: Mapping[str, Any]) -> bool:
    actions = [*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions]
    return (
        (not asked.get("AlarmNames") or alarm.name in asked["AlarmNames"])
        and alarm.name.startswith(asked.get("AlarmNamePrefix") or "")
        and asked.get("StateValue") in (None, alarm.state_value)
        and (not asked.get("ActionPrefix") or any(arn.startswith(asked["ActionPrefix"]) for arn in actions))
    )


def _describe_for_metric(self: CloudWatchResponse) -> ActionResult:
    """DescribeAlarmsForMetric: dimensions exactly; statistic, period and unit where they are given."""
    asked = self._get_params()
    pairs = {pair["Name"]: pair["Value"] for pair in asked.get("Dimensions") or ()}
    found = [
        alarm
        for alarm in self.cloudwatch_backend.alarms.values()
        if (alarm.metric_name, alarm.namespace) == (asked["MetricName"], asked["Namespace"])
        and {pair.name: pair.value for pair in alarm.dimensions} == pairs
        and asked.get("Statistic") in (None, alarm.statistic)
        and asked.get("ExtendedStatistic") in (None, alarm.extended_statistic)
        and asked.get("Period") in (None, alarm.period)
        and asked.get("Unit") in (None, alarm.unit)
    ]
    return ActionResult({"MetricAlarms": found})


def _history(alarms: Alarms, region: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeAlarmHistory: newest first unless told otherwise."""
    begin, end = _seconds(asked.get("StartDate"), 0.0), _seconds(asked.get("EndDate"), float("inf"))
    if asked.get("AlarmContributorId"):
        raise ValidationError(f"AlarmContributorId is {NOT_HERE}. Alarms here watch one time series.")
    if asked.get("AlarmTypes") and "MetricAlarm" not in asked["AlarmTypes"]:
        return {"AlarmHistoryItems": []}
    found = [
        {
            "AlarmName": name,
            "AlarmType": "MetricAlarm",
            "Timestamp": datetime.fromtimestamp(item.time_s, UTC).replace(tzinfo=None),
            "HistoryItemType": item.kind,
            "HistorySummary": item.summary,
            "HistoryData": item.data,
        }
        for name, item in alarms.history(region)
        if asked.get("AlarmName") in (None, name)
        and asked.get("HistoryItemType") in (None, item.kind)
        and begin <= item.time_s <= end
    ]
    if asked.get("ScanBy") == "TimestampAscending":
        found.reverse()
    page, token = _page(found, asked)
    return {"AlarmHistoryItems": page, "NextToken": token}


def _page(found: list[Any], asked: Mapping[str, Any]) -> tuple[list[Any], str | None]:
    token, most = asked.get("NextToken") or "0", int(asked.get("MaxRecords") or PAGE)
    if not token.isdecimal():
        raise InvalidParameterValue("Request parameter NextToken is invalid")
    begin = int(token)
    return found[begin : begin + most], str(begin + most) if begin + most < len(found) else None


def _seconds(moment: datetime | None, otherwise: float) -> float:
    if moment is None:
        return otherwise
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
