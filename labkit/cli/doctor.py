"""What the workbook needs on this machine, looked at one by one; and what the local cloud can do on it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit import __version__
from labkit import cloud as clouds
from labkit.errors import CloudError
from labkit.session.differences import differences

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
OLDEST_NODE = 22  # the oldest Node.js that is a current runtime of Lambda
NODE_INSTEAD = "for Node.js functions the local cloud fetches its own, where there is a network"
ROOM_GB = 1.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``needed``: nothing works without it."""

    topic: str
    well: bool
    found: str
    next_step: str = ""
    needed: bool = False


def examine(workspace: Path) -> Iterator[Finding]:
    """Looks at everything; changes nothing but a probe in the workspace's own ``.labkit``."""
    yield _python()
    yield _jupyterlab()
    yield _writable(workspace)
    yield _disk(workspace)
    yield _cloud(workspace)
    yield _program("git", "install git to receive newer versions of the course")
    yield _node()
    yield _program("curl", "only exercise 01.4 needs it, and its check lets you pass without")
    yield _program("aws", "the AWS CLI is needed only for the commands shown beside the cells")


def fidelity(workspace: Path) -> Iterator[str]:
    """The running cloud's own list of where it differs from AWS on this machine, as lines."""
    if (cloud := clouds.find(workspace)) is None:
        return
    try:
        found = differences(cloud)
    except (CloudError, KeyError) as error:
        yield f"! local cloud    does not say what it can do: {error}"
        return
    yield ""
    yield "What the local cloud does on this machine, and AWS:"
    yield str(found)


def _python() -> Finding:
    version = sys.version_info[:2]
    words = f"{platform.python_version()} ({sys.executable})"
    supported = "Python {}.{} to {}.{}".format(*OLDEST_PYTHON, *NEWEST_PYTHON)
    well = OLDEST_PYTHON <= version <= NEWEST_PYTHON
    return Finding(
        "Python", well, words, f"the workbook supports {supported}: install one of them", needed=True
    )


def _jupyterlab() -> Finding:
    try:
        return Finding("JupyterLab", True, importlib.metadata.version("jupyterlab"), needed=True)
    except importlib.metadata.PackageNotFoundError:
        step = "run `make setup`, or `pip install jupyterlab` in this environment"
        return Finding("JupyterLab", False, "not installed", step, needed=True)


def _writable(workspace: Path) -> Finding:
    try:
        clouds.state_dir(workspace)
    except CloudError as error:
        step = "change into a folder of your own, or set LABKIT_WORKSPACE"
        return Finding("workspace", False, str(error), step, needed=True)
    return Finding("workspace", True, f"{workspace} can be written to", needed=True)


def _disk(workspace: Path) -> Finding:
    there = next(folder for folder in [workspace, *workspace.parents] if folder.exists())
    free_gb = shutil.disk_usage(there).free / 1e9
    return Finding(
        "disk", free_gb >= ROOM_GB, f"{free_gb:.1f} GB free", f"make room: {ROOM_GB:g} GB is wanted"
    )


def _cloud(workspace: Path) -> Finding:
    now = clouds.status(workspace)
    if now.state == "running" and now.cloud:
        same = now.cloud.version == __version__
        words = f"runs at {now.cloud.endpoint}, version {now.cloud.version}"
        step = f"labkit is version {__version__}: `labkit cloud stop`, then `labkit cloud start`"
        return Finding("local cloud", same, words, step)
    if now.state == "silent":
        step = f"see {workspace / clouds.STATE_DIR / 'cloud.log'}, end the process, start the cloud again"
        return Finding("local cloud", False, "holds the workspace but does not answer", step)
    step = (
        "`labkit cloud start` starts it (opening a notebook does, too); then this shows what it can do here"
    )
    return Finding("local cloud", False, "is not running", step)


def _node() -> Finding:
    """Never a problem: nothing has to be done about one that is old or missing."""
    node = _program("node", "")
    number = re.search(r"v(\d+)", node.found)
    if node.well and number and int(number[1]) >= OLDEST_NODE:
        return node
    return Finding("node", True, f"{node.found}: {NODE_INSTEAD}")


def _program(name: str, next_step: str) -> Finding:
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    if (path := shutil.which(name, path=here)) is None:
        return Finding(name, False, "not found", next_step)
    try:
        asked = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, False, f"{path} does not run ({error})", next_step)
    said = (asked.stdout or asked.stderr).strip().splitlines()
    return Finding(name, asked.returncode == 0, said[0] if said else path, next_step)
