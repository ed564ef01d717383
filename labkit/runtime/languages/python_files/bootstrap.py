"""Starts a Python function: the module search path as on AWS, then AWS's own runtime client.

Runs inside the execution environment, with the standard library and /var/runtime only.
"""

import os
import sys


def _search_path() -> None:
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    runtime_dir = os.environ["LAMBDA_RUNTIME_DIR"]
    opt = os.environ.pop("_LABKIT_OPT", "/opt")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    layers = [f"{opt}/python/lib/{version}/site-packages", f"{opt}/python"]
    standard = [path for path in sys.path if path not in (runtime_dir, "")]
    own = [path for path in os.environ.get("PYTHONPATH", "").split(":") if path and path != runtime_dir]
    sys.path[:] = [task_root, *own, *layers, runtime_dir, *[path for path in standard if path not in own]]


def main() -> None:
    _search_path()
    import _sitebuiltins
    import builtins

    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
    from awslambdaric.__main__ import main as run

    run(["bootstrap", os.environ["_HANDLER"]])


main()
