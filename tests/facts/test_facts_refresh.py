"""Newer prices from the AWS Price List API: what is taken, what is not, and what a learner sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from price_list_stub import PriceList, product

from labkit import cli, facts
from labkit.errors import FactUnknown
from labkit.facts.files import entries
from labkit.facts.refresh import refresh

TOKYO = "ap-northeast-1"
ALL = ("0", "Inf")
PLAIN_INSTANCE = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "tenancy": "Shared",
    "capacitystatus": "Used",
}
OFFERED = [
    product("AWSLambda", TOKYO, "APN1-Request", (*ALL, "0.0000002100")),
    product("AWSLambda", TOKYO, "APN1-Request-ARM", (*ALL, "0.0000009900")),
    product("AWSLambda", TOKYO, "APN1-Lambda-Edge-Request", (*ALL, "0.0000006000")),
    product(
        "AWSLambda",
        TOKYO,
        "APN1-Lambda-GB-Second",
        ("15000000000", "Inf", "0.0000133334"),
        ("0", "6000000000", "0.0000166667"),
        ("6000000000", "15000000000", "0.0000150000"),
    ),
    product("AWSLambda", TOKYO, "APN1-Lambda-Provisioned-Concurrency-ARM", (*ALL, "0.0000043068")),
    product("AmazonStates", TOKYO, "APN1-StepFunctions-GB-Second", (*ALL, "0.0000166700")),
    product("AmazonDynamoDB", TOKYO, "APN1-WriteRequestUnits", (*ALL, "0.0000007150")),
    product("AmazonDynamoDB", TOKYO, "APN1-IA-WriteRequestUnits", (*ALL, "0.0000008900")),
    product(
        "AmazonEC2",
        TOKYO,
        "APN1-BoxUsage:t4g.small",
        (*ALL, "0.0216000000"),
        instanceType="t4g.small",
        **PLAIN_INSTANCE,
    ),
    product(
        "AmazonEC2",
        TOKYO,
        "APN1-Reservation:t4g.small",
        (*ALL, "0.0000000000"),
        instanceType="t4g.small",
        **PLAIN_INSTANCE,
    ),
]


@pytest.fixture
def price_list() -> Iterator[PriceList]:
    with PriceList(list(OFFERED)).running() as running:
        yield running


def client(price_list: PriceList) -> Any:
    return boto3.client("pricing", region_name="us-east-1", endpoint_url=price_list.url)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lambda.request", "0.21"),  # per 1M, as the packaged list has it
        ("lambda.gbs.x86", "0.0000166667"),
        ("lambda.pc.arm64", "0.0000043068"),  # packaged as an estimate, so never shown
        ("stepfunctions.express.duration", "0.060012"),  # AWS lists GB-seconds
        ("dynamodb.ondemand.write", "0.715"),
        ("ec2.t4g.small", "0.0216"),
    ],
)
def test_a_price_that_was_read_goes_before_the_packaged_one(
    price_list: PriceList, tmp_path: Path, key: str, value: str
) -> None:
    """In the unit of the packaged list, with AWS's own date and the SKU as its source."""
    path = tmp_path / "prices.json"
    refresh(client(price_list), [TOKYO], path)
    price = facts.price(TOKYO, key, path=path)
    assert price.value == Decimal(value)
    assert (str(price.as_of), price.confidence) == ("2026-11-01", "high")
    assert "AWS Price List API, " in price.source and "SKU" in price.source


def test_tiers_are_read_in_their_order(price_list: PriceList, tmp_path: Path) -> None:
    """AWS lists them in any."""
    refresh(client(price_list), [TOKYO], tmp_path / "prices.json")
    price = facts.price(TOKYO, "lambda.gbs.x86", path=tmp_path / "prices.json")
    assert [tier.start for tier in price.tiers] == [0, 6_000_000_000, 15_000_000_000]
    assert price.tiers[-1].end is None


@pytest.mark.parametrize(
    "added",
    [
        product("AWSLambda", TOKYO, "APN1-Request", (*ALL, "0.0000002200"), sku="ANOTHER"),
        product("AWSLambda", TOKYO, "Request", (*ALL, "0.0000002200"), sku="ANOTHER"),
    ],
)
def test_where_two_products_could_be_meant_neither_is_taken(
    price_list: PriceList, tmp_path: Path, added: dict[str, Any]
) -> None:
    """What was known stays, and the key is reported."""
    price_list.products.append(added)
    path = tmp_path / "prices.json"
    done = refresh(client(price_list), [TOKYO], path)
    assert "lambda.request" in done.missing[TOKYO]
    assert facts.price(TOKYO, "lambda.request", path=path).value == Decimal("0.20")


@pytest.mark.parametrize(
    "broken",
    [
        "no json",
        "[]",
        '{"product": {}, "terms": {}}',
        json.dumps(product("AWSLambda", TOKYO, "APN1-Lambda-GB-Second-ARM")),
        json.dumps(product("AWSLambda", TOKYO, "APN1-Lambda-GB-Second-ARM", (*ALL, "cheap"))),
        json.dumps(
            product("AWSLambda", TOKYO, "APN1-Lambda-GB-Second-ARM", ("0", "9", "0"), ("9", "Inf", "1"))
        ),
        json.dumps(product("AWSLambda", TOKYO, "APN1-Lambda-GB-Second-ARM", (*ALL, "1"))).replace(
            "USD", "CNY"
        ),
    ],
)
def test_a_document_that_cannot_be_read_is_no_price(
    price_list: PriceList, tmp_path: Path, broken: str
) -> None:
    """Also one in another currency, or with a free tier that the packaged list counts elsewhere."""
    price_list.products.append(broken)
    done = refresh(client(price_list), [TOKYO], tmp_path / "prices.json")
    assert "lambda.gbs.arm64" in done.missing[TOKYO]
    assert "lambda.request" in done.prices[TOKYO]


def test_other_entries_of_the_file_stay(price_list: PriceList, tmp_path: Path) -> None:
    """What somebody noted by hand, and other Regions."""
    path = tmp_path / "prices.json"
    mine = {"unit": "USD", "price": "1", "as_of": "2026-01-01", "source": "me", "confidence": "medium"}
    path.write_text(json.dumps({TOKYO: {"apigw.rest": mine}, "eu-west-1": {"apigw.rest": mine}}))
    refresh(client(price_list), [TOKYO], path)
    for region in (TOKYO, "eu-west-1"):
        assert facts.price(region, "apigw.rest", path=path).source == "me"


def test_a_region_without_products_writes_nothing(price_list: PriceList, tmp_path: Path) -> None:
    """A mistyped code does not leave an empty file."""
    with pytest.raises(FactUnknown, match="no prices for Region 'ap-northeast-9'"):
        refresh(client(price_list), [TOKYO, "ap-northeast-9"], tmp_path / "prices.json")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_holds_something_else_is_not_overwritten(price_list: PriceList, tmp_path: Path) -> None:
    """It may be somebody's work."""
    (tmp_path / "prices.json").write_text("{")
    with pytest.raises(FactUnknown, match="Delete it and refresh again"):
        refresh(client(price_list), [TOKYO], tmp_path / "prices.json")
    assert (tmp_path / "prices.json").read_text() == "{"


@pytest.mark.parametrize("key", entries("products.json"))
def test_each_product_stands_for_a_packaged_price(key: str) -> None:
    """Their units are the packaged ones."""
    assert facts.price("us-east-1", key).unit


class TestCommand:
    """``labkit prices refresh``."""

    @pytest.fixture(autouse=True)
    def surroundings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LABKIT_WORKSPACE", str(tmp_path))
        monkeypatch.delenv("AWS_ENDPOINT_URL")

    def run(self, monkeypatch: pytest.MonkeyPatch, price_list: PriceList, *arguments: str) -> Result:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", price_list.url)
        return CliRunner().invoke(cli.labkit, ["prices", "refresh", *arguments])

    def test_it_says_what_changed(self, monkeypatch: pytest.MonkeyPatch, price_list: PriceList) -> None:
        """New, changed and unchanged; the next cost is computed with it."""
        result = self.run(monkeypatch, price_list, "--region", TOKYO)
        assert result.exit_code == 0
        assert f"{TOKYO}: 6 prices read" in result.output
        assert "0.21 USD per 1M requests (was 0.2" in result.output
        assert "0.0000043068 USD per GB-second provisioned (was not known)" in result.output
        assert "single product was found: lambda.gbs.arm64" in result.output
        assert facts.price(TOKYO, "lambda.request").value == Decimal("0.21")

    def test_without_permission(self, monkeypatch: pytest.MonkeyPatch, price_list: PriceList) -> None:
        """Which one is missing."""
        price_list.refuse = True
        result = self.run(monkeypatch, price_list, "--region", TOKYO)
        assert result.exit_code == 1 and "pricing:GetProducts" in result.output

    def test_without_credentials(self, monkeypatch: pytest.MonkeyPatch, price_list: PriceList) -> None:
        """Whose they have to be."""
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        result = self.run(monkeypatch, price_list, "--region", TOKYO)
        assert result.exit_code == 1 and "credentials of an AWS account" in result.output

    def test_without_a_region(self, monkeypatch: pytest.MonkeyPatch, price_list: PriceList) -> None:
        """How to name one."""
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        result = self.run(monkeypatch, price_list)
        assert result.exit_code == 1 and "--region eu-west-1" in result.output
