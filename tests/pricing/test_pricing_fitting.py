"""Which Fargate task and which EC2 instance a function is compared with."""

from __future__ import annotations

import pytest

from labkit import pricing
from labkit.errors import FactUnknown
from labkit.pricing import PricingError

FITTING = [
    (128, "x86_64", "Fargate 0.25 vCPU 0.5 GB x86_64", "EC2 t3.micro"),
    (512, "arm64", "Fargate 0.25 vCPU 0.5 GB arm64", "EC2 t4g.micro"),
    (513, "arm64", "Fargate 0.5 vCPU 1 GB arm64", "EC2 t4g.small"),
    (2048, "x86_64", "Fargate 1 vCPU 2 GB x86_64", "EC2 t3.medium"),
    (4096, "x86_64", "Fargate 2 vCPU 4 GB x86_64", "EC2 m7i.large"),
    (10240, "arm64", "Fargate 8 vCPU 16 GB arm64", "EC2 r7g.large"),
]


@pytest.mark.parametrize(("memory_mb", "architecture", "task", "instance"), FITTING)
def test_the_smallest_that_hold_the_functions_memory(
    memory_mb: int, architecture: str, task: str, instance: str
) -> None:
    """A task with exactly its memory will do; an instance needs 512 MB more for its system."""
    assert pricing.fitting_task(memory_mb, architecture=architecture).name == task
    assert pricing.fitting_instance(memory_mb, architecture=architecture).name == instance


def test_no_other_instance_that_fits_is_cheaper() -> None:
    """Of the types with a known price."""
    found = pricing.fitting_instance(1024, architecture="arm64").month().cost_usd
    for name in ("t4g.small", "t4g.medium", "m7g.large", "c7g.large", "r7g.large"):
        assert pricing.ec2(name).month().cost_usd >= found


@pytest.mark.parametrize("fitting", [pricing.fitting_task, pricing.fitting_instance])
def test_a_region_without_a_known_price_says_so(fitting: object) -> None:
    """Nothing is taken from another Region."""
    with pytest.raises(FactUnknown, match="not known for this Region"):
        fitting(512, region="eu-west-1")  # type: ignore[operator]


def test_nothing_fits_without_end() -> None:
    """More memory than any task has."""
    with pytest.raises(PricingError, match="No Fargate task"):
        pricing.fitting_task(200_000)
