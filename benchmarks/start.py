"""Speed of starting: the local cloud against a bare moto server, the workbook against plain JupyterLab.

Run: ``python benchmarks/start.py``. Rounds of floor and candidate alternate.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import socket

from figures import median, show

from labkit import cloud

ROUNDS = 3
ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.005)  # a floor is polled as finely as it can be without taking its CPU
    raise SystemExit(f"{url} ended before it answered")


def bare_moto_s() -> float:
    port = free_port()
    begin = time.perf_counter()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until_it_answers(f"http://127.0.0.1:{port}/moto-api/", process)
    took = time.perf_counter() - begin
    process.terminate()
    process.wait()
    return took


def our_cloud_s(folder: Path) -> float:
    begin = time.perf_counter()
    cloud.start(folder)
    took = time.perf_counter() - begin
    cloud.stop(folder)
    return took


def ready_s(command: list[str], folder: Path) -> float:
    """From the command to JupyterLab's line with the address."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    took = 0.0
    for line in process.stdout:
        if re.search(r"http://(127\.0\.0\.1|localhost):\d+/lab\S*token=", line):
            took = time.perf_counter() - begin
            break
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
    return took


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        our_cloud_s(folder)
        pairs = [(bare_moto_s(), our_cloud_s(folder)) for _ in range(ROUNDS)]
        show(
            "labkit cloud start", median([b for _, b in pairs]), median([a for a, _ in pairs]), "s", "<= 1.3"
        )
        workspace = folder / "workspace"
        plain = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
        ours = ["make", "-s", "-C", str(ROOT), "start", f"ARGS=--no-browser --workspace {workspace}"]
        ready_s(ours, folder)
        pairs = [
            (ready_s([*plain, "--port", str(free_port())], folder), ready_s(ours, folder))
            for _ in range(ROUNDS)
        ]
        show(
            "make start, second time",
            median([b for _, b in pairs]),
            median([a for a, _ in pairs]),
            "s",
            "<= 1.5",
        )


if __name__ == "__main__":
    main()
