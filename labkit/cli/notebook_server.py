"""JupyterLab as a child of `labkit start`, run by its path: tells when it serves, never outlives its parent.

Two pipes do it, without polling: one on which it says that it is ready, and one whose other end only the
parent holds. When that closes, however the parent ended, this process stops the local cloud and then itself.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import labkit.light_jsonschema  # noqa: F401

# isort: split
from jupyterlab.labapp import LabApp


def main(workspace: str, lifeline: str, ready: str, *arguments: str) -> None:
    """Serves until SIGTERM or until the parent is gone.

    Args:
        workspace: whose cloud to stop when the parent has died without doing so.
        lifeline: descriptor of the pipe that the parent keeps open.
        ready: descriptor of the pipe to write a line to once requests are answered.
        arguments: JupyterLab's own.
    """
    # Kernels and terminals must not inherit the pipes: what they keep open would look like a living parent.
    for descriptor in (int(lifeline), int(ready)):
        os.set_inheritable(descriptor, False)
    threading.Thread(target=_follow, args=(int(lifeline), Path(workspace)), daemon=True).start()
    server = LabApp.initialize_server(argv=list(arguments))
    server.io_loop.add_callback(_tell, int(ready))
    server.start()


def _follow(lifeline: int, workspace: Path) -> None:
    """Waits for the parent's end."""
    os.read(lifeline, 1)
    from labkit import cloud

    try:
        cloud.stop(workspace)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


def _tell(ready: int) -> None:
    os.write(ready, b"ready\n")
    os.close(ready)


if __name__ == "__main__":
    main(*sys.argv[1:])
