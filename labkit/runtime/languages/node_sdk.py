"""The contents of /var/runtime for Node.js: our bootstrap, and AWS SDK v3 clients as AWS's image has them.

The clients are real ones, installed with npm into labkit's cache at set-up or at first use. Without npm or a
network functions run without them, and an import of one says what to do.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import time
from functools import cache
from hashlib import sha256
from pathlib import Path

from labkit.runtime.languages import cache as caches
from labkit.runtime.languages import node_wheel

PACKAGES = Path(__file__).with_name("node_packages.json")
OWN_FILES = Path(__file__).with_name("node_files")
NPM_OPTIONS = (
    "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-package-lock", "--no-update-notifier",
    "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=100", "--fetch-retry-maxtimeout=300",
    "--fetch-timeout=30000", "--prefer-offline",
)  # fmt: skip
INSTALL_S = 300.0
HOW = "It is installed with npm when the local cloud starts, which needs npm and a network once."
RETRY_S = 120.0  # a machine without a network is not asked again for every cold start
SOURCES = (".js", ".mjs", ".cjs")
SOURCE_BYTES_MAX = 2_000_000  # bundles are larger, and have their SDK inside
log = logging.getLogger(__name__)
_failed_at = 0.0


def runtime_dir(cache_dir: Path, code_dir: Path | None = None) -> Path:
    """The runtime directory; with the SDK when it is installed, or can be and ``code_dir`` speaks of it.

    Raises:
        OSError: the cache cannot be written.
    """
    target = caches.kept(cache_dir, f"nodejs-{_key()}", _copy_own_files)
    modules = target / "node_modules"
    if not modules.is_dir() and (_sdk(cache_dir).is_dir() or (code_dir and _mentions_sdk(code_dir))):
        _add_sdk(cache_dir, target)
    return target


def install(cache_dir: Path) -> str | None:
    """Installs the SDK's clients; None when they are there, else why they are not."""
    global _failed_at
    if _sdk(cache_dir).is_dir():
        return None
    if _failed_at and time.monotonic() - _failed_at < RETRY_S:
        return "the last attempt failed a moment ago"
    try:
        caches.kept(cache_dir, _sdk(cache_dir).name, lambda part: _run_npm(part, _npm(cache_dir)))
    except (OSError, subprocess.SubprocessError) as error:
        _failed_at = time.monotonic()
        reason = _reason(error)
        log.warning("The AWS SDK for JavaScript could not be installed: %s", reason)
        return reason
    return None


def installed(cache_dir: Path) -> bool:
    """Whether functions find the SDK."""
    return _sdk(cache_dir).is_dir()


def _add_sdk(cache_dir: Path, target: Path) -> None:
    if install(cache_dir) is not None:
        return
    with caches.locked(target):
        if not (target / "node_modules").exists():
            part = target.with_name(f"{target.name}.modules.part")
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(_sdk(cache_dir) / "node_modules", part, copy_function=_link, symlinks=True)
            os.replace(part, target / "node_modules")


def _link(source: str, target: str) -> None:
    """The packages are kept once, whatever the number of runtime directories."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _npm(cache_dir: Path) -> tuple[str, ...]:
    """The machine's npm, else the one that came with a Node.js in the cache.

    Raises:
        OSError: there is neither.
    """
    if (own := shutil.which("npm")) is not None:
        return (own,)
    if (kept := node_wheel.npm(cache_dir)) is not None:
        return kept
    raise OSError("npm is not on this machine")


def _run_npm(part: Path, npm: tuple[str, ...]) -> None:
    wanted = [f"{name}@{version}" for name, version in _packages().items()]
    (part / "package.json").write_text('{"private": true}')
    command = [*npm, "install", *NPM_OPTIONS, *wanted]
    subprocess.run(command, cwd=part, capture_output=True, text=True, timeout=INSTALL_S, check=True)
    for types in list((part / "node_modules").glob("**/dist-types")):
        shutil.rmtree(types)  # two files of three, and nothing that runs reads them


def _reason(error: Exception) -> str:
    """What npm names as the cause, such as ENOTFOUND; else what the operating system said."""
    code = re.search(r"npm (?:error|ERR!) code (\S+)", str(getattr(error, "stderr", None) or ""))
    return f"npm says {code[1]}" if code else str(error)


def _copy_own_files(part: Path) -> None:
    for file in _own_files():
        shutil.copy2(file, part / file.name)


def _mentions_sdk(code_dir: Path) -> bool:
    """Whether a source file of the function itself imports from the SDK that it does not bring along."""
    if (code_dir / "node_modules" / "@aws-sdk").is_dir():
        return False
    for folder, folders, names in os.walk(code_dir):
        folders[:] = [name for name in folders if name != "node_modules"]
        for file in (Path(folder) / name for name in names if name.endswith(SOURCES)):
            if file.stat().st_size <= SOURCE_BYTES_MAX and b"@aws-sdk/" in file.read_bytes():
                return True
    return False


def _sdk(cache_dir: Path) -> Path:
    key = sha256(json.dumps(_packages(), sort_keys=True).encode()).hexdigest()[:16]
    return caches.folder(cache_dir) / f"nodejs-sdk-{key}"


@cache
def _packages() -> dict[str, str]:
    return dict(json.loads(PACKAGES.read_text())["packages"])


@cache
def _key() -> str:
    return sha256(PACKAGES.read_bytes() + b"".join(file.read_bytes() for file in _own_files())).hexdigest()[
        :16
    ]


def _own_files() -> list[Path]:
    return sorted(file for file in OWN_FILES.iterdir() if file.suffix in SOURCES)
