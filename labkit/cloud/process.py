"""Starts and stops the server process of a workspace. Knows it by its command line and exit codes only."""

from __future__ import annotations

import fcntl
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from labkit.cloud.state import DEFAULT_REGION, STATE_DIR, Cloud, find, state_dir, status, workspace_dir
from labkit.errors import CloudError

EXIT_LOCK_HELD = 3
EXIT_PORT_TAKEN = 4
LOG_TAIL_LINES = 15
ROLE_DELAY_VARIABLE = "LABKIT_ROLE_DELAY_S"
ROLE_DELAY_S = 1.0
LOG_LIMIT_BYTES = 5_000_000
# What the server process may see of this machine's environment: enough to find interpreters and a
# temporary folder, nothing that could steer an SDK (no AWS_*, no proxies, no PYTHON*).
INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "LABKIT_CACHE")


def start(
    workspace: str | Path | None = None,
    *,
    region: str = DEFAULT_REGION,
    port: int = 0,
    timeout_s: float = 60.0,
) -> Cloud:
    """Finds the workspace's cloud or starts it; returns when it answers. Safe to call from many at once.

    The environment variable ``LABKIT_ROLE_DELAY_S`` says for how many seconds Lambda cannot assume a role
    that was just made (default 1, on AWS up to ten).

    Args:
        port: 0 takes any free one.

    Raises:
        CloudError: it cannot be started; the message has the last lines of its log.
    """
    place = workspace_dir(workspace)
    folder = state_dir(place)
    with _one_at_a_time(folder / "start.lock"):
        if (cloud := find(place)) is None:
            return _launch(place, region, port, time.monotonic() + timeout_s)
    if port not in (0, cloud.port):
        raise CloudError(
            f"The local cloud of {place} already runs, on port {cloud.port}. "
            f"To have it on port {port}, run `labkit cloud stop` first (it forgets its resources)."
        )
    return cloud


def stop(workspace: str | Path | None = None, *, timeout_s: float = 10.0) -> bool:
    """Ends the workspace's cloud: asks (SIGTERM), waits, insists (SIGKILL). False if none was running.

    Only a process that answers on the cloud's address with its own id is ever ended.

    Raises:
        CloudError: something holds the workspace and does not answer.
    """
    place = workspace_dir(workspace)
    if not (place / STATE_DIR).is_dir():
        return False
    with _one_at_a_time(place / STATE_DIR / "start.lock"):
        now = status(place)
        if now.state == "silent":
            who = f"Process {now.cloud.pid}" if now.cloud else "A process"
            raise CloudError(
                f"{who} holds the local cloud of {place} but does not answer, so it was left alone. "
                f"Its log is {place / STATE_DIR / 'cloud.log'}. "
                "If `ps` shows it to be labkit.localcloud, end it with `kill`."
            )
        if now.state == "running" and now.cloud:
            _end(now.cloud.pid, timeout_s)
        _forget(place)
        return now.state == "running"


def log_tail(workspace: Path, start_at: int = 0) -> str:
    """The last lines of the cloud's log, written from byte ``start_at`` on."""
    try:
        with open(workspace / STATE_DIR / "cloud.log", "rb") as log:
            log.seek(start_at)
            lines = log.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_TAIL_LINES:])


def _launch(place: Path, region: str, port: int, deadline: float) -> Cloud:
    """Starts the server, again if another process held the lock for a moment and then let go."""
    while True:
        attempt = _spawn(place, region, port, deadline)
        held = attempt.exit_code == EXIT_LOCK_HELD
        # If the lock is held, somebody starts or stops a server by hand: it will answer, or let go of it.
        patience_s = deadline - time.monotonic() if attempt.ready else 1.0
        if (attempt.ready or held) and (cloud := _answering(place, patience_s)):
            return cloud
        if not held:
            raise CloudError(_why_not(place, port, attempt))
        if time.monotonic() >= deadline:
            raise CloudError(
                f"Another process holds the local cloud of {place} but does not answer. "
                f"`labkit cloud status` says more; its log is {place / STATE_DIR / 'cloud.log'}."
            )


def _answering(place: Path, patience_s: float) -> Cloud | None:
    """The workspace's cloud as soon as it answers; looked for at least once."""
    until = time.monotonic() + patience_s
    while (cloud := find(place)) is None and time.monotonic() < until:
        time.sleep(0.05)  # nothing tells when another's process is ready
    return cloud


@dataclass(frozen=True)
class _Attempt:
    """How starting the server went; neither ready nor ended means that it took too long.

    Attributes:
        log_start: where in the log file its lines begin.
    """

    log_start: int
    ready: bool = False
    exit_code: int | None = None


def _spawn(place: Path, region: str, port: int, deadline: float) -> _Attempt:
    """One attempt, until it says that it is ready, ends, or takes too long; then it is ended."""
    log_path = place / STATE_DIR / "cloud.log"
    if log_path.exists() and log_path.stat().st_size > LOG_LIMIT_BYTES:
        log_path.replace(log_path.with_suffix(".log.1"))
    role_delay_s = _role_delay_s()
    ready, told = os.pipe()
    # -P: a file of the learner called json.py must not be imported by the server.
    command = [sys.executable, "-P", "-m", "labkit.localcloud", "--workspace", str(place)]
    command += ["--region", region, "--port", str(port), "--ready-fd", str(told)]
    command += ["--role-delay-s", str(role_delay_s)]
    process: subprocess.Popen[bytes] | None = None
    try:
        with open(log_path, "ab") as log:
            log_start = log.tell()
            process = subprocess.Popen(
                command,
                cwd=place,
                env={name: os.environ[name] for name in INHERITED if name in os.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(told,),
                start_new_session=True,
            )
        os.close(told)
        told = -1
        said = _read_line(ready, deadline)
    except BaseException:
        if process is not None:
            _end(process.pid, 2.0)
        raise
    finally:
        os.close(ready)
        if told >= 0:
            os.close(told)
    if said == b"":
        return _Attempt(log_start, exit_code=process.wait())
    if said is None:
        _end(process.pid, 2.0)
        process.wait()
        return _Attempt(log_start)
    threading.Thread(target=process.wait, daemon=True, name="labkit-cloud-reaper").start()
    return _Attempt(log_start, ready=True)


def _role_delay_s() -> float:
    """How long Lambda cannot assume a new role yet: on AWS some seconds, which everyone has to learn."""
    named = os.environ.get(ROLE_DELAY_VARIABLE)
    try:
        return ROLE_DELAY_S if named is None else float(named)
    except ValueError:
        raise CloudError(f"{ROLE_DELAY_VARIABLE} is {named!r}. Set it to a number of seconds.") from None


def _read_line(descriptor: int, deadline: float) -> bytes | None:
    """The line that the server writes when it is ready; b'' if it ended first, None if time is up."""
    received = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while not received.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return None
            if not (chunk := os.read(descriptor, 4096)):
                return b""
            received += chunk
    return received


def _why_not(place: Path, port: int, attempt: _Attempt) -> str:
    if attempt.exit_code == EXIT_PORT_TAKEN:
        return f"Port {port} is taken by another program. Choose another with --port, or leave --port out."
    if attempt.exit_code is not None:
        reason = f"it ended with code {attempt.exit_code}"
    else:
        reason = "it said it was ready but does not answer" if attempt.ready else "it was not ready in time"
    tail = log_tail(place, attempt.log_start) or "(it wrote nothing)"
    return f"The local cloud of {place} could not be started: {reason}. The last lines of its log:\n{tail}"


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Starters and stoppers of one workspace take turns; a starter that dies gives up its turn."""
    with open(path, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _end(pid: int, timeout_s: float) -> None:
    """SIGTERM, then SIGKILL to it and what it had started. psutil refuses a pid that was reused."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        started = process.children(recursive=True)
        process.terminate()
        if _gone(process, timeout_s):
            return
        for one in [process, *started, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        _gone(process, timeout_s)


def _gone(process: psutil.Process, timeout_s: float) -> bool:
    """Waits for the end of a process that need not be our child; a zombie has ended."""
    deadline = time.monotonic() + timeout_s
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _forget(place: Path) -> None:
    with suppress(FileNotFoundError):
        (place / STATE_DIR / "cloud.json").unlink()
