"""The Node.js runtimes: the matching node, the machine's or a fetched one; else the nearest, and said so."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labkit.errors import RuntimeUnavailable
from labkit.runtime.languages import node_sdk, node_wheel, surroundings
from labkit.runtime.languages.launch import Available, Launch, View
from labkit.runtime.spec import FunctionSpec

RUNTIMES = ("nodejs20.x", "nodejs22.x", "nodejs24.x")
OLDEST = 20  # the AWS SDK for JavaScript needs it
HOOKS_IN_THREAD = (22, 15)  # from then on module hooks cost nothing (module.registerHooks)
EXPERIMENTS_BY_DEFAULT = (20, 19)  # from then on require(esm) and module detection are on
ASK_S = 20.0
LINUXBREW = Path("/home/linuxbrew/.linuxbrew")  # its programs load libraries from all over it
ASK = "JSON.stringify([process.versions.node, process.execPath])"
FOLDERS = (
    "~/.nvm/versions/node/*/bin",
    "~/.local/share/fnm/node-versions/*/installation/bin",
    "~/Library/Application Support/fnm/node-versions/*/installation/bin",
    "~/.volta/tools/image/node/*/bin",
    "~/.local/share/mise/installs/node/*/bin",
    "~/.asdf/installs/nodejs/*/bin",
    "/opt/homebrew/opt/node*/bin",
    "/usr/local/opt/node*/bin",
    "/home/linuxbrew/.linuxbrew/opt/node*/bin",
    "/opt/hostedtoolcache/node/*/*/bin",
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/usr/bin",
)


@dataclass(frozen=True)
class Node:
    """A node that runs.

    Attributes:
        path: the executable itself, no link or shim.
        version: such as (22, 11, 0).
    """

    path: str
    version: tuple[int, ...]

    @property
    def major(self) -> int:
        return self.version[0]

    @property
    def text(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def prefix(self) -> Path:
        """The directory that holds ``bin``; of a node that lies alone, the one that it is in."""
        folder = Path(self.path).parent
        return folder.parent if folder.name == "bin" and folder.parent != Path("/") else folder

    @property
    def prefixes(self) -> tuple[Path, ...]:
        """Directories that it needs to read."""
        brew = (LINUXBREW,) if self.prefix.is_relative_to(LINUXBREW) else ()
        return (*surroundings.readable(self.prefix), *brew)


def launch(spec: FunctionSpec, view: View, cache_dir: Path) -> Launch:
    """How to start a Node.js function.

    Raises:
        RuntimeUnavailable: there is no usable node on this machine, and none can be fetched.
        OSError: labkit's cache cannot be written.
    """
    _provide(_major(spec.runtime), cache_dir)
    node = find(spec.runtime, cache_dir)
    runtime_dir = node_sdk.runtime_dir(cache_dir, spec.code_dir)
    shown = view.runtime_dir or str(runtime_dir)
    lang = view.lang_dir if node.prefix in node.prefixes else ""
    program = f"{lang}/{os.path.relpath(node.path, node.prefix)}" if lang else node.path
    layers = f"{view.opt_dir}/nodejs"
    major = _major(spec.runtime)
    node_path = [
        f"{layers}/node{major}/node_modules",
        f"{layers}/node_modules",
        f"{shown}/node_modules",
        shown,
    ]
    hooks, links = _search(spec, view, node)
    return Launch(
        argv=surroundings.wrapped((program, *_options(spec, node), f"{shown}/index.cjs", *hooks), spec, view),
        environment={
            **surroundings.environment(view, shown, lang or str(node.prefix)),
            "NODE_PATH": ":".join([*node_path, view.task_root]),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        },
        runtime_dir=runtime_dir,
        runtime_version=f"nodejs:{major} (local: Node.js {node.text}{_nearest(node, major)})",
        differs=_difference(node, major),
        host_paths=node.prefixes,
        links=links,
        mounts=((node.prefix, lang),) if lang else (),
    )


def available(runtime: str, cache_dir: Path | None = None) -> Available:
    """What runs a Node.js runtime here, and whether the SDK is in the cache."""
    try:
        node = find(runtime, cache_dir)
    except RuntimeUnavailable as error:
        return Available(runtime, None, None, str(error))
    notes = [_difference(node, _major(runtime))]
    if cache_dir is not None and not node_sdk.installed(cache_dir):
        notes.append(f"The AWS SDK for JavaScript is not installed. {node_sdk.HOW}")
    return Available(runtime, node.path, node.text, " ".join(filter(None, notes)) or None)


def prepare(cache_dir: Path) -> None:
    """Fetches the versions of Node.js that the machine lacks, and the AWS SDK for JavaScript."""
    for runtime in RUNTIMES:
        _provide(_major(runtime), cache_dir)
    if _known(cache_dir):
        node_sdk.install(cache_dir)
        node_sdk.runtime_dir(cache_dir)


def check(runtime: str, cache_dir: Path | None = None) -> None:
    """Refuses a runtime that has no node here and cannot get one; quick, and changes nothing.

    Raises:
        RuntimeUnavailable: with what to do.
    """
    if cache_dir is None or node_wheel.problem(_major(runtime)) is not None:
        find(runtime, cache_dir)


def find(runtime: str, cache_dir: Path | None = None) -> Node:
    """The matching node; else the nearest newer one, else the nearest older one.

    Raises:
        RuntimeUnavailable: there is none that is new enough.
    """
    wanted = _major(runtime)
    usable = [node for node in _known(cache_dir) if node.major >= OLDEST]
    if not usable:
        raise RuntimeUnavailable(
            f"The runtime {runtime} needs Node.js, and this machine has none of version {OLDEST} or newer "
            f"({node_wheel.problem(wanted) or 'nothing was fetched yet'}). Connect to a network, or install "
            f"Node.js {wanted} so that `node --version` answers; then start the local cloud again."
        )
    newest = sorted(usable, key=lambda node: node.version, reverse=True)
    return min(newest, key=lambda node: (node.major < wanted, abs(node.major - wanted)))


def _provide(major: int, cache_dir: Path) -> None:
    """Fetches a version that is not on the machine; what cannot be had is missed by `find`, which says so."""
    if not any(node.major == major for node in _known(cache_dir)):
        node_wheel.install(cache_dir, major)


def _known(cache_dir: Path | None) -> tuple[Node, ...]:
    kept = [] if cache_dir is None else map(_ask, node_wheel.installed(cache_dir))
    return (*_installed(), *(node for node in kept if node is not None))


@cache
def _installed() -> tuple[Node, ...]:
    found = {node.path: node for path in _candidates() if (node := _ask(path)) is not None}
    return tuple(found.values())


def _candidates() -> Iterator[str]:
    for name in ("node", "nodejs", *(f"node{major}" for major in (20, 22, 24))):
        if (on_path := shutil.which(name)) is not None:
            yield on_path
    moved = [f"{os.environ['NVM_DIR']}/versions/node/*/bin"] if os.environ.get("NVM_DIR") else []
    for pattern in (*moved, *FOLDERS):
        yield from sorted(glob.glob(os.path.expanduser(pattern) + "/node"))


@cache
def _ask(path: str) -> Node | None:
    """Runs the candidate: it may be a shim, which says where the real one is, or nothing at all."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
    try:
        said = subprocess.run(
            [path, "-p", ASK],
            capture_output=True,
            timeout=ASK_S,
            check=True,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        version, executable = json.loads(said.stdout)
        return Node(
            os.path.realpath(executable), tuple(int(part) for part in version.split("-")[0].split("."))
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _options(spec: FunctionSpec, node: Node) -> tuple[str, ...]:
    """Lambda's own options: heap sizes by memory, large headers, and experiments off up to nodejs22.x."""
    asked = spec.environment.get("NODE_OPTIONS", "").replace("_", "-")
    options = ["--expose-gc", "--max-http-header-size=81920"]
    if "--max-semi-space-size" not in asked and "--max-old-space-size" not in asked:
        young_mb = spec.memory_mb // 10
        options += [
            f"--max-semi-space-size={young_mb // 2}",
            f"--max-old-space-size={spec.memory_mb - young_mb}",
        ]
    if _major(spec.runtime) < 24 and node.version >= EXPERIMENTS_BY_DEFAULT:
        for feature in ("experimental-require-module", "experimental-detect-module"):
            options += [f"--no-{feature}"] if f"--{feature}" not in asked else []
    return tuple(options)


def _search(
    spec: FunctionSpec, view: View, node: Node
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """How an older node finds layers and SDK for ES modules: hooks in a thread, or cheaper, a link.

    In an isolated root without layers a link above the task root is where its own search ends.
    """
    if node.version >= HOOKS_IN_THREAD:
        return (), ()
    if view.task_root == "/var/task" and not spec.layer_dirs and "NODE_PATH" not in spec.environment:
        return (), (("/node_modules", "var/runtime/node_modules"),)
    return ("hooks",), ()


def _major(runtime: str) -> int:
    return int(runtime.removeprefix("nodejs").split(".")[0])


def _nearest(node: Node, major: int) -> str:
    return "" if node.major == major else ", nearest here"


def _difference(node: Node, major: int) -> str | None:
    if node.major == major:
        return None
    what = f"Node.js {major} is not on this machine: Node.js {node.text} runs nodejs{major}.x functions. "
    if major in node_wheel.VERSIONS:
        return f"{what}With a network the local cloud fetches Node.js {major} when it starts."
    return f"{what}Install Node.js {major} to match."
