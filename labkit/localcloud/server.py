"""The local cloud put together: its parts, its address, its state file, its end."""

from __future__ import annotations

import asyncio
import datetime
import fcntl
import json
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit import __version__

if TYPE_CHECKING:
    from labkit.localcloud.assembly import Parts
    from labkit.runtime.http import Server

STATE_DIR = ".labkit"
PREPARE_AFTER_S = 1.0  # until then the first request has the machine for itself
log = logging.getLogger(__name__)


class StartFailed(Exception):
    """The process cannot serve this workspace; ``exit_code`` tells the starter why."""

    def __init__(self, exit_code: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code


async def serve(workspace: Path, port: int, region: str, ready_fd: int | None, role_delay_s: float) -> None:
    """Serves until SIGTERM or SIGINT. ``role_delay_s``: how long Lambda cannot assume a new role yet.

    Raises:
        StartFailed: the workspace is served already or not writable, or the port is taken.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    state_dir = _own_directory(workspace)
    lock = _take_lock(state_dir)
    listening = _bind(port)
    host, port = listening.getsockname()
    endpoint = f"http://{host}:{port}"
    key = _credentials(state_dir)
    # moto and the rest take their time to import: a second starter is turned away before that.
    from labkit.localcloud.assembly import assemble
    from labkit.localcloud.identities import ACCOUNT_ID
    from labkit.runtime.http import Server

    parts = await assemble(state_dir, workspace, endpoint, key, role_delay_s)
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    server = Server(parts.front)
    await server.listen(sock=listening)
    state = _state(workspace, endpoint, port, region, ACCOUNT_ID, key)
    state_file = state_dir / "cloud.json"
    _write_private(state_file, state)
    if ready_fd is not None:
        os.write(ready_fd, b"ready\n")
        os.close(ready_fd)
    _in_background(parts.moto.load)
    asyncio.get_running_loop().call_later(PREPARE_AFTER_S, _in_background, parts.prepare)
    log.info("the local cloud of %s answers at %s", workspace, endpoint)
    try:
        await stopped.wait()
    finally:
        state_file.unlink(missing_ok=True)
        await _close(parts, server)
        lock.close()


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=f"background {work.__qualname__}", daemon=True).start()


async def _close(parts: Parts, server: Server) -> None:
    await parts.close()
    await server.close(wait_s=1)


def _own_directory(workspace: Path) -> Path:
    state_dir = workspace / STATE_DIR
    try:
        state_dir.mkdir(mode=0o700, exist_ok=True)
        state_dir.chmod(0o700)
    except OSError as error:
        raise StartFailed(5, f"The workspace {workspace} cannot be written to: {error.strerror}.") from None
    return state_dir


def _take_lock(state_dir: Path) -> Any:
    lock = open(state_dir / "cloud.lock", "a")  # noqa: SIM115 - held for the life of the process
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StartFailed(3, f"A local cloud of {state_dir.parent} runs already.") from None
    return lock


def _bind(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(512)
    except OSError as error:
        raise StartFailed(4, f"Port {port} cannot be used: {error.strerror}. Choose another one.") from None
    return listening


def _credentials(state_dir: Path) -> tuple[str, str]:
    """The workspace's own key: made once, so that it survives restarts; readable by its owner only."""
    file = state_dir / "credentials.json"
    try:
        kept = json.loads(file.read_text())
        return str(kept["access_key_id"]), str(kept["secret_access_key"])
    except (OSError, ValueError, KeyError):
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        key = "AKIA" + "".join(secrets.choice(alphabet) for _ in range(16)), secrets.token_urlsafe(30)
        _write_private(file, {"access_key_id": key[0], "secret_access_key": key[1]})
        return key


def _state(
    workspace: Path, endpoint: str, port: int, region: str, account_id: str, key: tuple[str, str]
) -> dict[str, str | int]:
    now = datetime.datetime.now(datetime.UTC)
    return {
        "endpoint": endpoint,
        "port": port,
        "pid": os.getpid(),
        "started_at": now.isoformat(timespec="milliseconds"),
        "version": __version__,
        "workspace": str(workspace),
        "region": region,
        "account_id": account_id,
        "access_key_id": key[0],
        "secret_access_key": key[1],
    }


def _write_private(file: Path, content: dict[str, Any]) -> None:
    part = file.with_suffix(f".{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w") as out:
        json.dump(content, out, indent=1)
    os.replace(part, file)
