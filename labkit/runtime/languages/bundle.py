"""The contents of /var/runtime for Python: what AWS's image adds to the standard library, nothing else.

awslambdaric, boto3 and what they require, taken from the environment that labkit is installed in. One
directory serves all interpreters: compiled modules carry the version that they are for in their names, and
where the compiled Runtime API client does not fit, our pure one stands beside it.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
from functools import cache
from hashlib import sha256
from importlib.metadata import Distribution
from pathlib import Path

from labkit.runtime.languages import cache as caches
from labkit.runtime.languages.interpreters import Interpreter

CLIENT = "awslambdaric"  # Linux only: elsewhere our own client takes its place
ROOTS = (CLIENT, "boto3", "simplejson")
OWN_FILES = Path(__file__).with_name("python_files")
OWN_CLIENT = "_labkit_runtime"
LAYOUT = "2"  # raise it when what is built here changes
LEFT_OUT = ("direct_url.json", "REQUESTED", "INSTALLER")  # they speak of this machine, not of the package


def bundle(interpreter: Interpreter, cache_dir: Path, *, own_client: bool = False) -> Path:
    """The runtime directory, compiled for an interpreter; built once and kept.

    Args:
        own_client: with our runtime client even where awslambdaric is installed (the differential test).

    Raises:
        OSError: the cache cannot be written.
    """
    distributions = _closure(tuple(root for root in ROOTS if not (own_client and root == CLIENT)))
    target = caches.kept(cache_dir, f"python-{_key(distributions)}", lambda part: _fill(part, distributions))
    _compile(interpreter, target)
    return target


@cache
def _closure(roots: tuple[str, ...]) -> tuple[Distribution, ...]:
    """The roots that are installed and all that they require, by name."""
    found: dict[str, Distribution] = {}
    waiting = list(roots)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        waiting += [_name(line) for line in found[name].requires or () if "extra ==" not in line]
    return tuple(found[name] for name in sorted(found))


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9_.-]", requirement.strip(), maxsplit=1)[0]


@cache
def _key(distributions: tuple[Distribution, ...]) -> str:
    names = [f"{one.name}=={one.version}" for one in distributions]
    own = [file.read_text() for file in sorted(OWN_FILES.rglob("*.py"))]
    return sha256("\0".join([LAYOUT, *names, *own]).encode()).hexdigest()[:16]


def _fill(part: Path, distributions: tuple[Distribution, ...]) -> None:
    for distribution in distributions:
        _copy(distribution, part)
    has_client = (part / CLIENT).is_dir()
    for file in OWN_FILES.rglob("*.py"):
        name = file.relative_to(OWN_FILES)
        if not (has_client and name.parts[0] == OWN_CLIENT):
            (part / name).parent.mkdir(exist_ok=True)
            shutil.copy2(file, part / name)


def _copy(distribution: Distribution, part: Path) -> None:
    """Copies the installed files, with what pip compiled; not scripts, which lie outside."""
    for file in distribution.files or ():
        source = Path(str(distribution.locate_file(file)))
        if ".." in file.parts or file.name in LEFT_OUT or not source.is_file():
            continue
        target = part / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _compile(interpreter: Interpreter, target: Path) -> None:
    """Compiles the modules for an interpreter, once: nothing can be written to /var/runtime later."""
    mark = target / f".{interpreter.tag}"
    if mark.exists():
        return
    with caches.locked(target):
        if not mark.exists():
            command = [interpreter.path, "-I", "-S", "-m", "compileall", "-q", str(target)]
            # A module that does not compile is one that nothing imports: functions would say so themselves.
            subprocess.run(command, env=interpreter.environment, capture_output=True, check=False)
            mark.touch()
