"""How far a run is, as one line of text that is written over: for terminals and notebooks without widgets."""

from __future__ import annotations

import sys
from typing import TextIO

from labkit.measure.rows import Measurements
from labkit.measure.texts import calls
from labkit.measure.tuned import Tuning

_CELLS = 24


def progress(stream: TextIO | None = None) -> Progress:
    """A ``watch`` for `invoke`, `invoke_at`, `cold_starts` and `tune` that draws a progress bar.

    Args:
        stream: where to; the standard error stream unless given.
    """
    return Progress(sys.stderr if stream is None else stream)


class Progress:
    """The bar."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._width = 0

    def start(self) -> None:
        """Before the first call."""
        self._write("measuring …")

    def update(self, so_far: Measurements | Tuning, /) -> None:
        """Draw again."""
        self._write(_line(so_far))

    def finish(self, everything: Measurements | Tuning, /) -> None:
        """Draw a last time and leave the line."""
        self._write(_line(everything))
        self._stream.write("\n")
        self._stream.flush()

    def _write(self, line: str) -> None:
        self._stream.write(f"\r{line:<{self._width}}")
        self._stream.flush()
        self._width = len(line)


def _line(seen: Measurements | Tuning) -> str:
    if isinstance(seen, Tuning):
        done = sum(len(step.measurements or ()) for step in seen.steps)
        planned, where = (seen.planned or 0) * seen.runs, f", {seen.steps[-1]}" if seen.steps else ""
    else:
        done, planned, where = len(seen), seen.planned or 0, ""
    filled = round(_CELLS * min(1.0, done / planned)) if planned else _CELLS
    bar = "█" * filled + "░" * (_CELLS - filled)
    return f"{bar} {done:,} of {planned:,} {calls(planned)}{where}"
