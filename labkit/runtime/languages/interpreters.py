"""Finds this machine's Python interpreters. A candidate counts only when it runs and says its version."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ASK = (
    "import sys, json; json.dump([list(sys.version_info[:3]), sys.executable, sys.base_prefix, "
    "sys.base_exec_prefix], sys.stdout)"
)
FOLDERS = (
    "~/.pyenv/versions/{minor}*/bin",
    "~/.local/share/uv/python/cpython-{minor}*/bin",
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/usr/bin",
    "/Library/Frameworks/Python.framework/Versions/{minor}/bin",
)


@dataclass(frozen=True)
class Interpreter:
    """A Python that runs. ``version`` such as (3, 13, 0)."""

    path: str
    version: tuple[int, int, int]
    prefixes: tuple[str, ...]

    @property
    def minor(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def text(self) -> str:
        return ".".join(map(str, self.version))


@cache
def own() -> Interpreter:
    """The interpreter below the virtual environment that labkit itself runs in."""
    base = getattr(sys, "_base_executable", sys.executable)
    found = _ask(base)
    if found is not None:
        return found
    version = (sys.version_info.major, sys.version_info.minor, sys.version_info.micro)
    return Interpreter(base, version, (sys.base_prefix,))


@cache
def nearest(minor: str) -> Interpreter:
    """The interpreter of this minor version, such as ``3.13``; else the one nearest to it."""
    if own().minor == minor:
        return own()
    for path in _candidates(minor):
        found = _ask(path)
        if found is not None and found.minor == minor:
            return found
    wanted = int(minor.split(".")[1])
    others = {own()} | {found for other in _others(minor) if (found := exact(other)) is not None}
    return min(others, key=lambda one: (abs(one.version[1] - wanted), one != own()))


@cache
def exact(minor: str) -> Interpreter | None:
    """The interpreter of this minor version, or None."""
    if own().minor == minor:
        return own()
    return next((f for p in _candidates(minor) if (f := _ask(p)) is not None and f.minor == minor), None)


def _others(minor: str) -> list[str]:
    return [f"3.{number}" for number in range(11, 16) if f"3.{number}" != minor]


def _candidates(minor: str) -> Iterator[str]:
    on_path = shutil.which(f"python{minor}")
    if on_path:
        yield on_path
    for pattern in FOLDERS:
        folder = Path(os.path.expanduser(pattern.format(minor=minor)))
        parts = folder.parts
        base = Path(*parts[: next((i for i, part in enumerate(parts) if "*" in part), len(parts))])
        rest = str(folder.relative_to(base))
        folders = sorted(base.glob(rest), reverse=True) if "*" in rest else [folder]
        for one in folders:
            if (one / f"python{minor}").exists():
                yield str(one / f"python{minor}")


def _ask(path: str) -> Interpreter | None:
    """Runs the candidate: a shim that points nowhere must not be taken for a Python."""
    try:
        said = subprocess.run(
            [path, "-I", "-S", "-c", ASK],
            capture_output=True,
            timeout=20,
            check=True,
            env={"PATH": os.defpath},
        )
        version, executable, prefix, exec_prefix = json.loads(said.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    real = os.path.realpath(executable)
    prefixes = tuple(sorted({prefix, exec_prefix, os.path.realpath(prefix)}))
    return Interpreter(real, (version[0], version[1], version[2]), prefixes)
