"""Application Auto Scaling changes an alias's provisioned concurrency: by use, by schedule, in limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from event_world import advance, client, name

DIMENSION = "lambda:function:ProvisionedConcurrency"
METRIC = "LambdaProvisionedConcurrencyUtilization"


class World:
    """A function with the alias ``prod``, registered as a scalable target."""

    def __init__(self, cloud: Any, function: Any) -> None:
        self.cloud, self.function, self.scaling = cloud, function, client(cloud, "application-autoscaling")
        self.target = {
            "ServiceNamespace": "lambda",
            "ResourceId": f"function:{function.name}:prod",
            "ScalableDimension": DIMENSION,
        }

    def register(self, **options: Any) -> None:
        self.scaling.register_scalable_target(**{**self.target, **options})

    def track(self, target: float = 0.7, policy: str = "use", **options: Any) -> dict[str, Any]:
        settings = {
            "TargetValue": target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC},
            **options,
        }
        return dict(
            self.scaling.put_scaling_policy(
                **self.target,
                PolicyName=policy,
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration=settings,
            )
        )

    def provisioned(self, seconds: float = 0) -> int:
        """What is asked for, after so many seconds; 0 when nothing is."""
        advance(self.cloud, seconds)
        lambda_ = self.function.lambda_
        try:
            setting = lambda_.get_provisioned_concurrency_config(
                FunctionName=self.function.name, Qualifier="prod"
            )
        except lambda_.exceptions.ProvisionedConcurrencyConfigNotFoundException:
            return 0
        return int(setting["RequestedProvisionedConcurrentExecutions"])

    def used(self, minutes: int) -> int:
        """One call a minute, on what is provisioned; how much that is then."""
        for _ in range(minutes):
            self._ready()
            self.function.invoke({}, Qualifier="prod")
            advance(self.cloud, 60)
        return self.provisioned()

    def _ready(self) -> None:
        deadline, asked = time.monotonic() + 60, {"FunctionName": self.function.name, "Qualifier": "prod"}
        while self.function.lambda_.get_provisioned_concurrency_config(**asked)["Status"] != "READY":
            assert time.monotonic() < deadline, "the environments were not ready in time"

    def activities(self) -> list[dict[str, Any]]:
        return list(self.scaling.describe_scaling_activities(**self.target)["ScalingActivities"])


@pytest.fixture
def world(cloud: Any, make: Any) -> Iterator[World]:
    function = make("def handler(event, context):\n    return 1\n")
    lambda_ = function.lambda_
    lambda_.publish_version(FunctionName=function.name)
    lambda_.get_waiter("published_version_active").wait(FunctionName=function.name, Qualifier="1")
    lambda_.create_alias(FunctionName=function.name, Name="prod", FunctionVersion="1")
    made = World(cloud, function)
    yield made
    for target in made.scaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"]:
        if target["ResourceId"] == made.target["ResourceId"]:
            made.scaling.deregister_scalable_target(**made.target)


def test_use_above_the_target_scales_out_and_below_it_in(world: World) -> None:
    """Three busy minutes for more, fifteen idle ones for less; never beyond the limits."""
    world.register(MinCapacity=1, MaxCapacity=2)
    alarms = [alarm["AlarmName"] for alarm in world.track()["Alarms"]]
    assert [one.rpartition("-Alarm")[2][:3] for one in alarms] == ["Hig", "Low"]
    assert world.provisioned() == 1  # within the limits as soon as a policy is there
    assert world.used(4) == 2
    [last, first] = world.activities()
    assert last["StatusCode"] == first["StatusCode"] == "Successful"
    assert last["Description"] == "Setting desired concurrency to 2." and "AlarmHigh" in last["Cause"]
    world.register(MinCapacity=3, MaxCapacity=3)
    assert world.provisioned() == 3
    world.register(MinCapacity=1)
    assert world.used(16) == 2
    world.scaling.delete_scaling_policy(**world.target, PolicyName="use")
    found = client(world.cloud, "cloudwatch").describe_alarms(AlarmNames=alarms)["MetricAlarms"]
    assert found == []


def test_cooldowns_suspension_and_no_scaling_in_are_honoured(world: World) -> None:
    """A busy alias stays as it is while it may not scale."""
    world.register(MinCapacity=1, MaxCapacity=9, SuspendedState={"DynamicScalingOutSuspended": True})
    world.track(target=0.1, ScaleOutCooldown=3600, DisableScaleIn=True)
    assert world.provisioned() == 1 and world.used(4) == 1
    world.register(SuspendedState={"DynamicScalingOutSuspended": False})
    assert world.used(2) == 9
    world.register(MaxCapacity=20)
    assert world.used(4) == 9  # 1 / 9 is above 0.1, but it has scaled within the hour


def test_scheduled_actions_set_the_limits(world: World) -> None:
    """Up at one time, down at another, in a zone; a deleted one does nothing."""
    world.register(MinCapacity=0, MaxCapacity=5)

    def put(action: str, schedule: str, **limits: int) -> None:
        world.scaling.put_scheduled_action(
            **world.target,
            ScheduledActionName=action,
            Schedule=schedule,
            Timezone="Asia/Tokyo",
            ScalableTargetAction=limits,
        )

    put("morning", "cron(0 8 * * ? *)", MinCapacity=2, MaxCapacity=5)
    put("evening", "cron(0 20 * * ? *)", MinCapacity=0, MaxCapacity=0)
    states = {world.provisioned(3600) for _ in range(24)}
    assert states == {0, 2}
    [target] = world.scaling.describe_scalable_targets(
        ServiceNamespace="lambda", ResourceIds=[world.target["ResourceId"]]
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) in ((2, 5), (0, 0))
    world.scaling.delete_scheduled_action(**world.target, ScheduledActionName="evening")
    assert world.provisioned(86400) == 2 and world.provisioned(86400) == 2
    names = [
        one["ScheduledActionName"]
        for one in world.scaling.describe_scheduled_actions(**world.target)["ScheduledActions"]
    ]
    assert names == ["morning"]


def test_what_lambda_refuses_is_a_failed_activity(world: World) -> None:
    """More than the account has: told, and nothing changes."""
    world.register(MinCapacity=2000, MaxCapacity=2000)
    world.track()
    assert world.provisioned() == 0
    [activity] = world.activities()
    assert (
        activity["StatusCode"] == "Failed"
        and "greater than account's unreserved" in activity["StatusMessage"]
    )


def test_the_wrong_dimension_is_refused_as_aws_does(world: World) -> None:
    """The source document's ProvisionedConcurrentExecutions does not exist."""
    wrong = "lambda:function:ProvisionedConcurrentExecutions"
    message = (
        f"1 validation error detected: Value '{wrong}' at 'scalableDimension' failed to satisfy constraint: "
        "Member must satisfy enum value set: "
    )
    with pytest.raises(ClientError) as refusal:
        world.register(ScalableDimension=wrong, MinCapacity=1, MaxCapacity=2)
    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    assert message in refusal.value.response["Error"]["Message"] and DIMENSION in str(refusal.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"MinCapacity": 3, "MaxCapacity": 2}, "Maximum capacity cannot be less than minimum"),
        ({"MinCapacity": 1}, "MinCapacity and MaxCapacity are required"),
        ({"ResourceId": "function:nobody:prod", "MinCapacity": 1, "MaxCapacity": 2}, "doesn't exist"),
        (
            {"ResourceId": "function:nobody", "MinCapacity": 1, "MaxCapacity": 2},
            "Unsupported service namespace",
        ),
        (
            {
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ResourceId": "service/c/s",
                "MinCapacity": 1,
                "MaxCapacity": 2,
            },
            "ServiceNamespace ecs is not supported by the local cloud",
        ),
    ],
)
def test_a_bad_target_is_refused(world: World, options: dict[str, Any], message: str) -> None:
    """Nothing is registered."""
    with pytest.raises(ClientError, match=message):
        world.register(**options)
    found = world.scaling.describe_scalable_targets(
        ServiceNamespace="lambda", ResourceIds=[world.target["ResourceId"]]
    )
    assert found["ScalableTargets"] == []


def test_bad_policies_and_actions_are_refused(world: World) -> None:
    """Without a target, of the wrong kind, with a bad target value or schedule."""
    with pytest.raises(world.scaling.exceptions.ObjectNotFoundException):
        world.track()
    world.register(MinCapacity=0, MaxCapacity=2)
    with pytest.raises(ClientError, match="TargetValue must be between"):
        world.track(target=70)
    with pytest.raises(ClientError, match="use TargetTrackingScaling"):
        world.scaling.put_scaling_policy(**world.target, PolicyName=name("p"), PolicyType="StepScaling")
    with pytest.raises(ClientError, match="use LambdaProvisionedConcurrencyUtilization"):
        world.track(PredefinedMetricSpecification={"PredefinedMetricType": "ECSServiceAverageCPUUtilization"})
    for schedule in ("cron(0 8 * * * *)", "every day"):
        with pytest.raises(ClientError, match="The schedule is not valid"):
            world.scaling.put_scheduled_action(
                **world.target,
                ScheduledActionName="a",
                Schedule=schedule,
                ScalableTargetAction={"MinCapacity": 1},
            )
    assert world.scaling.describe_scaling_policies(ServiceNamespace="lambda")["ScalingPolicies"] == []
