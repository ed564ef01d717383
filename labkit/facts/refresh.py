"""Newer prices from the AWS Price List API, written beside the packaged ones. Nothing is guessed.

A price is taken only where exactly one product of the Region stands for it; anything else stays as it was.
The client is the caller's: this module makes no connections and knows no credentials.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from labkit.errors import FactUnknown
from labkit.facts.files import entries, read

EC2 = "AmazonEC2"
# One row of the many that each instance type has: Linux, on demand, nothing preinstalled.
_PLAIN_INSTANCE = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "tenancy": "Shared",
    "capacitystatus": "Used",
}
_REGION_PREFIX = r"(?:[A-Z]{2,4}\d+-|EU-)?"


@dataclass(frozen=True)
class Refreshed:
    """What a refresh read.

    Attributes:
        path: the file that was written.
        prices: for each Region, the entries read, by key, in the form of ``prices.json``.
        missing: for each Region, the keys for which no single product was found.
    """

    path: Path
    prices: Mapping[str, Mapping[str, dict[str, Any]]]
    missing: Mapping[str, tuple[str, ...]]


def refresh(client: Any, regions: Sequence[str], path: Path) -> Refreshed:
    """Read the prices of these Regions and write them into ``path``; what else it holds stays.

    Args:
        client: a boto3 client of the ``pricing`` service; GetProducts costs nothing.
        path: such as ``.labkit/prices.json`` of the workspace, which `price` reads before the packaged list.

    Raises:
        FactUnknown: nothing was found for a Region, or the file that is there cannot be read. Nothing is
            written then.
    """
    kept = _kept(path)
    found = {region: dict(_read_region(client, region)) for region in regions}
    for region, prices in found.items():
        if not prices:
            raise FactUnknown(
                f"The Price List API has no prices for Region {region!r}. Is its code right, as in eu-west-1?"
            )
    document = {**kept, **{region: {**kept.get(region, {}), **found[region]} for region in found}}
    _write(path, document)
    wanted = (*entries("products.json"), *_instances())
    missing = {region: tuple(key for key in wanted if key not in found[region]) for region in regions}
    return Refreshed(path, found, missing)


def _read_region(client: Any, region: str) -> Iterator[tuple[str, dict[str, Any]]]:
    products = entries("products.json")
    for service in dict.fromkeys(one["service"] for one in products.values()):
        offered = list(_products(client, service, region, {}))
        for key, wanted in products.items():
            if wanted["service"] == service:
                yield from _single(
                    key, [one for one in offered if _fits(one, wanted)], wanted.get("times", 1)
                )
    for key in _instances():
        kind = {"instanceType": key.removeprefix("ec2."), **_PLAIN_INSTANCE}
        boxes = [
            one
            for one in _products(client, EC2, region, kind)
            if "BoxUsage" in _attributes(one).get("usagetype", "")
        ]
        yield from _single(key, boxes, 1)


def _products(
    client: Any, service: str, region: str, attributes: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    fields = {"regionCode": region, **attributes}
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()]
    pages = client.get_paginator("get_products").paginate(ServiceCode=service, Filters=filters)
    for page in pages:
        for text in page["PriceList"]:
            try:
                product = json.loads(text)
            except ValueError:
                continue
            if isinstance(product, dict):
                yield product


def _fits(product: dict[str, Any], wanted: Mapping[str, Any]) -> bool:
    attributes = _attributes(product)
    usage = "|".join(map(re.escape, wanted["usage"]))
    return bool(re.fullmatch(f"{_REGION_PREFIX}(?:{usage})", attributes.get("usagetype", ""))) and all(
        attributes.get(name) == value for name, value in wanted.get("attributes", {}).items()
    )


def _attributes(product: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = product.get("product", {}).get("attributes", {})
    return found


def _single(key: str, products: Iterable[dict[str, Any]], times: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The entry of the one product that stands for a price; none for none, and none for several."""
    candidates = list(products)
    if len(candidates) == 1 and (entry := _entry(key, candidates[0], times)):
        yield key, entry


def _entry(key: str, product: dict[str, Any], times: int) -> dict[str, Any] | None:
    """An entry as in ``prices.json``; None for what has no plain price in USD, or begins with a free tier."""
    like = read("prices.json")["us-east-1"][key]
    per = int(like.get("per", 1))
    try:
        (term,) = product["terms"]["OnDemand"].values()
        steps = sorted(
            (
                (
                    Decimal(one["beginRange"]),
                    one["endRange"],
                    Decimal(one["pricePerUnit"]["USD"]) * per * times,
                )
                for one in term["priceDimensions"].values()
            ),
            key=lambda step: step[0],
        )
        as_of = term["effectiveDate"][:10]
        sku = product["product"]["sku"]
    except (KeyError, ValueError, TypeError, ArithmeticError):
        return None
    if not steps or steps[0][0] != 0 or any(price <= 0 for _, _, price in steps):
        return None
    tiers = [[int(start), None if end == "Inf" else int(end), _plain(price)] for start, end, price in steps]
    amount: dict[str, Any] = {"price": tiers[0][2]} if len(tiers) == 1 else {"tiers": tiers}
    version = product.get("version", "")
    return {
        **amount,
        "unit": like["unit"],
        **({"per": per} if per != 1 else {}),
        "as_of": as_of,
        "source": f"AWS Price List API, {product.get('serviceCode', '')}, SKU {sku}, version {version}",
        "confidence": "high",
        **({"note": like["note"]} if "note" in like else {}),
    }


def _instances() -> tuple[str, ...]:
    return tuple(key for key in read("prices.json")["us-east-1"] if key.startswith("ec2."))


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _kept(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        raise FactUnknown(
            f"The price file {path} cannot be read ({problem}). Delete it and refresh again."
        ) from problem
    if not isinstance(document, dict):
        raise FactUnknown(f"The price file {path} holds no prices. Delete it and refresh again.")
    return document


def _write(path: Path, document: dict[str, Any]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(path)
