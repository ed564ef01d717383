"""What Lambda starts for a Python function: sets the search path as on AWS and runs the runtime client.

Runs inside the execution environment, started with ``-S``: nothing of the machine's site-packages is seen.
Everything that the client needs is imported before the function's own folder joins the path, so that a file
called json.py in a package hides nothing from it.
"""

from __future__ import annotations

import os
import site
import sys

try:
    from awslambdaric.__main__ import main
except ModuleNotFoundError as missing:
    if missing.name != "awslambdaric":
        raise
    from _labkit_runtime import main  # type: ignore[import-not-found]  # elsewhere than on Linux

COERCED = ("C.UTF-8", "C.utf8", "UTF-8")  # what Python itself puts into LC_CTYPE where LANG is not installed


def join_path(task_root: str, opt_dir: str) -> None:
    """Task root, layers, runtime, standard library; with a PYTHONPATH of the function's own, no layers."""
    folders = [task_root]
    if "PYTHONPATH" not in os.environ:
        os.environ["PYTHONPATH"] = os.environ["LAMBDA_RUNTIME_DIR"]
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        folders += [f"{opt_dir}/python/lib/{version}/site-packages", f"{opt_dir}/python"]
    sys.path[:0] = folders
    for folder in folders:
        if os.path.isdir(folder):
            site.addsitedir(folder)  # for .pth files, as on AWS


def restore_builtins() -> None:
    """What ``-S`` leaves out of the built-in names."""
    site.setquit()
    site.setcopyright()
    site.sethelper()


if os.environ.get("LC_CTYPE") in COERCED:
    del os.environ["LC_CTYPE"]
join_path(os.environ["LAMBDA_TASK_ROOT"], sys.argv[1] if len(sys.argv) > 1 else "/opt")
del sys.argv[1:]
restore_builtins()
main(["bootstrap", os.environ["_HANDLER"]])
