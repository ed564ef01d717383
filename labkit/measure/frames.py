"""Measurements as a pandas DataFrame; pandas is imported here and nowhere else in this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from labkit.measure.rows import Measurements
    from labkit.measure.tuned import Tuning

COLUMNS: dict[str, Any] = {
    "number": "int64",
    "sent_at": "float64",
    "started_s": "float64",
    "late_ms": "float64",
    "latency_ms": "float64",
    "status": "string",
    "cold": "boolean",
    "duration_ms": "float64",
    "init_ms": "float64",
    "billed_ms": "Int64",
    "memory_mb": "Int64",
    "max_memory_mb": "Int64",
    "cost_usd": "float64",
    "request_id": "string",
    "version": "string",
    "environment": "string",
    "error": "string",
}
UNITS = {
    "started_s": "s",
    "late_ms": "ms",
    "latency_ms": "ms",
    "duration_ms": "ms",
    "init_ms": "ms",
    "billed_ms": "ms",
    "memory_mb": "MB",
    "max_memory_mb": "MB",
    "cost_usd": "USD",
}


def to_frame(m: Measurements) -> pd.DataFrame:
    """Typed columns; missing numbers are NaN or ``pandas.NA``. ``frame.attrs["units"]`` has the units."""
    columns: dict[str, Any] = {
        name: pd.Series([getattr(row, name) for row in m.rows], dtype=kind) for name, kind in COLUMNS.items()
    }
    frame = pd.DataFrame(columns)
    frame["sent_at"] = pd.to_datetime(frame["sent_at"], unit="s", utc=True)
    frame.attrs["units"] = dict(UNITS)
    return frame


TUNING_COLUMNS: dict[str, Any] = {
    "memory_mb": "int64",
    "architecture": "string",
    "runs": "int64",
    "duration_ms": "float64",
    "gb_seconds": "float64",
    "cost_usd": "float64",
    "init_ms": "float64",
    "max_memory_mb": "Int64",
    "problem": "string",
}


def tuning_frame(tuning: Tuning) -> pd.DataFrame:
    """A row for each step; what is missing is NaN or ``pandas.NA``."""
    columns = {
        name: pd.Series([getattr(step, name) for step in tuning.steps], dtype=kind)
        for name, kind in TUNING_COLUMNS.items()
    }
    frame = pd.DataFrame(columns)
    frame.attrs["units"] = {**UNITS, "gb_seconds": "GB-seconds"}
    return frame
