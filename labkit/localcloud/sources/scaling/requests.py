"""Teaches moto's Application Auto Scaling to check what is asked, and to scale Lambda functions.

Other services than Lambda have nothing here that could be scaled: they are refused.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    FakeScalableTarget,
)
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.cloudwatch.models import Alarm

from labkit import facts
from labkit.localcloud import contracts
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.contracts import refused, unsupported
from labkit.localcloud.functions.names import LATEST
from labkit.localcloud.sources.alarms.requests import make
from labkit.localcloud.sources.scaling.activities import (
    DIMENSION,
    LOW_PART,
    METRIC,
    ROLE,
    Scaling,
    timetable_of,
)
from labkit.localcloud.sources.timetables import BadExpression

Asked = Mapping[str, Any]

NOT_HERE = {
    "GetPredictiveScalingForecast": "Use target tracking.",
    "RegisterScalableTarget.Tags": "Leave the tags out.",
    "TagResource": "Leave the tags out.",
    "UntagResource": "Scalable targets have no tags here.",
    "ListTagsForResource": "Scalable targets have no tags here.",
}
_RESOURCE = re.compile(r"function:[\w-]+:([\w$-]+)")

_register = ApplicationAutoscalingBackend.register_scalable_target
_deregister = ApplicationAutoscalingBackend.deregister_scalable_target
_put_policy = ApplicationAutoscalingBackend.put_scaling_policy
_delete_policy = ApplicationAutoscalingBackend.delete_scaling_policy
_put_action = ApplicationAutoscalingBackend.put_scheduled_action
_delete_action = ApplicationAutoscalingBackend.delete_scheduled_action


def install(scaling: Scaling, clock: LessonClock) -> None:
    """Replaces moto's methods, once for the process."""

    def register(
        self: ApplicationAutoscalingBackend, namespace: str, r_id: str, dimension: str, **options: Any
    ) -> FakeScalableTarget:
        _check_resource(scaling, self.region_name, namespace, r_id, dimension)
        _check_limits(self.targets.get(dimension, {}).get(r_id), options)
        target = _register(self, namespace, r_id, dimension, **options)
        target.role_arn = ROLE
        if any(policy.resource_id == r_id for policy in self.policies.values()):
            scaling.within_limits(self.region_name, target, "the limits of the scalable target changed")
        return target

    def deregister(self: ApplicationAutoscalingBackend, namespace: str, r_id: str, dimension: str) -> None:
        _deregister(self, namespace, r_id, dimension)
        for policy in [one for one in self.policies.values() if one.resource_id == r_id]:
            _delete_policy(self, policy.policy_name, namespace, r_id, dimension)
        for action in [one for one in self.scheduled_actions if one.resource_id == r_id]:
            scaling.forget(action)
            self.scheduled_actions.remove(action)

    def put_policy(self: ApplicationAutoscalingBackend, **asked: Any) -> FakeApplicationAutoscalingPolicy:
        target = _target(self, asked["service_namespace"], asked["resource_id"], asked["scalable_dimension"])
        _check_policy(asked)
        key = FakeApplicationAutoscalingPolicy.formulate_key(
            asked["service_namespace"],
            asked["resource_id"],
            asked["scalable_dimension"],
            asked["policy_name"],
        )
        if (before := self.policies.get(key)) is not None:
            before.delete_alarms(self.account_id, self.region_name)
        policy = _put_policy(self, **asked)
        policy.alarms = _alarms(scaling, self.region_name, policy)
        scaling.within_limits(self.region_name, target, f"policy {policy.policy_name} was put")
        return policy

    def put_action(self: ApplicationAutoscalingBackend, **asked: Any) -> None:
        _target(self, asked["service_namespace"], asked["resource_id"], asked["scalable_dimension"])
        known = [one for one in self.scheduled_actions if _same(one, asked)]
        _check_action(asked, known[0].schedule if known else None, clock.now())
        _put_action(self, **asked)
        [action] = [one for one in self.scheduled_actions if _same(one, asked)]
        scaling.follow(self.region_name, action)

    def delete_action(self: ApplicationAutoscalingBackend, **asked: Any) -> None:
        gone = [one for one in self.scheduled_actions if _same(one, asked)]
        if not gone:
            raise refused(
                f"No scheduled action found for service namespace: {asked['service_namespace']}, resource "
                f"ID: {asked['resource_id']}, scheduled action name: {asked['scheduled_action_name']}",
                "ObjectNotFoundException",
            )
        _delete_action(self, **asked)
        scaling.forget(gone[0])

    def describe(self: ApplicationAutoScalingResponse) -> str:
        return _activities(scaling, self.region, json.loads(self.body))

    backend: Any = ApplicationAutoscalingBackend
    backend.register_scalable_target = register
    backend.deregister_scalable_target = deregister
    backend.put_scaling_policy = put_policy
    backend.put_scheduled_action = put_action
    backend.delete_scheduled_action = delete_action
    ApplicationAutoScalingResponse.describe_scaling_activities = describe  # type: ignore[attr-defined]
    ApplicationAutoScalingResponse._validate_params = lambda self: None  # type: ignore[method-assign]
    contracts.install(ApplicationAutoScalingResponse, "application-autoscaling", NOT_HERE)


def _check_resource(scaling: Scaling, region: str, namespace: str, r_id: str, dimension: str) -> None:
    if namespace != "lambda":
        raise unsupported(f"ServiceNamespace {namespace}", f"Use lambda with {DIMENSION}.")
    found = _RESOURCE.fullmatch(r_id)
    if dimension != DIMENSION or found is None:
        raise refused("Unsupported service namespace, resource type or scalable dimension")
    if found[1] == LATEST or not scaling.exists(region, r_id):
        raise refused(f"Lambda alias or version doesn't exist: {r_id}")


def _check_limits(present: FakeScalableTarget | None, options: Mapping[str, Any]) -> None:
    least, most = options.get("min_capacity"), options.get("max_capacity")
    if present is None and (least is None or most is None):
        raise refused("MinCapacity and MaxCapacity are required when registering a new scalable target")
    least = present.min_capacity if present is not None and least is None else least
    most = present.max_capacity if present is not None and most is None else most
    if least is None or most is None or not 0 <= int(least) <= int(most):
        raise refused("Maximum capacity cannot be less than minimum capacity, which cannot be less than 0")


def _target(
    backend: ApplicationAutoscalingBackend, namespace: str, r_id: str, dimension: str
) -> FakeScalableTarget:
    target = backend.targets.get(dimension, {}).get(r_id)
    if target is None:
        raise refused(
            f"No scalable target found for service namespace: {namespace}, resource ID: {r_id}, "
            f"scalable dimension: {dimension}",
            "ObjectNotFoundException",
        )
    return target


def _check_policy(asked: Asked) -> None:
    kind = asked.get("policy_type") or "StepScaling"
    if kind != "TargetTrackingScaling":
        raise refused(f"Policy type {kind} is not available for Lambda: use TargetTrackingScaling")
    settings: Asked = asked.get("policy_body") or {}
    if settings.get("CustomizedMetricSpecification"):
        raise unsupported("CustomizedMetricSpecification", f"Use the predefined metric {METRIC}.")
    given = (settings.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
    if given != METRIC:
        raise refused(f"Metric type {given} is not valid for Lambda: use {METRIC}")
    least, most = (float(facts.quota(f"scaling_target_{end}").value) for end in ("min", "max"))
    if not least <= float(settings["TargetValue"]) <= most:
        raise refused(f"TargetValue must be between {least} and {most} for {METRIC}")


def _check_action(asked: Asked, before: str | None, now_s: float) -> None:
    expression = asked.get("schedule") or before
    if not expression:
        raise refused("Schedule is required when creating a scheduled action")
    try:
        timetable_of(expression, asked.get("timezone"), asked.get("start_time"), now_s)
    except BadExpression as problem:
        raise refused(f"The schedule is not valid: {problem}") from None
    limits: Asked = asked.get("scalable_target_action") or {}
    if limits.get("MinCapacity") is None and limits.get("MaxCapacity") is None and before is None:
        raise refused("ScalableTargetAction must set MinCapacity, MaxCapacity or both")
    least, most = limits.get("MinCapacity") or 0, limits.get("MaxCapacity")
    if most is not None and least > most:
        raise refused("Maximum capacity cannot be less than minimum capacity")


def _same(action: Any, asked: Asked) -> bool:
    names = ("service_namespace", "resource_id", "scalable_dimension", "scheduled_action_name")
    return all(getattr(action, name) == asked[name] for name in names)


def _alarms(scaling: Scaling, region: str, policy: FakeApplicationAutoscalingPolicy) -> list[Alarm]:
    """The two alarms that target tracking makes."""
    _, name, qualifier = policy.resource_id.split(":")
    settings: Asked = policy.target_tracking_scaling_policy_configuration or {}
    target = float(settings["TargetValue"])
    common = {
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.policy_arn}.",
        "Namespace": "AWS/Lambda",
        "MetricName": "ProvisionedConcurrencyUtilization",
        "Dimensions": [
            {"Name": "FunctionName", "Value": name},
            {"Name": "Resource", "Value": f"{name}:{qualifier}"},
        ],
        "Statistic": "Average",
        "Period": 60,
        "AlarmActions": [policy.policy_arn],
    }
    high = {
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": target,
        "EvaluationPeriods": _minutes("high"),
    }
    low = {
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": round(target * LOW_PART, 6),
        "EvaluationPeriods": _minutes("low"),
    }
    return [
        make(
            scaling.alarms,
            region,
            {
                **common,
                **asked,
                "AlarmName": f"TargetTracking-{policy.resource_id}-Alarm{kind}-{uuid.uuid4()}",
            },
        )
        for kind, asked in (("High", high), ("Low", low))
    ]


def _minutes(which: str) -> int:
    return int(facts.quota(f"scaling_{which}_minutes").value)


def _activities(scaling: Scaling, region: str, asked: Asked) -> str:
    """DescribeScalingActivities: newest first, in pages."""
    found = [
        {
            "ActivityId": one.id,
            "ServiceNamespace": "lambda",
            "ResourceId": one.resource_id,
            "ScalableDimension": DIMENSION,
            "Description": one.description,
            "Cause": one.cause,
            "StartTime": one.time_s,
            "EndTime": one.time_s,
            "StatusCode": "Failed" if one.failure else "Successful",
            "StatusMessage": one.failure or f"Successfully set. {one.description}",
        }
        for one in reversed(scaling.activities)
        if one.region == region
        and asked["ServiceNamespace"] == "lambda"
        and asked.get("ResourceId") in (None, one.resource_id)
        and asked.get("ScalableDimension") in (None, DIMENSION)
    ]
    begin, most = int(asked.get("NextToken") or 0), int(asked.get("MaxResults") or 50)
    token = str(begin + most) if begin + most < len(found) else None
    return json.dumps({"ScalingActivities": found[begin : begin + most], "NextToken": token})
