"""Custom runtimes (provided.al2023): any executable called bootstrap, in the package or in a layer."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from labkit.runtime.languages import surroundings
from labkit.runtime.languages.cache import kept
from labkit.runtime.languages.launch import Available, Launch, View
from labkit.runtime.spec import FunctionSpec

RUNTIMES = ("provided.al2", "provided.al2023")
ELF_MACHINES = {62: "x86_64", 183: "arm64"}  # e_machine of an ELF file (System V ABI)
MACH_O = (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
DIFFERS = "The system's libraries and programs are this machine's, not Amazon Linux's."


def launch(spec: FunctionSpec, view: View, cache_dir: Path) -> Launch:
    """Starts ``bootstrap``: the package's own before a layer's, as on AWS.

    Raises:
        OSError: labkit's cache cannot be written.
    """
    runtime_dir = kept(
        cache_dir, "provided", lambda part: None
    )  # AWS's has nothing that functions use either
    layers = reversed(spec.layer_dirs)  # of several, the last one wins
    places = [(spec.code_dir, view.task_root), *((layer, view.opt_dir) for layer in layers)]
    found = next(((host, shown) for host, shown in places if (host / "bootstrap").is_file()), None)
    host, shown = found or places[0]
    return Launch(
        argv=(f"{shown}/bootstrap",),
        environment=surroundings.environment(view, view.runtime_dir or str(runtime_dir), None),
        runtime_dir=runtime_dir,
        runtime_version=f"{spec.runtime.replace('.', ':', 1)} (local: this machine's own system)",
        differs=DIFFERS,
        host_paths=(),
        entrypoint_problem=_problem(host / "bootstrap", f"{shown}/bootstrap") if found else _missing(view),
    )


def available(runtime: str, cache_dir: Path | None = None) -> Available:
    """Custom runtimes need nothing but the function's own executable."""
    return Available(runtime, "the function's own bootstrap", None, DIFFERS)


def _missing(view: View) -> str:
    return f"Couldn't find valid bootstrap(s): [{view.task_root}/bootstrap {view.opt_dir}/bootstrap]"


def _problem(file: Path, shown: str) -> str | None:
    """Why the kernel would not start this file, in AWS's words; None when it would."""
    if not os.access(file, os.X_OK):
        return f"fork/exec {shown}: permission denied"
    with open(file, "rb") as opened:
        head = opened.read(20)
    return None if _runs_here(head) else f"fork/exec {shown}: exec format error"


def _runs_here(head: bytes) -> bool:
    if head.startswith(b"#!"):
        return True
    if head.startswith(b"\x7fELF"):
        machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
        built_for = ELF_MACHINES.get(int.from_bytes(head[18:20], "little"))
        return sys.platform == "linux" and machine == built_for
    return sys.platform == "darwin" and head[:4] in MACH_O
