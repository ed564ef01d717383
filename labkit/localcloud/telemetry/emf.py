"""Embedded metric format: JSON log events that carry metrics. Pure.

Source: AWS, "Specification: Embedded metric format". A document that breaks it is no more than a log event.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labkit.localcloud.telemetry.store import Metric, dimensions

METRICS_MAX = 100
VALUES_MAX = 100
DIMENSIONS_MAX = 30


@dataclass(frozen=True)
class Datum:
    """Values of one metric at one moment. ``resolution_s`` is 60, or 1 for high resolution."""

    metric: Metric
    time_s: float
    values: tuple[float, ...]
    unit: str | None
    resolution_s: int


class _Broken(Exception):
    pass


def parse(message: str) -> list[Datum]:
    """The metrics in one log event; none when it is no document of the format, or a broken one."""
    if '"_aws"' not in message:
        return []
    try:
        document = json.loads(message)
        _require(isinstance(document, dict) and isinstance(document.get("_aws"), dict))
        return list(_document(document))
    except (ValueError, RecursionError, _Broken):
        return []


def _document(document: dict[str, Any]) -> Iterator[Datum]:
    about = document["_aws"]
    _require(_is_number(about.get("Timestamp")) and about["Timestamp"] >= 0)
    for directive in _list(about.get("CloudWatchMetrics")):
        _require(isinstance(directive, dict))
        namespace = directive.get("Namespace")
        _require(isinstance(namespace, str) and 1 <= len(namespace) <= 1024)
        sets = [_dimensions(document, names) for names in _list(directive.get("Dimensions"))] or [()]
        definitions = _list(directive.get("Metrics"))
        _require(len(definitions) <= METRICS_MAX)
        for definition in definitions:
            yield from _metric(document, namespace, sets, definition, about["Timestamp"] / 1000)


def _metric(document: dict[str, Any], namespace: str, sets: list[Any], definition: Any, time_s: float) -> Any:
    _require(isinstance(definition, dict))
    name, unit = definition.get("Name"), definition.get("Unit")
    resolution = definition.get("StorageResolution", 60)
    _require(isinstance(name, str) and 1 <= len(name) <= 1024)
    _require(unit is None or unit in UNITS)
    _require(resolution in (1, 60))
    if name not in document:
        return
    found = document[name]
    values = tuple(found if isinstance(found, list) else [found])
    _require(len(values) <= VALUES_MAX and all(_is_number(value) for value in values))
    for pairs in sets:
        if pairs is not None and values:
            yield Datum(Metric(namespace, name, pairs), time_s, values, unit, resolution)


def _dimensions(document: dict[str, Any], names: Any) -> tuple[tuple[str, str], ...] | None:
    """One dimension set; None when the document lacks one of its values."""
    names = _list(names)
    _require(len(names) <= DIMENSIONS_MAX and all(isinstance(name, str) for name in names))
    if any(name not in document for name in names):
        return None
    pairs = {name: document[name] for name in names}
    _require(all(isinstance(value, str) and 1 <= len(value) <= 1024 for value in pairs.values()))
    return dimensions(pairs)


def _list(value: Any) -> list[Any]:
    _require(isinstance(value, list))
    return list(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _require(fine: bool) -> None:
    if not fine:
        raise _Broken


_BITS = [f"{prefix}{what}" for what in ("bytes", "bits") for prefix in ("Kilo", "Mega", "Giga", "Tera")]
_RATED = ["Bytes", "Bits", *_BITS, "Count"]
UNITS = {
    *_RATED,
    *(f"{unit}/Second" for unit in _RATED),
    *("Seconds", "Milliseconds", "Microseconds", "Percent", "None"),
}
