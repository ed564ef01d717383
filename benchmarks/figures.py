"""How figures are printed: a ratio against a floor of the same run, with the mark it is held to."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence

os.environ["LABKIT_ROLE_DELAY_S"] = "0"  # the wait for a new role is no figure


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def show(
    what: str, ours: float, floor: float, unit: str, mark: str, *, higher_is_better: bool = False
) -> float:
    """Prints one line; returns the ratio. ``mark`` such as ``<= 1.3``."""
    ratio = ours / floor
    limit = float(mark.split()[1])
    good = ratio >= limit if higher_is_better else ratio <= limit
    said = "ok" if good else "MISSED"
    print(f"{what:<44} {ours:>9.2f} {unit:<3} floor {floor:>9.2f}  ratio {ratio:5.2f}  mark {mark:<7} {said}")
    return ratio
