"""Speaks to whoever runs the notebook or the command."""

from __future__ import annotations


def say(text: str) -> None:
    """Prints a line or several."""
    print(text, flush=True)  # noqa: T201 - a lab talks to its learner
