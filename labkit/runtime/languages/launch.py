"""What a language says about starting a function, and what it is told about paths. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class View:
    """How the handler sees paths: AWS's own in an isolated environment, real directories elsewhere.

    Attributes:
        runtime_dir: empty where it is not known before the launch: then the launch's own directory is meant.
        lang_dir: where the interpreter's directory can be shown (``/var/lang``, as on AWS); empty where it
            stays at its real path.
    """

    task_root: str
    opt_dir: str
    runtime_dir: str
    tmp_dir: str
    lang_dir: str = ""


@dataclass(frozen=True)
class Launch:
    """How to start a runtime process.

    Attributes:
        argv: the program by its path in the View, then its arguments.
        environment: variables that belong to the runtime, in terms of the View.
        runtime_dir: the host directory that becomes /var/runtime.
        runtime_version: what INIT_START says, with the local interpreter named.
        differs: how this differs from AWS, for people; None when it does not.
        host_paths: host directories that the process needs to read, besides the system's own.
        links: names in an isolated root and where they point.
        mounts: host directories and where an isolated root shows them; only with a ``View.lang_dir``.
        entrypoint_problem: None, or why there is nothing to start: the platform then reports
            ``Runtime.InvalidEntrypoint`` and starts nothing.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    runtime_dir: Path
    runtime_version: str
    differs: str | None
    host_paths: tuple[Path, ...]
    links: tuple[tuple[str, str], ...] = ()
    mounts: tuple[tuple[Path, str], ...] = ()
    entrypoint_problem: str | None = None


@dataclass(frozen=True)
class Available:
    """One row of ``labkit doctor``: a runtime and what runs it here. ``interpreter`` None: nothing does."""

    runtime: str
    interpreter: str | None
    version: str | None
    note: str | None
