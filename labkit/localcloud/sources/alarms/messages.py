"""What an alarm tells when its state changes: to topics, to functions, to EventBridge. Pure.

Sources: Amazon CloudWatch User Guide, "Alarm events and EventBridge" and "Invoke a Lambda function from an
alarm"; notifications as AWS sends them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader

from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.alarms import definition
from labkit.localcloud.sources.alarms.verdicts import stamp


@dataclass(frozen=True)
class State:
    """A state of an alarm, since when and why."""

    value: str
    reason: str
    data: str | None
    since_s: float

    def shown(self) -> dict[str, Any]:
        told = {"value": self.value, "reason": self.reason}
        return {**told, **({"reasonData": self.data} if self.data else {}), "timestamp": stamp(self.since_s)}


@dataclass(frozen=True)
class Change:
    """An alarm went from one state to another. ``asked``: what PutMetricAlarm was given."""

    name: str
    arn: str
    region: str
    asked: Mapping[str, Any]
    updated_s: float
    old: State
    new: State

    def detail(self) -> dict[str, Any]:
        """The detail of "CloudWatch Alarm State Change"."""
        return {
            "alarmName": self.name,
            "state": self.new.shown(),
            "previousState": self.old.shown(),
            "configuration": self._configuration(),
        }

    def for_functions(self) -> str:
        """What a Lambda function receives."""
        return json.dumps(
            {
                "source": "aws.cloudwatch",
                "alarmArn": self.arn,
                "accountId": ACCOUNT_ID,
                "time": stamp(self.new.since_s),
                "region": self.region,
                "alarmData": self.detail(),
            }
        )

    def subject(self) -> str:
        """The subject of a notification, which has at most 100 characters."""
        return f'{self.new.value}: "{self.name}" in {region_name(self.region)}'[:100]

    def for_topics(self) -> str:
        """The message of a notification."""
        asked = self.asked
        return json.dumps(
            {
                "AlarmName": self.name,
                "AlarmDescription": asked.get("AlarmDescription"),
                "AWSAccountId": ACCOUNT_ID,
                "AlarmConfigurationUpdatedTimestamp": stamp(self.updated_s),
                "NewStateValue": self.new.value,
                "NewStateReason": self.new.reason,
                "StateChangeTime": stamp(self.new.since_s),
                "Region": region_name(self.region),
                "AlarmArn": self.arn,
                "OldStateValue": self.old.value,
                "OKActions": list(asked.get("OKActions") or ()),
                "AlarmActions": list(asked.get("AlarmActions") or ()),
                "InsufficientDataActions": list(asked.get("InsufficientDataActions") or ()),
                "Trigger": self._trigger(),
            }
        )

    def _configuration(self) -> dict[str, Any]:
        described = self.asked.get("AlarmDescription")
        told = {"description": described} if described else {}
        return {**told, "metrics": definition.metrics_of(self.asked)}

    def _trigger(self) -> dict[str, Any]:
        asked = self.asked
        if asked.get("MetricName"):
            pairs = [{"value": pair["Value"], "name": pair["Name"]} for pair in asked.get("Dimensions") or ()]
            about: dict[str, Any] = {
                "MetricName": asked["MetricName"],
                "Namespace": asked["Namespace"],
                "StatisticType": "Statistic" if asked.get("Statistic") else "ExtendedStatistic",
                "Statistic": _statistic(asked),
                "Unit": asked.get("Unit"),
                "Dimensions": pairs,
            }
        else:
            about = {"Metrics": [dict(query) for query in asked["Metrics"]]}
        return {
            **about,
            "Period": definition.period_s(asked),
            "EvaluationPeriods": int(asked["EvaluationPeriods"]),
            **(
                {"DatapointsToAlarm": int(asked["DatapointsToAlarm"])}
                if asked.get("DatapointsToAlarm")
                else {}
            ),
            "ComparisonOperator": asked["ComparisonOperator"],
            "Threshold": float(asked["Threshold"]),
            "TreatMissingData": asked.get("TreatMissingData") or "missing",
            "EvaluateLowSampleCountPercentile": asked.get("EvaluateLowSampleCountPercentile") or "",
        }


@cache
def region_name(region: str) -> str:
    """A Region's name for people, as notifications have it; the code where there is none."""
    for partition in Loader().load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region


def _statistic(asked: Mapping[str, Any]) -> str:
    """Notifications write SAMPLE_COUNT, AVERAGE, SUM, MINIMUM, MAXIMUM; percentiles as they are."""
    name = str(asked.get("Statistic") or asked["ExtendedStatistic"])
    return "SAMPLE_COUNT" if name == "SampleCount" else name if name.startswith("p") else name.upper()
