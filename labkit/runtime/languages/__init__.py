"""For each runtime: the command to start, what surrounds it, how this machine's version differs from AWS's.

The sandbox, the Runtime API and the life of an environment are not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from labkit import facts
from labkit.errors import RuntimeUnavailable
from labkit.runtime.languages import custom, node, python
from labkit.runtime.languages.launch import Available, Launch, View
from labkit.runtime.spec import FunctionSpec

__all__ = ["Available", "Launch", "View", "available", "check", "launch_for", "prepare"]

INSTEAD = {
    "java": "Java functions need AWS: deploy this one with target='aws', "
    "or write it in Python or Node.js here.",
    "dotnet": ".NET functions need AWS: deploy this one with target='aws', or publish it as a native "
    "executable named bootstrap for provided.al2023.",
    "ruby": "Ruby functions need AWS: deploy this one with target='aws', or start ruby from a bootstrap "
    "script for provided.al2023.",
    "go": "go1.x is gone on AWS too: build a Linux executable named bootstrap and use provided.al2023.",
}
Maker = Callable[[FunctionSpec, View, Path], Launch]


def launch_for(spec: FunctionSpec, view: View, cache_dir: Path) -> Launch:
    """What to start for a function.

    Raises:
        RuntimeUnavailable: this machine cannot run it; the message says what to do instead.
    """
    return _maker(spec.runtime)(spec, view, cache_dir)


def check(runtime: str) -> None:
    """Raises RuntimeUnavailable when this machine cannot run a runtime."""
    _maker(runtime)
    if runtime.startswith("nodejs"):
        node.find(runtime)


def prepare(cache_dir: Path) -> None:
    """Builds ahead what a first cold start would otherwise wait for."""
    python.prepare(cache_dir)


def available() -> list[Available]:
    """What this machine has for each runtime that AWS supports today."""
    rows = [python.available(one.name) for one in facts.runtimes() if one.name in python.RUNTIMES]
    rows += [node.available(name) for name in node.RUNTIMES]
    return [*rows, custom.available()]


def _maker(runtime: str) -> Maker:
    if runtime in python.RUNTIMES:
        return python.launch
    if runtime in node.RUNTIMES:
        return node.launch
    if runtime.startswith("provided"):
        return custom.launch
    for family, instead in INSTEAD.items():
        if runtime.startswith(family):
            raise RuntimeUnavailable(f"The runtime {runtime} does not run on the local cloud. {instead}")
    raise RuntimeUnavailable(
        f"The runtime {runtime} does not run on the local cloud. It runs {', '.join(python.RUNTIMES)}, "
        f"{', '.join(node.RUNTIMES)} and provided.al2023."
    )
