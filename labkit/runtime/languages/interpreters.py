"""Finds this machine's Python interpreters. A candidate counts when it runs and has what boto3 needs."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labkit.runtime.languages import surroundings

OLDEST, NEWEST = 11, 14  # minor versions that the bundle supports
ASK_S = 20.0
# Without ssl and zlib a Python is broken for our purpose (as some self-built ones are).
ASK = (
    "import sys, json, ssl, zlib; json.dump([list(sys.version_info[:3]), "
    "sys.implementation.name, sys.implementation.cache_tag, "
    "getattr(sys, '_base_executable', sys.executable), sys.base_prefix, sys.base_exec_prefix], sys.stdout)"
)
FOLDERS = (
    "~/.pyenv/versions/{minor}.*/bin",
    "~/.local/share/uv/python/cpython-{minor}.*/bin",
    "~/.local/share/mise/installs/python/{minor}*/bin",
    "~/.asdf/installs/python/{minor}.*/bin",
    "/opt/homebrew/opt/python@{minor}/bin",
    "/usr/local/opt/python@{minor}/bin",
    "/home/linuxbrew/.linuxbrew/opt/python@{minor}/bin",
    "/opt/hostedtoolcache/Python/{minor}.*/*/bin",
    "/Library/Frameworks/Python.framework/Versions/{minor}/bin",
    "/usr/local/bin",
    "/usr/bin",
)
LINUXBREW = Path("/home/linuxbrew/.linuxbrew")  # its programs load libraries from all over it


@dataclass(frozen=True)
class Interpreter:
    """A Python that runs.

    Attributes:
        path: the executable, below no virtual environment.
        version: such as (3, 13, 0).
        tag: of compiled modules, such as ``cpython-313``.
        prefix: the directory that holds ``bin`` and ``lib``, without symbolic links.
        prefixes: directories that it needs to read.
    """

    path: str
    version: tuple[int, int, int]
    tag: str
    prefix: str
    prefixes: tuple[Path, ...]

    @property
    def minor(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def text(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def inside(self) -> str | None:
        """The executable's path below the prefix; None when the prefix cannot be shown as a whole."""
        whole = Path(self.prefix) in self.prefixes and self.path.startswith(f"{self.prefix}/")
        return os.path.relpath(self.path, self.prefix) if whole else None

    @property
    def environment(self) -> dict[str, str]:
        """To run it outside of any function."""
        return _environment(self.path)


@cache
def own() -> Interpreter:
    """The interpreter below the virtual environment that labkit itself runs in."""
    base = str(getattr(sys, "_base_executable", sys.executable))
    for path in (base, sys.executable):
        if (found := _ask(path)) is not None:
            return found
    raise OSError(f"Python cannot start itself: {base} does not run. Install Python again.")


@cache
def exact(minor: str) -> Interpreter | None:
    """The interpreter of this minor version, such as ``3.13``; of several the newest. None: there is none."""
    if own().minor == minor:
        return own()
    found = {one for path in _candidates(minor) if (one := _ask(path)) is not None and one.minor == minor}
    return max(found, key=lambda one: (one.version, one.path), default=None)


@cache
def nearest(minor: str) -> Interpreter:
    """The interpreter of this minor version; else the nearest newer one, else the nearest older one."""
    wanted = int(minor.split(".")[1])
    order = [*range(max(wanted, OLDEST), NEWEST + 1), *range(min(wanted, NEWEST), OLDEST - 1, -1)]
    found = (exact(f"3.{number}") for number in order)
    return next((one for one in found if one is not None), own())


def _candidates(minor: str) -> Iterator[str]:
    name = f"python{minor}"
    on_path = shutil.which(name)
    if on_path:
        yield on_path
    roots = {"UV_PYTHON_INSTALL_DIR": "cpython-{minor}.*/bin", "PYENV_ROOT": "versions/{minor}.*/bin"}
    moved = [f"{os.environ[key]}/{rest}" for key, rest in roots.items() if os.environ.get(key)]
    for pattern in (*moved, *FOLDERS):
        yield from sorted(glob.glob(f"{os.path.expanduser(pattern.format(minor=minor))}/{name}"))


@cache
def _ask(path: str) -> Interpreter | None:
    """Runs the candidate: a shim that points nowhere must not be taken for a Python."""
    command = [path, "-I", "-S", "-c", ASK]
    try:
        said = subprocess.run(
            command,
            capture_output=True,
            timeout=ASK_S,
            check=True,
            env=_environment(path),
            stdin=subprocess.DEVNULL,
        )
        version, kind, tag, executable, prefix, exec_prefix = json.loads(said.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if kind != "cpython" or not executable:
        return None
    real = os.path.realpath(executable)
    home = os.path.realpath(prefix)
    prefixes = {Path(one) for one in (prefix, exec_prefix, home, Path(real).parent.parent)} - {Path("/")}
    prefixes = {part for one in prefixes for part in surroundings.readable(one)}
    if any(one.is_relative_to(LINUXBREW) for one in prefixes):
        prefixes.add(LINUXBREW)
    return Interpreter(real, (version[0], version[1], version[2]), tag, home, tuple(sorted(prefixes)))


def _environment(path: str) -> dict[str, str]:
    """PATH, a home for shims, and the folder where a Python built with a shared library keeps it."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "PYENV_ROOT", "PYENV_VERSION")
        if name in os.environ
    }
    return kept | {"LD_LIBRARY_PATH": str(Path(os.path.realpath(path)).parent.parent / "lib")}
