"""Prices: the packaged list, a newer list that goes before it, and what to say of a price that is not known.

Computes nothing: what things cost is `labkit.pricing`.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from labkit.errors import FactUnknown
from labkit.facts.files import HERE, SHOWN, day, entries, guess, no_such
from labkit.facts.records import Price, Tier

PRICES_VARIABLE = "LABKIT_PRICES"

_PRICE_PAGE = "https://aws.amazon.com/pricing/"
Table = dict[str, dict[str, dict[str, Any]]]


def price(region: str, key: str, *, path: str | os.PathLike[str] | None = None) -> Price:
    """The price of one thing in one Region, such as ``price("us-east-1", "lambda.request")``.

    An entry of a newer price file takes precedence over the packaged one: the file at ``path``, else the one
    that the environment variable ``LABKIT_PRICES`` names, else ``.labkit/prices.json`` of the workspace
    (``LABKIT_WORKSPACE``, else the current folder) if it exists. A changed file is read again.

    Args:
        region: a Region code.
        key: a dotted name as in ``prices.json``: ``lambda.gbs.arm64``, ``fargate.vcpu.x86``,
            ``ec2.m7g.large``.

    Raises:
        FactUnknown: no such price is known for this Region, or what is noted is only an estimate or
            unconfirmed, or a newer price file cannot be read.
    """
    stamp = _newer_file(path)
    found = _price(region, key, *stamp) if stamp else _price(region, key)
    if isinstance(found, Price):
        return found
    raise FactUnknown(_price_unknown(region, key, found, _tables(*stamp) if stamp else _tables()))


def regions() -> tuple[str, ...]:
    """The Regions for which the packaged file knows any price."""
    return tuple(_packaged())


def price_keys() -> tuple[str, ...]:
    """The names of all prices that the packaged file has for any Region, known there or not."""
    return tuple(dict.fromkeys(key for prices in _packaged().values() for key in prices))


def _newer_file(path: str | os.PathLike[str] | None) -> tuple[str, int] | None:
    """The newer price file and its time of change: the key under which its contents are remembered."""
    named = path or os.environ.get(PRICES_VARIABLE)
    candidate = os.path.abspath(named or os.path.join(_workspace(), ".labkit", "prices.json"))
    try:
        return candidate, os.stat(candidate).st_mtime_ns
    except OSError as problem:
        if not named:
            return None
        raise FactUnknown(
            f"The price file {candidate} cannot be read ({problem.strerror}). "
            f"Name an existing file, or unset {PRICES_VARIABLE} to use the packaged prices."
        ) from problem


def _workspace() -> str:
    return os.environ.get("LABKIT_WORKSPACE") or os.curdir


@cache
def _packaged() -> Table:
    return _prices_in(HERE / "prices.json")


@cache
def _tables(path: str | None = None, changed_ns: int = 0) -> tuple[Table, ...]:
    """The price tables to look into, newest first."""
    return (_packaged(),) if path is None else (_prices_in(Path(path)), _packaged())


def _prices_in(path: Path) -> Table:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {
            region: {key: dict(entry) for key, entry in prices.items()}
            for region, prices in document.items()
            if not region.startswith("_")
        }
    except (OSError, ValueError, AttributeError, TypeError) as problem:
        raise FactUnknown(
            f"The price file {path} is not readable as prices ({problem}). Delete it, or write it again "
            "in the form of the packaged labkit/facts/prices.json."
        ) from problem


@cache
def _price(region: str, key: str, path: str | None = None, changed_ns: int = 0) -> Price | str | None:
    """The price, or the confidence of an entry that may not be shown, or None where nothing is noted."""
    for table in _tables(path, changed_ns):
        entry = table.get(region, {}).get(key)
        if entry is None:
            continue
        confidence: str = entry.get("confidence", "unknown")
        return _to_price(region, key, entry) if confidence in SHOWN else confidence
    return None


def _to_price(region: str, key: str, entry: dict[str, Any]) -> Price:
    try:
        steps = entry["tiers"] if "tiers" in entry else [[0, None, entry["price"]]]
        tiers = tuple(
            Tier(Decimal(start), None if end is None else Decimal(end), Decimal(str(usd)))
            for start, end, usd in steps
        )
        return Price(
            region=region,
            key=key,
            value=tiers[0].value_usd,
            unit=entry["unit"],
            per=int(entry.get("per", 1)),
            tiers=tiers,
            source=entry["source"],
            as_of=day(entry["as_of"]),
            confidence=entry["confidence"],
            note=entry.get("note", ""),
        )
    except (KeyError, ValueError, TypeError, ArithmeticError, IndexError) as problem:
        raise FactUnknown(
            f"The price {key} for {region} is noted in a form that cannot be read ({problem!r}). "
            "Write it as in the packaged labkit/facts/prices.json."
        ) from problem


def _or_ask(region: str, key: str) -> str:
    askable = key in entries("products.json") or key.startswith("ec2.")
    return f", or ask AWS: labkit prices refresh --region {region}" if askable else ""


def _price_unknown(region: str, key: str, confidence: str | None, tables: tuple[Table, ...]) -> str:
    known = {name for table in tables for name in table}
    with_key = sorted(
        name for name in known if any(t.get(name, {}).get(key, {}).get("confidence") in SHOWN for t in tables)
    )
    if region not in known:
        listed = ", ".join(sorted(known))
        return f"No prices are known for Region {region!r}.{guess(region, known)} Known: {listed}."
    if not with_key and confidence is None:
        names = {name for table in tables for prices in table.values() for name in prices}
        return no_such("price", key, names, "labkit/facts/prices.json lists all.")
    why = {
        None: "no value was found",
        "estimate": "only an estimate was found, and estimates are not shown as prices",
        "low": "only an unconfirmed value was found, and those are not shown as prices",
    }.get(confidence, "no value was found")
    elsewhere = f"It is known for {', '.join(with_key[:4])}. " if with_key else ""
    return (
        f"The price {key} is not known for this Region ({region}): {why}. {elsewhere}"
        f"Look it up at {_PRICE_PAGE} and note it in .labkit/prices.json of the workspace, in the form of "
        f"the packaged labkit/facts/prices.json{_or_ask(region, key)}."
    )
