"""JupyterLab from the outside: its port, its process, its first page. Knows nothing of the cloud."""

from __future__ import annotations

import errno
import json
import os
import secrets
import selectors
import signal
import socket
import subprocess
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labkit.errors import LabError

FIRST_NOTEBOOK = "00-start-here.ipynb"
USUAL_PORT, PORTS_TRIED = 8888, 100
# Every kernel runs it before its first cell. Its file may not be called as a package that it imports.
STARTUP = "get_ipython().run_line_magic('load_ext', 'labkit.session.first_aid')\n"
READY_TIMEOUT_S, STOP_TIMEOUT_S = 90.0, 10.0
SERVER = Path(__file__).with_name("notebook_server.py")
# JupyterLab's question about news would be the first thing that a learner sees.
PAGE_CONFIG = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


@dataclass(frozen=True)
class JupyterLab:
    """A running JupyterLab: its process, our ends of its two pipes, the address with its token, its log."""

    process: subprocess.Popen[bytes]
    lifeline: int
    ready: int
    address: str
    log: Path

    def await_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Returns when it answers requests.

        Raises:
            LabError: it ended, or time is up.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self.ready, selectors.EVENT_READ)
            if not (selector.select(timeout_s) and os.read(self.ready, 16)):
                raise LabError(f"JupyterLab did not start. {self.last_words()}")

    def await_end(self) -> None:
        """Returns when it was shut down from its own menu.

        Raises:
            LabError: it crashed.
        """
        if self.process.wait() != 0:
            raise LabError(f"JupyterLab ended with code {self.process.returncode}. {self.last_words()}")

    def last_words(self, lines: int = 15) -> str:
        with suppress(OSError), self.log.open(errors="replace") as file:
            return f"Its last lines ({self.log} has all of them):\n{''.join(deque(file, maxlen=lines))}"
        return ""

    def stop(self) -> None:
        """Asks it to end (it ends its kernels), waits, insists. Nothing happens if it has ended."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_TIMEOUT_S)
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.lifeline)
        os.close(self.ready)


def launch(workspace: Path, home: Path, port: int, browser: bool) -> JupyterLab:
    """Starts JupyterLab on a workspace, on 127.0.0.1 only; it ends with this process at the latest.

    Args:
        home: folder for its settings, layout and log: apart from the learner's other JupyterLabs.
    """
    (home / "labconfig").mkdir(parents=True, exist_ok=True)
    (home / "labconfig" / "page_config.json").write_text(json.dumps(PAGE_CONFIG))
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "first_aid.py").write_text(STARTUP)
    token = secrets.token_hex(16)
    log = home / "jupyterlab.log"
    far_lifeline, lifeline = os.pipe()
    ready, far_ready = os.pipe()
    command = [sys.executable, "-P", str(SERVER), str(workspace), str(far_lifeline), str(far_ready)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command + _arguments(workspace, port, browser),
            cwd=workspace,
            env=_environment(workspace, home, token),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(far_lifeline, far_ready),
            start_new_session=True,  # Ctrl-C is ours to pass on, so that JupyterLab asks no question
        )
    os.close(far_lifeline)
    os.close(far_ready)
    address = f"http://127.0.0.1:{port}/lab/tree/{FIRST_NOTEBOOK}?token={token}"
    return JupyterLab(process, lifeline, ready, address, log)


def choose_port(asked: int | None) -> int:
    """The port asked for, if it is free; without a wish the usual one or the next that is free.

    Raises:
        LabError: the port asked for is taken, or not ours to take.
    """
    if asked is not None:
        if reason := _refused(asked):
            raise LabError(f"Port {asked} cannot be used: {reason}. Name another with --port, or none.")
        return asked or _any_port()
    usual = range(USUAL_PORT, USUAL_PORT + PORTS_TRIED)
    return next((port for port in usual if not _refused(port)), None) or _any_port()


def _arguments(workspace: Path, port: int, browser: bool) -> list[str]:
    settings = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": workspace,
        "ServerApp.open_browser": browser,
        "ServerApp.allow_root": os.geteuid() == 0,
        "LabApp.default_url": f"/lab/tree/{FIRST_NOTEBOOK}",
        "LabApp.extension_manager": "readonly",
    }
    return [f"--{name}={value}" for name, value in settings.items()]


def _environment(workspace: Path, home: Path, token: str) -> dict[str, str]:
    """The learner's own; in JupyterLab's terminals `labkit` and `aws` are found, and find this workspace."""
    here = str(Path(sys.executable).parent)
    return os.environ | {
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_TOKEN": token,  # arguments are for everybody on the machine to see
        "LABKIT_WORKSPACE": str(workspace),
        "PATH": os.pathsep.join([here, os.environ.get("PATH", os.defpath)]),
    }


def _refused(port: int) -> str | None:
    """Why nothing can listen on this port, or None."""
    with socket.socket() as probe:
        if port and probe.connect_ex(("127.0.0.1", port)) == 0:
            return "another program listens on it"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as JupyterLab binds it
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return "another program has it" if error.errno == errno.EADDRINUSE else str(error.strerror)
    return None


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
