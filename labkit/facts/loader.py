"""Quotas, runtimes, instance types and published measurements, read late and once from the JSON files."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from labkit.errors import FactUnknown
from labkit.facts.files import SHOWN, dated, day, entries, no_such, read
from labkit.facts.records import ColdStart, Instance, PrimeRun, Quota, Runtime


def quota(name: str) -> Quota:
    """A limit or billing step by name, such as ``quota("timeout_max_s").value == 900``.

    Raises:
        FactUnknown: no quota has this name, or its value is not confirmed.
    """
    found = _quotas().get(name)
    if found is None:
        raise FactUnknown(no_such("quota", name, _quotas(), "labkit.facts.quotas() lists all."))
    if found.confidence not in SHOWN:
        raise FactUnknown(
            f"The quota {name} is not known: the only value found is unconfirmed. "
            "Look it up in the Service Quotas console or in the Lambda Developer Guide."
        )
    return found


def quotas() -> tuple[Quota, ...]:
    """All quotas that `quota` hands out, in the order of the file."""
    return tuple(q for q in _quotas().values() if q.confidence in SHOWN)


def runtime(name: str) -> Runtime:
    """A runtime by its identifier, such as ``runtime("python3.13")``.

    Raises:
        FactUnknown: the Lambda API has no such runtime.
    """
    known = _runtimes()
    if name not in known:
        raise FactUnknown(no_such("Lambda runtime", name, known, "labkit.facts.runtimes() lists all."))
    return known[name]


def runtimes() -> tuple[Runtime, ...]:
    """Every runtime identifier of the Lambda API, deprecated ones too; ``status(on)`` tells them apart."""
    return tuple(_runtimes().values())


def default_runtime() -> Runtime:
    """The runtime that the workbook uses where it makes no point of the choice."""
    return runtime(read("runtimes.json")["default"])


@cache
def coldstarts() -> tuple[ColdStart, ...]:
    """Published cold starts of empty functions, by runtime, language, package, architecture and memory."""
    document = read("coldstarts.json")
    about = {
        "source": document["source"],
        "as_of": day(document["as_of"]),
        "confidence": document["confidence"],
    }
    columns = document["columns"]
    return tuple(ColdStart(**dict(zip(columns, row, strict=True)), **about) for row in document["rows"])


def instance(name: str) -> Instance:
    """An EC2 instance type, such as ``instance("m7g.large")``.

    Raises:
        FactUnknown: the type is not among those that the workbook compares with.
    """
    known = entries("instances.json")
    if name not in known:
        raise FactUnknown(no_such("EC2 instance type", name, known, f"Known here: {', '.join(known)}."))
    fields = dict(known[name])
    fields |= {"memory_gb": Decimal(fields["memory_gb"]), "baseline": Decimal(fields["baseline"])}
    return Instance(name=name, **dated(fields))


def instances() -> tuple[Instance, ...]:
    """The EC2 instance types that the workbook compares with; prices of some are known in some Regions."""
    return tuple(instance(name) for name in entries("instances.json"))


@cache
def prime_numbers() -> tuple[PrimeRun, ...]:
    """The published prime-number table: the same CPU-bound work at four memory sizes."""
    table = entries("measurements.json")["prime_numbers"]
    about = {key: table[key] for key in ("source", "as_of", "confidence", "runs")}
    about["gb_second_usd"] = Decimal(table["gb_second_usd"])
    return tuple(
        PrimeRun(memory_mb=memory_mb, duration_s=Decimal(seconds), published_usd=Decimal(usd), **dated(about))
        for memory_mb, seconds, usd in table["rows"]
    )


@cache
def _quotas() -> dict[str, Quota]:
    return {name: Quota(name=name, **dated(fields)) for name, fields in entries("quotas.json").items()}


@cache
def _runtimes() -> dict[str, Runtime]:
    return {name: Runtime(name=name, **dated(fields)) for name, fields in entries("runtimes.json").items()}
