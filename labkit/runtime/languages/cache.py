"""What is built once and kept in labkit's cache: each thing whole or not at all, by one builder at a time.

Several clouds (one a workspace) share the cache, so builders lock each other out across processes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNUSED_S = 60 * 24 * 3600  # what no cloud has asked for in two months belonged to an older version


def place(otherwise: Path) -> Path:
    """labkit's cache, for all workspaces: $LABKIT_CACHE or the user's; ``otherwise`` where that fails."""
    named = os.environ.get("LABKIT_CACHE")
    wanted = Path(named) if named else Path.home() / ".cache" / "labkit"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError:
        return otherwise
    return wanted if os.access(wanted, os.W_OK) else otherwise


def folder(cache_dir: Path) -> Path:
    """Where runtime directories are kept."""
    return cache_dir / "runtimes"


def kept(cache_dir: Path, name: str, build: Callable[[Path], None]) -> Path:
    """The directory ``name`` of the cache; ``build`` fills a new one when it is not there.

    Raises:
        OSError: the cache cannot be written. What ``build`` raises passes through, and nothing is kept.
    """
    target = folder(cache_dir) / name
    if not target.is_dir():
        with locked(target):
            if not target.is_dir():
                _build(target, build)
    with suppress(OSError):
        os.utime(target)  # still in use: see `sweep`
    return target


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Holds the lock of one thing in the cache, against other threads and other processes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / f".{target.name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sweep(cache_dir: Path) -> None:
    """Removes what older versions of labkit left and nobody used for two months."""
    if not folder(cache_dir).is_dir():
        return
    for entry in folder(cache_dir).iterdir():
        if entry.is_dir() and time.time() - entry.stat().st_mtime > UNUSED_S:
            shutil.rmtree(entry, ignore_errors=True)


def _build(target: Path, build: Callable[[Path], None]) -> None:
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        build(part)
        os.replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
