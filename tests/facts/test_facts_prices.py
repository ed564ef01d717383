"""Which prices are handed out, which are not, and where a newer one may come from."""

from __future__ import annotations

import json
import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from labkit import facts
from labkit.errors import FactUnknown
from labkit.facts import Tier

PACKAGED = Path(facts.__file__).with_name("prices.json")
ENTRIES = [
    (region, key, entry)
    for region, entries in json.loads(PACKAGED.read_text(encoding="utf-8")).items()
    if not region.startswith("_")
    for key, entry in entries.items()
]


@pytest.mark.parametrize(
    ("region", "key", "value", "unit"),
    [
        ("us-east-1", "lambda.request", "0.20", "USD per 1M requests"),
        ("us-east-1", "lambda.gbs.x86", "0.0000166667", "USD per GB-second"),
        ("us-east-1", "lambda.gbs.arm64", "0.0000133334", "USD per GB-second"),
        ("us-east-1", "lambda.ephemeral", "0.0000000309", "USD per GB-second of /tmp above 512 MB"),
        ("ap-northeast-1", "lambda.pc.x86", "0.0000053835", "USD per GB-second provisioned"),
        ("ap-northeast-1", "fargate.vcpu.x86", "0.05056", "USD per vCPU-hour"),
        ("ap-northeast-1", "apigw.http", "1.29", "USD per 1M requests"),
        ("us-east-1", "stepfunctions.standard", "0.025", "USD per 1,000 state transitions"),
        ("us-east-1", "dynamodb.ondemand.write", "0.625", "USD per 1M write request units"),
        ("us-east-1", "ec2.m8g.large", "0.08976", "USD per hour, Linux, on demand"),
        ("eu-west-1", "lambda.gbs.x86", "0.0000166667", "USD per GB-second"),
    ],
)
def test_a_price_is_the_decimal_that_aws_prints(region: str, key: str, value: str, unit: str) -> None:
    price = facts.price(region, key)
    assert (price.value, price.unit) == (Decimal(value), unit)


def test_a_price_says_where_and_when_it_was_found() -> None:
    price = facts.price("us-east-1", "lambda.request")
    assert price.as_of == date(2025, 10, 1)
    assert "AWS Price List API" in price.source
    assert price.confidence == "high"
    assert price.each_usd == Decimal("0.0000002")


def test_tiers_are_handed_out_with_their_bounds() -> None:
    assert facts.price("us-east-1", "lambda.gbs.x86").tiers == (
        Tier(Decimal(0), Decimal(6_000_000_000), Decimal("0.0000166667")),
        Tier(Decimal(6_000_000_000), Decimal(15_000_000_000), Decimal("0.0000150000")),
        Tier(Decimal(15_000_000_000), None, Decimal("0.0000133334")),
    )


def test_a_region_with_one_known_tier_does_not_claim_the_others() -> None:
    (only,) = facts.price("eu-west-1", "lambda.gbs.x86").tiers
    assert only.end == 6_000_000_000


@pytest.mark.parametrize(
    ("region", "key", "reason"),
    [
        ("ap-northeast-1", "lambda.pc.arm64", "estimate"),
        ("ap-northeast-1", "lambda.snapstart.cache", "estimate"),
        ("ap-northeast-1", "lambda.streaming", "no value was found"),
        ("ap-northeast-1", "apigw.rest", "unconfirmed"),
        ("ap-northeast-1", "ec2.t4g.small", "unconfirmed"),
        ("ap-northeast-1", "eventbridge.custom_event", "unconfirmed"),
        ("us-east-1", "lambda.durable.data_written", "unconfirmed"),
        ("eu-west-1", "fargate.vcpu.x86", "no value was found"),
    ],
)
def test_what_is_not_known_for_a_region_is_refused_with_the_reason(
    region: str, key: str, reason: str
) -> None:
    with pytest.raises(FactUnknown, match=f"not known for this Region \\({region}\\).*{reason}.*Look it up"):
        facts.price(region, key)


@pytest.mark.parametrize(
    ("region", "key", "hint"),
    [
        ("us-east-9", "lambda.request", "us-east-1"),
        ("us-east-1", "lambda.requests", "Did you mean lambda.request"),
        ("us-east-1", "nonsense", "lists all"),
    ],
)
def test_a_name_that_does_not_exist_leads_to_one_that_does(region: str, key: str, hint: str) -> None:
    with pytest.raises(FactUnknown, match=re.escape(hint)):
        facts.price(region, key)


@pytest.mark.parametrize(
    ("region", "key", "entry"), ENTRIES, ids=[f"{region}-{key}" for region, key, _ in ENTRIES]
)
def test_each_entry_is_complete_and_shown_only_if_confirmed(
    region: str, key: str, entry: dict[str, Any]
) -> None:
    assert entry["source"] and entry["unit"]
    assert date(2025, 1, 1) <= date.fromisoformat(entry["as_of"]) <= date(2026, 11, 28)
    assert ("price" in entry) != ("tiers" in entry)
    assert {"1M": 1_000_000, "1,000": 1_000}.get(entry["unit"].split()[2], 1) == entry.get("per", 1)
    if entry["confidence"] in ("high", "medium"):
        assert facts.price(region, key).value > 0
    else:
        with pytest.raises(FactUnknown):
            facts.price(region, key)


@pytest.mark.parametrize("region", facts.regions())
def test_every_region_can_price_an_invocation(region: str) -> None:
    for key in ("lambda.request", "lambda.gbs.x86", "lambda.gbs.arm64", "lambda.ephemeral"):
        assert facts.price(region, key).value > 0


# A newer price file ----------------------------------------------------------------------------------------


def newer(path: Path, usd: str, **changes: Any) -> Path:
    entry = {
        "price": usd,
        "unit": "USD per 1M requests",
        "per": 1_000_000,
        "as_of": "2026-11-23",
        "source": "AWS Price List API",
        "confidence": "high",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"us-east-1": {"lambda.request": entry | changes}}), encoding="utf-8")
    return path


def test_a_file_given_as_argument_goes_before_the_packaged_one(tmp_path: Path) -> None:
    path = newer(tmp_path / "p.json", "0.21")
    assert facts.price("us-east-1", "lambda.request", path=path).value == Decimal("0.21")


def test_a_file_named_by_the_environment_goes_before_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_PRICES", str(newer(tmp_path / "p.json", "0.22")))
    assert facts.price("us-east-1", "lambda.request").value == Decimal("0.22")


def test_a_file_of_the_workspace_goes_before_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(tmp_path / ".labkit" / "prices.json", "0.23")
    monkeypatch.setenv("LABKIT_WORKSPACE", str(tmp_path))
    price = facts.price("us-east-1", "lambda.request")
    assert (price.value, price.as_of) == (Decimal("0.23"), date(2026, 11, 23))


def test_without_a_variable_the_workspace_is_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(tmp_path / ".labkit" / "prices.json", "0.24")
    monkeypatch.delenv("LABKIT_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert facts.price("us-east-1", "lambda.request").value == Decimal("0.24")


def test_what_a_newer_file_does_not_hold_comes_from_the_packaged_one(tmp_path: Path) -> None:
    path = newer(tmp_path / "p.json", "0.21")
    assert facts.price("us-east-1", "sqs.standard", path=path).value == Decimal("0.40")


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = newer(tmp_path / "p.json", "0.21")
    assert facts.price("us-east-1", "lambda.request", path=path).value == Decimal("0.21")
    newer(path, "0.19")
    os.utime(path, ns=(0, 1))
    assert facts.price("us-east-1", "lambda.request", path=path).value == Decimal("0.19")


def test_an_estimate_in_a_newer_file_is_not_shown_either(tmp_path: Path) -> None:
    path = newer(tmp_path / "p.json", "0.21", confidence="estimate")
    with pytest.raises(FactUnknown, match="estimate"):
        facts.price("us-east-1", "lambda.request", path=path)


def test_a_named_file_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKIT_PRICES", "/nowhere/prices.json")
    with pytest.raises(FactUnknown, match=r"/nowhere/prices.json cannot be read.*unset LABKIT_PRICES"):
        facts.price("us-east-1", "lambda.request")


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"us-east-1": 3}', '{"us-east-1": {"x": "y"}}'])
def test_a_file_that_holds_no_prices_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FactUnknown, match=r"p\.json is not readable as prices"):
        facts.price("us-east-1", "lambda.request", path=path)


@pytest.mark.parametrize("changes", [{"price": "cheap"}, {"as_of": "today"}, {"tiers": []}, {"tiers": [[1]]}])
def test_an_entry_that_makes_no_sense_is_an_error_that_names_it(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = newer(tmp_path / "p.json", "0.21", **changes)
    with pytest.raises(FactUnknown, match=r"lambda\.request for us-east-1 .* cannot be read"):
        facts.price("us-east-1", "lambda.request", path=path)
