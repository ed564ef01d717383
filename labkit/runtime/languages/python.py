"""The Python runtimes: the matching interpreter where the machine has it, else the nearest, and said so."""

from __future__ import annotations

from pathlib import Path

from labkit.runtime.languages import surroundings
from labkit.runtime.languages.bundle import bundle
from labkit.runtime.languages.interpreters import OLDEST, Interpreter, nearest
from labkit.runtime.languages.launch import Available, Launch, View
from labkit.runtime.spec import FunctionSpec

RUNTIMES = ("python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14")
FIRST = (
    "python3.13",
    "python3.14",
    "python3.12",
    "python3.11",
)  # in the order in which they are likely wanted


def launch(spec: FunctionSpec, view: View, cache_dir: Path) -> Launch:
    """How to start a Python function.

    ``-S`` keeps the machine's site-packages out; the entry script then builds the search path as on AWS.

    Raises:
        OSError: labkit's cache cannot be written.
    """
    minor = _minor(spec.runtime)
    interpreter = nearest(minor)
    runtime_dir = bundle(interpreter, cache_dir)
    shown = view.runtime_dir or str(runtime_dir)
    lang = view.lang_dir if interpreter.inside else ""
    executable = f"{lang}/{interpreter.inside}" if lang else interpreter.path
    # Where /var/task is not read-only, compiled modules must not be left in the function's package.
    plain = () if view.task_root == "/var/task" else ("-B",)
    opt = () if view.opt_dir == "/opt" else (view.opt_dir,)
    return Launch(
        argv=surroundings.wrapped(
            (executable, "-s", "-S", *plain, f"{shown}/bootstrap.py", *opt), spec, view
        ),
        environment={
            **surroundings.environment(view, shown, lang or interpreter.prefix),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        },
        runtime_dir=runtime_dir,
        runtime_version=f"python:{minor} (local: {_text(interpreter, minor)})",
        differs=_difference(interpreter, minor),
        host_paths=interpreter.prefixes,
        mounts=((Path(interpreter.prefix), lang),) if lang else (),
    )


def available(runtime: str, cache_dir: Path | None = None) -> Available:
    """What runs a Python runtime here."""
    minor = _minor(runtime)
    interpreter = nearest(minor)
    return Available(runtime, interpreter.path, interpreter.text, _difference(interpreter, minor))


def prepare(cache_dir: Path) -> None:
    """Builds the runtime directory and compiles it for the Pythons that functions will be run with."""
    for interpreter in dict.fromkeys(nearest(_minor(runtime)) for runtime in FIRST):
        bundle(interpreter, cache_dir)


def _minor(runtime: str) -> str:
    return runtime.removeprefix("python")


def _text(interpreter: Interpreter, minor: str) -> str:
    nearest_here = "" if interpreter.minor == minor else ", nearest here"
    return f"CPython {interpreter.text}{nearest_here}"


def _difference(interpreter: Interpreter, minor: str) -> str | None:
    if interpreter.minor == minor:
        return None
    runs = f"Python {interpreter.text} runs python{minor} functions"
    if int(minor.split(".")[1]) < OLDEST:
        return f"{runs}: AWS no longer supports python{minor}, and the local cloud has nothing older."
    return f"Python {minor} is not on this machine: {runs}. Install Python {minor} to match."
