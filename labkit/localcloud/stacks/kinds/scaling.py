"""Application Auto Scaling."""

from __future__ import annotations

from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.kinds.kind import Kind, names

_SERVICE = "application-autoscaling"
_WHAT = "ServiceNamespace ResourceId ScalableDimension"
_TARGET = f"{_WHAT} MinCapacity MaxCapacity RoleARN SuspendedState"
_POLICY = "PolicyName PolicyType TargetTrackingScalingPolicyConfiguration StepScalingPolicyConfiguration"


def put_target(ask: Ask) -> None:
    what = ask.some(_WHAT)
    ask.call(_SERVICE, "RegisterScalableTarget", ask.some(_TARGET))
    physical_id = "|".join(
        str(what[name]) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")
    )
    ask.born(physical_id, Id=physical_id)
    before, after = (
        {action["ScheduledActionName"]: action for action in properties.get("ScheduledActions") or []}
        for properties in (ask.before, ask.properties)
    )
    for action in after.values():
        ask.call(_SERVICE, "PutScheduledAction", {**what, **action})
    for name in before.keys() - after.keys():
        ask.gone(_SERVICE, "DeleteScheduledAction", {**what, "ScheduledActionName": name})


def delete_target(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeregisterScalableTarget", ask.some(_WHAT))


def put_policy(ask: Ask) -> None:
    arn = ask.call(_SERVICE, "PutScalingPolicy", {**_target(ask), **ask.some(_POLICY)})["PolicyARN"]
    ask.born(arn, Arn=arn)


def delete_policy(ask: Ask) -> None:
    ask.gone(_SERVICE, "DeleteScalingPolicy", {**_target(ask), **ask.some("PolicyName")})


def _target(ask: Ask) -> dict[str, Any]:
    if "ScalingTargetId" not in ask.properties:
        return ask.some(_WHAT)
    resource, dimension, namespace = str(ask.properties["ScalingTargetId"]).split("|")
    return {"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}


SCALING = (
    Kind(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        names(f"{_TARGET} ScheduledActions"),
        put_target,
        delete_target,
        put_target,
    ),
    Kind(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        names(f"{_POLICY} {_WHAT} ScalingTargetId"),
        put_policy,
        delete_policy,
        put_policy,
    ),
)
