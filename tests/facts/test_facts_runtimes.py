"""Runtimes and their dates, published measurements, instance types, and how light they are to import."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import boto3
import pytest

from labkit import facts
from labkit.errors import FactUnknown

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("name", "on", "status"),
    [
        ("python3.13", TODAY, "supported"),
        ("python3.13", date(2029, 6, 29), "supported"),
        ("python3.13", date(2029, 6, 30), "deprecated"),
        ("python3.13", date(2029, 7, 31), "create-blocked"),
        ("python3.13", date(2029, 8, 31), "update-blocked"),
        ("python3.10", TODAY, "deprecated"),
        ("python3.9", TODAY, "deprecated"),
        ("dotnet8", date(2026, 11, 9), "supported"),
        ("dotnet8", date(2026, 11, 10), "deprecated"),
        ("nodejs18.x", TODAY, "deprecated"),
        ("nodejs24.x", TODAY, "supported"),
        ("go1.x", TODAY, "create-blocked"),
        ("python2.7", TODAY, "update-blocked"),
        ("provided.al2", TODAY, "deprecated"),
        ("provided.al2023", TODAY, "supported"),
        ("java17.al2023", TODAY, "supported"),
        ("python3.15", TODAY, "preview"),
        ("nodejs26.x", TODAY, "preview"),
        ("custom", TODAY, "customer-managed"),
    ],
)
def test_the_status_of_a_runtime_on_a_day(name: str, on: date, status: str) -> None:
    assert facts.runtime(name).status(on) == status


@pytest.mark.parametrize(
    ("name", "family"),
    [("python3.13", "python"), ("nodejs24.x", "nodejs"), ("dotnetcore3.1", "dotnet"), ("go1.x", "go")],
)
def test_the_family_of_a_runtime(name: str, family: str) -> None:
    assert facts.runtime(name).family == family


def test_block_dates_that_aws_moved_keep_the_earlier_reading() -> None:
    runtime = facts.runtime("nodejs20.x")
    assert runtime.block_create == date(2027, 7, 29)
    assert runtime.block_create_earliest == date(2027, 2, 1)


def test_the_default_is_supported() -> None:
    assert facts.default_runtime().name == "python3.13"
    assert facts.default_runtime().status(TODAY) == "supported"


def test_every_runtime_of_the_lambda_api_is_known() -> None:
    model = boto3.client("lambda", region_name="us-east-1").meta.service_model
    assert {runtime.name for runtime in facts.runtimes()} == set(model.shape_for("Runtime").enum)


def test_an_unknown_runtime_leads_to_a_known_one() -> None:
    with pytest.raises(FactUnknown, match=r"no Lambda runtime 'python3.16'.*Did you mean python3"):
        facts.runtime("python3.16")


def row(
    runtime: str, architecture: str = "x86_64", memory_mb: int = 128, package: str = "zip"
) -> facts.ColdStart:
    found = [
        cold
        for cold in facts.coldstarts()
        if (cold.runtime, cold.architecture, cold.memory_mb, cold.package)
        == (runtime, architecture, memory_mb, package)
    ]
    (only,) = found
    return only


@pytest.mark.parametrize(
    ("runtime", "architecture", "mean", "p50", "p99"),
    [
        ("python3.13", "x86_64", 86, 84, 121),
        ("python3.13", "arm64", 78, 80, 117),
        ("nodejs24.x", "x86_64", 137, 135, 187),
        ("java21", "arm64", 244, 249, 590),
        ("dotnet10", "x86_64", 289, 251, 674),
    ],
)
def test_published_cold_starts(runtime: str, architecture: str, mean: int, p50: int, p99: int) -> None:
    cold = row(runtime, architecture)
    assert [cold.mean_ms, cold.p50_ms, cold.p99_ms] == pytest.approx([mean, p50, p99], abs=0.5)
    assert cold.n > 300


def test_languages_on_an_os_only_runtime_are_told_apart() -> None:
    languages = {cold.language for cold in facts.coldstarts() if cold.runtime == "provided.al2023"}
    assert {"rust", "go", "dotnet10 aot"} <= languages


def test_every_cold_start_is_of_a_runtime_that_exists() -> None:
    assert len(facts.coldstarts()) == 620
    assert {cold.runtime for cold in facts.coldstarts()} <= {runtime.name for runtime in facts.runtimes()}


def test_the_prime_number_table_is_the_published_one() -> None:
    assert [(r.memory_mb, r.duration_s, r.published_usd) for r in facts.prime_numbers()] == [
        (128, Decimal("11.722965"), Decimal("0.024628")),
        (256, Decimal("6.678945"), Decimal("0.028035")),
        (512, Decimal("3.194954"), Decimal("0.026830")),
        (1024, Decimal("1.465984"), Decimal("0.024638")),
    ]


@pytest.mark.parametrize(
    ("name", "vcpu", "memory_gb", "baseline"),
    [
        ("t4g.small", 2, 2, "0.20"),
        ("t4g.nano", 2, "0.5", "0.05"),
        ("m7g.large", 2, 8, "1"),
        ("c7g.xlarge", 4, 8, "1"),
    ],
)
def test_instance_types(name: str, vcpu: int, memory_gb: object, baseline: str) -> None:
    instance = facts.instance(name)
    assert (instance.vcpu, instance.memory_gb) == (vcpu, Decimal(str(memory_gb)))
    assert instance.baseline == Decimal(baseline)


def test_every_instance_with_a_price_is_known() -> None:
    listed = json.loads(Path(facts.__file__).with_name("prices.json").read_text(encoding="utf-8"))
    priced = {
        key.removeprefix("ec2.") for entries in listed.values() for key in entries if key.startswith("ec2.")
    }
    assert len(priced) == 17
    for name in priced:
        assert facts.instance(name).name == name


def test_an_instance_type_that_is_not_compared_is_refused() -> None:
    with pytest.raises(FactUnknown, match=r"EC2 instance type 't2\.nano'.*Did you mean"):
        facts.instance("t2.nano")


def test_importing_facts_pricing_and_reports_loads_nothing_heavy() -> None:
    code = (
        "import sys, labkit.facts, labkit.pricing, labkit.reports;"
        "print({'pandas', 'numpy', 'boto3', 'botocore', 'aiohttp', 'matplotlib'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"
