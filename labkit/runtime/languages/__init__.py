"""For each runtime: the command to start, what surrounds it, how this machine's version differs from AWS's.

The sandbox, the Runtime API and the life of an environment are not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from labkit import facts
from labkit.errors import FactUnknown, RuntimeUnavailable
from labkit.runtime.languages import cache, custom, node, python
from labkit.runtime.languages.launch import Available, Launch, View
from labkit.runtime.spec import FunctionSpec

__all__ = ["Available", "Launch", "View", "available", "check", "launch_for", "prepare"]

Launcher = Callable[[FunctionSpec, View, Path], Launch]
LANGUAGES = (python, node, custom)
INSTEAD = {
    "java": "Java functions need AWS: deploy this one with target='aws', or write it in Python or Node.js "
    "here.",
    "dotnet": ".NET functions need AWS: deploy this one with target='aws', or publish it as a native "
    "executable named bootstrap for provided.al2023.",
    "ruby": "Ruby functions need AWS: deploy this one with target='aws', or start Ruby from a bootstrap "
    "script for provided.al2023.",
    "go": "go1.x is gone on AWS too: build an executable named bootstrap and use provided.al2023.",
    "custom": "Runtimes that your account manages are on AWS only: put a bootstrap into the package and use "
    "provided.al2023.",
    "": "Container images need AWS, or Docker and AWS's runtime interface emulator: deploy a zip here.",
}


def launch_for(spec: FunctionSpec, view: View, cache_dir: Path) -> Launch:
    """What to start for a function. May wait for a build or an installation: not for an event loop's thread.

    Raises:
        RuntimeUnavailable: this machine cannot run it; the message says what to do instead.
    """
    check(spec.runtime, cache_dir)
    launch: Launcher = next(language.launch for language in LANGUAGES if spec.runtime in language.RUNTIMES)
    try:
        return launch(spec, view, cache_dir)
    except OSError as error:
        raise RuntimeUnavailable(
            f"The files that {spec.runtime} needs cannot be put into {cache_dir}: {error}. Make the folder "
            "writable and make room on the disk, then invoke again."
        ) from error


def check(runtime: str, cache_dir: Path | None = None) -> None:
    """Refuses a runtime that functions cannot use here; quick, and changes nothing.

    Args:
        cache_dir: where a missing interpreter may be fetched to; None looks at the machine only.

    Raises:
        RuntimeUnavailable: the message says what to do instead.
    """
    if runtime in node.RUNTIMES:
        node.check(runtime, cache_dir)
    elif runtime not in (*python.RUNTIMES, *custom.RUNTIMES):
        name = f"The runtime {runtime}" if runtime else "A function from a container image"
        raise RuntimeUnavailable(f"{name} does not run on the local cloud. {_instead(runtime)}")


def available(cache_dir: Path | None = None) -> list[Available]:
    """What this machine has for each runtime that runs here; with a cache, what is not in it yet, too."""
    return [language.available(name, cache_dir) for language in LANGUAGES for name in language.RUNTIMES]


def prepare(cache_dir: Path) -> None:
    """Builds and installs ahead what a first cold start would otherwise wait for. Safe to call at any time.

    Raises:
        OSError: the cache cannot be written.
    """
    python.prepare(cache_dir)
    node.prepare(cache_dir)
    cache.sweep(cache_dir)


def _instead(runtime: str) -> str:
    try:
        known = facts.runtime(runtime) if runtime else None
    except FactUnknown:
        known = None
    family = known.family if known else runtime
    if family in INSTEAD:
        return INSTEAD[family]
    here = f"Here run {', '.join((*python.RUNTIMES, *node.RUNTIMES, *custom.RUNTIMES))}."
    if known and known.stage == "preview":
        return f"It is a preview on AWS, without support. {here}"
    if known and known.deprecation:
        return f"Its support on AWS ended on {known.deprecation}. {here}"
    return here
