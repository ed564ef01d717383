"""Facts about AWS: prices, quotas, runtimes, published measurements, each with its source and date.

The JSON files here are the only place where such numbers stand. Nothing is guessed: what is not known, or
only estimated, raises `labkit.errors.FactUnknown`.
"""

from labkit.facts.loader import (
    coldstarts,
    default_runtime,
    instance,
    instances,
    prime_numbers,
    quota,
    quotas,
    runtime,
    runtimes,
)
from labkit.facts.pricelist import price, price_keys, regions
from labkit.facts.records import ColdStart, Instance, Price, PrimeRun, Quota, Runtime, Tier

__all__ = [
    "ColdStart",
    "Instance",
    "Price",
    "PrimeRun",
    "Quota",
    "Runtime",
    "Tier",
    "coldstarts",
    "default_runtime",
    "instance",
    "instances",
    "price",
    "price_keys",
    "prime_numbers",
    "quota",
    "quotas",
    "regions",
    "runtime",
    "runtimes",
]
