"""The form in which AWS Lambda Power Tuning hands out its results, and the link that its viewer opens.

Source: github.com/alexcasalboni/aws-lambda-power-tuning, README-INPUT-OUTPUT.md; the README of its viewer.
Costs count what that tool counts: time, not the request.
"""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

from labkit import pricing
from labkit.errors import FactUnknown

if TYPE_CHECKING:
    from labkit.measure.tuned import Step, Tuning

VIEWER = "https://lambda-power-tuning.show/"
_TIME = "Duration"  # the lines of a bill that are for time


def to_json(tuning: Tuning) -> dict[str, Any]:
    """``power``, ``cost``, ``duration``, ``stateMachine`` and ``stats`` of the best step's architecture.

    ``executionCost`` is 0: no state machine runs here. ``lambdaCost`` is that of all calls.

    Raises:
        MeasureError: no step could be measured.
        FactUnknown: a price is not known for this Region.
    """
    best = tuning.best()
    steps = [step for step in tuning.measured if step.architecture == best.architecture]
    stats = [_stat(tuning, step) for step in steps]
    chosen = stats[steps.index(best)]
    return {
        "power": best.memory_mb,
        "cost": chosen["averagePrice"],
        "duration": best.duration_ms,
        "stateMachine": {
            "executionCost": 0.0,
            "lambdaCost": _time_usd(tuning.cost()),
            "visualization": link(
                [step.memory_mb for step in steps],
                [stat["averageDuration"] for stat in stats],
                [stat["averagePrice"] for stat in stats],
            ),
        },
        "stats": stats,
    }


def link(sizes_mb: list[int], durations_ms: list[float], costs_usd: list[float]) -> str:
    """The viewer's address: three lists behind the ``#``, each packed, little endian, as base64."""
    packed = (_packed("h", sizes_mb), _packed("f", durations_ms), _packed("f", costs_usd))
    return f"{VIEWER}#{';'.join(packed)}"


def read_link(address: str) -> tuple[list[int], list[float], list[float]]:
    """Sizes in MB, durations in ms and costs in USD from an address of the viewer, whoever made it.

    Durations and costs have the seven digits of a 32-bit number.
    """
    sizes, durations, costs = address.partition("#")[2].split(";")[:3]
    return [int(size) for size in _unpacked("h", sizes)], _unpacked("f", durations), _unpacked("f", costs)


def _stat(tuning: Tuning, step: Step) -> dict[str, Any]:
    if step.duration_ms is None or step.cost_usd is None:
        raise FactUnknown(
            f"No price is known for {step} in {tuning.function.region}, and the form of AWS Lambda Power "
            "Tuning has no place for that. frame() and text() have the durations."
        )
    bill = pricing.invocation(
        step.duration_ms, step.memory_mb, architecture=step.architecture, region=tuning.function.region
    )
    return {
        "value": step.memory_mb,
        "averagePrice": _time_usd(bill),
        "averageDuration": step.duration_ms,
    }


def _time_usd(bill: pricing.Cost) -> float:
    return float(sum(line.cost_usd for line in bill.lines if line.what.startswith(_TIME)))


def _packed(kind: str, values: list[Any]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}{kind}", *values)).decode()


def _unpacked(kind: str, text: str) -> list[Any]:
    data = base64.b64decode(text)
    return list(struct.unpack(f"<{len(data) // struct.calcsize(kind)}{kind}", data))
