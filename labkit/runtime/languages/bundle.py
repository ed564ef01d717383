"""The contents of /var/runtime for Python: what AWS's image adds to the standard library, nothing else.

awslambdaric, boto3 and what they require, taken from the environment that labkit is installed in.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
from hashlib import sha256
from importlib.metadata import Distribution
from pathlib import Path

from labkit.runtime.languages.interpreters import Interpreter, own

ROOTS = ("awslambdaric", "boto3")
OWN_FILES = Path(__file__).with_name("python_files")
LAYOUT = "1"  # raise it when what is built here changes


def bundle(interpreter: Interpreter, cache_dir: Path) -> Path:
    """The runtime directory for an interpreter; built once and kept."""
    distributions = _closure()
    names = [f"{one.name}=={one.version}" for one in distributions]
    own_files = [file.read_text() for file in sorted(OWN_FILES.iterdir()) if file.suffix == ".py"]
    key = sha256(
        "\n".join([LAYOUT, interpreter.path, interpreter.text, *names, *own_files]).encode()
    ).hexdigest()[:16]
    target = cache_dir / "runtimes" / f"python{interpreter.minor}-{key}"
    if not target.exists():
        _build(distributions, interpreter, target)
    return target


def _build(distributions: list[Distribution], interpreter: Interpreter, target: Path) -> None:
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for distribution in distributions:
        _copy(distribution, part, binary=interpreter.minor == own().minor)
    for file in OWN_FILES.glob("*.py"):
        if file.name == "runtime_client.py" and any(part.glob("runtime_client.*.so")):
            continue  # AWS's own client is there: the pure one would only shadow it
        shutil.copyfile(file, part / file.name)
    # A cold start must not compile; nothing can be written to /var/runtime later.
    subprocess.run(
        [interpreter.path, "-I", "-S", "-m", "compileall", "-q", "-j", "2", "-d", "/var/runtime", str(part)],
        check=False,
        capture_output=True,
    )
    try:
        os.replace(part, target)
    except OSError:  # somebody else was faster
        shutil.rmtree(part, ignore_errors=True)


def _copy(distribution: Distribution, target: Path, binary: bool) -> None:
    for file in distribution.files or ():
        name = str(file)
        if name.startswith("..") or "__pycache__" in name or (name.endswith(".so") and not binary):
            continue
        source = Path(str(distribution.locate_file(file)))
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / name)


def _closure() -> list[Distribution]:
    """The roots that are installed and all that they require, by name."""
    found: dict[str, Distribution] = {}
    waiting = list(ROOTS)
    while waiting:
        name = _canonical(waiting.pop())
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for requirement in found[name].requires or ():
            if "extra ==" not in requirement:
                waiting.append(re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0])
    return [found[name] for name in sorted(found)]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
