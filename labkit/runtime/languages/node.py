"""The Node.js runtimes: the matching node where the machine has it, else the nearest, which is then said."""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labkit.errors import RuntimeUnavailable
from labkit.runtime.languages import node_sdk
from labkit.runtime.languages.launch import Available, Launch, View
from labkit.runtime.spec import FunctionSpec

RUNTIMES = ("nodejs20.x", "nodejs22.x", "nodejs24.x")
OLDEST = 20
LIBRARIES = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/opt/lib"
FOLDERS = (
    "~/.nvm/versions/node/*/bin",
    "~/.local/share/fnm/node-versions/*/installation/bin",
    "~/.volta/tools/image/node/*/bin",
    "/opt/homebrew/opt/node*/bin",
    "/usr/local/bin",
    "/usr/bin",
)
BOOTSTRAP = Path(__file__).with_name("node_files")


@dataclass(frozen=True)
class Node:
    """A node that runs. ``version`` such as ``22.11.0``."""

    path: str
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def launch(spec: FunctionSpec, view: View, cache_dir: Path) -> Launch:
    """How to start a Node.js function.

    Raises:
        RuntimeUnavailable: there is no usable node on this machine.
    """
    node = find(spec.runtime)
    runtime_dir = node_sdk.runtime_dir(BOOTSTRAP, cache_dir)
    shown = view.runtime_dir or str(runtime_dir)
    major = _major(spec.runtime)
    paths = [f"{view.opt_dir}/nodejs/node{major}/node_modules", f"{view.opt_dir}/nodejs/node_modules"]
    return Launch(
        argv=(node.path, "--no-warnings", *_loader(view, shown), f"{shown}/index.mjs"),
        environment={
            "LANG": "en_US.UTF-8",
            "PATH": f"{os.path.dirname(node.path)}:/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
            "LD_LIBRARY_PATH": LIBRARIES,
            "NODE_PATH": ":".join([*paths, f"{shown}/node_modules", shown, view.task_root]),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        },
        runtime_dir=runtime_dir,
        runtime_version=f"nodejs:{major} (local: Node.js {node.version}{_nearest(node, major)})",
        differs=_difference(node, major),
        host_paths=(Path(os.path.realpath(node.path)).parent.parent,),
        # ES modules look for packages in the folders above their own: there they find the SDK.
        links=(("/node_modules", "var/runtime/node_modules"),),
    )


def available(runtime: str) -> Available:
    """What runs a Node.js runtime here."""
    try:
        node = find(runtime)
    except RuntimeUnavailable as error:
        return Available(runtime, None, None, str(error))
    return Available(runtime, node.path, node.version, _difference(node, _major(runtime)))


def find(runtime: str) -> Node:
    """The matching node, else the nearest.

    Raises:
        RuntimeUnavailable: there is none of version 20 or newer.
    """
    wanted = _major(runtime)
    usable = [node for node in _installed() if node.major >= OLDEST]
    if not usable:
        raise RuntimeUnavailable(
            f"The runtime {runtime} needs Node.js, and this machine has none of version {OLDEST} or newer. "
            f"Install Node.js {wanted} so that `node --version` answers, then deploy again."
        )
    return min(usable, key=lambda node: abs(node.major - wanted))


@cache
def _installed() -> tuple[Node, ...]:
    paths = [shutil.which("node"), *(shutil.which(f"node{major}") for major in (22, 24))]
    for folder in FOLDERS:
        paths += sorted(glob.glob(os.path.expanduser(folder) + "/node"))
    found = {os.path.realpath(path): node for path in paths if path and (node := _ask(path))}
    return tuple(found.values())


def _ask(path: str) -> Node | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, timeout=20, check=True, text=True)
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.fullmatch(r"v(\d+\.\d+\.\d+)\s*", said.stdout)
    return Node(os.path.realpath(path), version[1]) if version else None


def _loader(view: View, runtime_dir: str) -> tuple[str, ...]:
    """Without an isolated root, ES modules find the runtime's packages and layers through a loader."""
    return () if view.task_root == "/var/task" else ("--import", f"{runtime_dir}/register.mjs")


def _major(runtime: str) -> int:
    return int(runtime.removeprefix("nodejs").split(".")[0])


def _nearest(node: Node, major: int) -> str:
    return "" if node.major == major else ", the nearest here"


def _difference(node: Node, major: int) -> str | None:
    if node.major == major:
        return None
    return f"Node.js {major} is not on this machine: {node.version} runs nodejs{major}.x functions."
