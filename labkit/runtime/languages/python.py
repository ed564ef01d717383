"""The Python runtimes: the matching interpreter where the machine has it, else the nearest, and said so."""

from __future__ import annotations

import os
from pathlib import Path

from labkit.runtime.languages.bundle import bundle
from labkit.runtime.languages.interpreters import Interpreter, exact, nearest, own
from labkit.runtime.languages.launch import Available, Launch, View
from labkit.runtime.spec import FunctionSpec

RUNTIMES = ("python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14")
AWS_PATH = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
AWS_LIBRARIES = (
    "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
)


def launch(spec: FunctionSpec, view: View, cache_dir: Path) -> Launch:
    """How to start a Python function."""
    minor = spec.runtime.removeprefix("python")
    interpreter = nearest(minor)
    runtime_dir = bundle(interpreter, cache_dir)
    shown = view.runtime_dir or str(runtime_dir)
    environment = {
        "LANG": "en_US.UTF-8",
        "PATH": f"{os.path.dirname(interpreter.path)}:{AWS_PATH}",
        "LD_LIBRARY_PATH": AWS_LIBRARIES,
        "PYTHONPATH": shown,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
    }
    if view.opt_dir != "/opt":
        environment["_LABKIT_OPT"] = view.opt_dir
    return Launch(
        argv=(interpreter.path, "-s", "-S", f"{shown}/bootstrap.py"),
        environment=environment,
        runtime_dir=runtime_dir,
        runtime_version=f"python:{minor} (local: {_text(interpreter, minor)})",
        differs=_difference(interpreter, minor),
        host_paths=tuple(Path(prefix) for prefix in interpreter.prefixes),
    )


def available(runtime: str) -> Available:
    """What runs a Python runtime here."""
    minor = runtime.removeprefix("python")
    interpreter = nearest(minor)
    return Available(runtime, interpreter.path, interpreter.text, _difference(interpreter, minor))


def prepare(cache_dir: Path) -> None:
    """Builds the bundles of all Pythons that this machine has."""
    for name in RUNTIMES:
        interpreter = exact(name.removeprefix("python"))
        if interpreter is not None:
            bundle(interpreter, cache_dir)
    bundle(own(), cache_dir)


def _text(interpreter: Interpreter, minor: str) -> str:
    nearest_here = "" if interpreter.minor == minor else ", the nearest here"
    return f"CPython {interpreter.text}{nearest_here}"


def _difference(interpreter: Interpreter, minor: str) -> str | None:
    if interpreter.minor == minor:
        return None
    runs = f"{interpreter.text} runs python{minor} functions"
    return f"Python {minor} is not on this machine: {runs}. Install it to match."
