"""Custom runtimes (provided.al2023): any executable called bootstrap, in the package or in a layer."""

from __future__ import annotations

from pathlib import Path

from labkit.runtime.languages.launch import Available, Launch, View
from labkit.runtime.spec import FunctionSpec

LIBRARIES = "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"


def launch(spec: FunctionSpec, view: View, cache_dir: Path) -> Launch:
    """Starts ``bootstrap``: the package's own before a layer's, as on AWS."""
    runtime_dir = cache_dir / "runtimes" / "provided"
    runtime_dir.mkdir(parents=True, exist_ok=True)
    in_task = (spec.code_dir / "bootstrap").is_file()
    root = view.task_root if in_task else view.opt_dir
    return Launch(
        argv=(f"{root}/bootstrap",),
        environment={
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
            "LD_LIBRARY_PATH": LIBRARIES,
        },
        runtime_dir=runtime_dir,
        runtime_version=f"{spec.runtime.replace('.', ':', 1)} (local: this machine's own system)",
        differs="The system libraries are this machine's, not Amazon Linux 2023's.",
        host_paths=(),
    )


def available() -> Available:
    """Custom runtimes need nothing but the function's own executable."""
    return Available("provided.al2023", "bootstrap", None, "system libraries are this machine's")
