"""Answers to exercises 04.2 to 04.4: reserved and provisioned concurrency, and what scales it."""

from __future__ import annotations

from typing import Any

from tests.wrong_answers.coldstart import ANSWER, HEAD, MAKE
from tests.wrong_answers.measured import logged
from tests.wrong_answers.world import World, allow, policy, right, wrong

PLAIN = "def handler(event, context):\n    return 1\n"
CARD = f"{HEAD}\n{MAKE}\ndef handler(event, context):\n{ANSWER}"
USE = "LambdaProvisionedConcurrencyUtilization"


def asked(world: World, reserved: int | None = None, calls: int = 12, duration_ms: float = 150.0) -> str:
    name = world.function("ask-partner", PLAIN, world.role())
    logged(world, name, [duration_ms] * calls, 128)
    if reserved is not None:
        world.client("lambda").put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=reserved
        )
    return name


@wrong("04.2", "nothing is reserved", "nothing is reserved for case")
def _(world: World) -> None:
    asked(world)


@wrong("04.2", "provisioned instead of reserved", "keeps environments warm and is no cap")
def _(world: World) -> None:
    name = asked(world)
    world.client("lambda").publish_version(FunctionName=name)
    provision(world, name, "1")


@wrong("04.2", "zero", "0 stops the function altogether")
def _(world: World) -> None:
    asked(world, 0)


@wrong("04.2", "the rate itself", "The rate alone is not the concurrency")
def _(world: World) -> None:
    asked(world, 16)


@wrong("04.2", "rounded down", "Calls would be throttled at the usual rate")
def _(world: World) -> None:
    asked(world, 2)


@wrong("04.2", "as many as callers", "taken from the account's other functions")
def _(world: World) -> None:
    asked(world, 10)


def _(world: World) -> None:
    asked(world, 3, calls=2)


@right("04.2", "rate times duration", "has 3 reserved: 16 a second × 150 ms")
def _(world: World) -> None:
    asked(world, 3)


@right("04.2", "a slower partner needs more", "has 5 reserved")
def _(world: World) -> None:
    asked(world, 5, duration_ms=300.0)


def card(world: World, alias: str | None = "live") -> str:
    """``photo-card`` with a version, and an alias on it."""
    role = world.role(policy(allow("dynamodb:GetItem", world.table())))
    variables = {"TABLE_NAME": world.name("photos")}
    name = world.function("photo-card", CARD, role, variables, MemorySize=1769, Timeout=10)
    lambda_ = world.client("lambda")
    lambda_.publish_version(FunctionName=name)
    if alias:
        lambda_.create_alias(FunctionName=name, Name=alias, FunctionVersion="1")
    return name


def provision(world: World, name: str, qualifier: str, count: int = 1) -> None:
    world.client("lambda").put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )


@wrong("04.3", "no alias", "has no alias live")
def _(world: World) -> None:
    card(world, None)


@wrong("04.3", "the alias has another name", "has no alias live, but Live")
def _(world: World) -> None:
    provision(world, card(world, "Live"), "Live")


@wrong("04.3", "an alias and nothing ready", "nothing is provisioned for case")
def _(world: World) -> None:
    card(world)


@wrong("04.3", "reserved instead of provisioned", "caps and keeps nothing warm")
def _(world: World) -> None:
    name = card(world)
    world.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)


@wrong("04.3", "on the version, not on the alias", "has it on 1, not on live")
def _(world: World) -> None:
    provision(world, card(world), "1")


@wrong("04.3", "an alias of what can change", r"points to \$LATEST, which can change")
def _(world: World) -> None:
    name = card(world, None)
    world.client("lambda").create_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")


@right("04.3", "as the solution has it", "has 1 ready, and a call found it initialised")
def _(world: World) -> None:
    provision(world, card(world), "live")


@right("04.3", "an alias that was moved to its second version, two environments", "has 2 ready")
def _(world: World) -> None:
    name, lambda_ = card(world), world.client("lambda")
    world.configure(name, Description="the same, published again")
    version = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    provision(world, name, "live", 2)


def scale(world: World, name: str, high: int = 5, target: float | None = 0.7, alias: str = "live") -> None:
    """A scalable target, and its policy unless ``target`` is None."""
    scaling = world.client("application-autoscaling")
    which: dict[str, Any] = {
        "ServiceNamespace": "lambda",
        "ResourceId": f"function:{name}:{alias}",
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    }
    scaling.register_scalable_target(**which, MinCapacity=1, MaxCapacity=high)
    if target is not None:
        scaling.put_scaling_policy(
            **which,
            PolicyName="use",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": target,
                "PredefinedMetricSpecification": {"PredefinedMetricType": USE},
            },
        )


def plain_card(world: World, *aliases: str, base: str = "photo-card") -> str:
    """A function of this name with aliases; what it answers is not looked at."""
    name = world.function(base, PLAIN, world.role(base=f"{base}-role"))
    lambda_ = world.client("lambda")
    lambda_.publish_version(FunctionName=name)
    for alias in aliases:
        lambda_.create_alias(FunctionName=name, Name=alias, FunctionVersion="1")
    return name


@wrong("04.4", "nothing is registered", "is registered with Application Auto Scaling")
def _(world: World) -> None:
    plain_card(world, "live")


@wrong("04.4", "limits without a policy", "is registered and has no policy")
def _(world: World) -> None:
    scale(world, plain_card(world, "live"), target=None)


@wrong("04.4", "the limits are the same", "stays between 1 and 1")
def _(world: World) -> None:
    scale(world, plain_card(world, "live"), high=1)


@wrong("04.4", "another function", "is registered, but nothing of case")
def _(world: World) -> None:
    plain_card(world)
    scale(world, plain_card(world, "live", base="other"))


@right("04.4", "as the solution has it", "1 to 5, kept near 70% use")
def _(world: World) -> None:
    scale(world, plain_card(world, "live"))


@right("04.4", "another alias, other limits, another target", "1 to 3, kept near 50% use")
def _(world: World) -> None:
    scale(world, plain_card(world, "prod"), high=3, target=0.5, alias="prod")
