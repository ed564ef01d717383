"""04.4: Application Auto Scaling follows the use of provisioned concurrency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.checks.look import Look, NotYet
from labkit.checks.optimize.coldstart import photo_card
from labkit.checks.registry import check

DIMENSION = "lambda:function:ProvisionedConcurrency"
METRIC = "LambdaProvisionedConcurrencyUtilization"
EXPECTED = "a scalable target with room between its limits, and a policy that tracks the use"


@check("04.4", title="Provisioned concurrency follows its use")
def scaled(look: Look) -> str:
    """A scalable target of the function's, and a target-tracking policy on the share that is in use."""
    name = photo_card(look).name
    target = _target(look, name)
    low, high = int(target["MinCapacity"]), int(target["MaxCapacity"])
    resource = str(target["ResourceId"])
    if low >= high:
        raise NotYet(
            f"{resource} stays between {low} and {high}",
            EXPECTED,
            "Register it again with a larger MaxCapacity: as it is, there is nothing to scale.",
        )
    tracked = _policy(look, resource)
    metric = tracked.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    if metric != METRIC and "CustomizedMetricSpecification" not in tracked:
        raise NotYet(
            f"the policy of {resource} tracks {metric}",
            EXPECTED,
            f"Its PredefinedMetricType is {METRIC}.",
        )
    share = float(tracked["TargetValue"])
    return f"{resource}: {low} to {high}, kept near {share:.0%} use"


def _target(look: Look, name: str) -> Mapping[str, Any]:
    pages = look.client("application-autoscaling").get_paginator("describe_scalable_targets")
    found = [
        one
        for page in pages.paginate(ServiceNamespace="lambda", ScalableDimension=DIMENSION)
        for one in page["ScalableTargets"]
    ]
    for one in found:
        if str(one["ResourceId"]).startswith(f"function:{name}:"):
            return dict(one)
    ours = [str(one["ResourceId"]) for one in found if look.prefix in str(one["ResourceId"])]
    if ours:
        raise NotYet(
            f"{', '.join(ours)} is registered, but nothing of {name}",
            EXPECTED,
            f"The resource is function:{name}:live.",
        )
    raise NotYet(
        f"nothing of {name} is registered with Application Auto Scaling",
        EXPECTED,
        f"register_scalable_target with ResourceId='function:{name}:live' and its limits.",
    )


def _policy(look: Look, resource: str) -> Mapping[str, Any]:
    """The configuration of the target-tracking policy."""
    pages = look.client("application-autoscaling").get_paginator("describe_scaling_policies")
    for page in pages.paginate(ServiceNamespace="lambda", ResourceId=resource):
        for one in page["ScalingPolicies"]:
            if "TargetTrackingScalingPolicyConfiguration" in one:
                return dict(one["TargetTrackingScalingPolicyConfiguration"])
    raise NotYet(
        f"{resource} is registered and has no policy",
        EXPECTED,
        "put_scaling_policy with PolicyType='TargetTrackingScaling': limits alone change nothing.",
    )
