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
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

sys.path.insert(0, str(Path(__file__).parent))
import socket

from figures import median, show

from labkit import cloud

ROUNDS = 7
LAB_ROUNDS = 3
ROOT = Path(__file__).parent.parent
# A first answer that needs no service, and the first answers that a learner waits for: moto loads a service
# when it is first asked, and so does the local cloud, with what it changes in it.
FIRST_CALLS = {
    "sts GetCallerIdentity": ("sts", "get_caller_identity"),
    "s3 ListBuckets": ("s3", "list_buckets"),
    "lambda ListFunctions": ("lambda", "list_functions"),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(answered: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            answered()
            return
        except (OSError, EndpointConnectionError):
            time.sleep(0.005)  # a floor is polled as finely as it can be without taking its CPU
    raise SystemExit("the bare moto server ended before it answered")


def client(service: str, port: int, key: tuple[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        config=Config(retries={"total_max_attempts": 1}),
    )


def bare_moto_s(port: int, answered: Callable[[], object]) -> float:
    begin = time.perf_counter()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(answered, process)
    took = time.perf_counter() - begin
    process.terminate()
    process.wait()
    return took


def our_cloud_s(folder: Path, port: int, answered: Callable[[], object]) -> float:
    begin = time.perf_counter()
    cloud.start(folder, port=port)
    answered()
    took = time.perf_counter() - begin
    cloud.stop(folder)
    return took


def our_command_s(folder: Path) -> float:
    begin = time.perf_counter()
    command = [sys.executable, "-m", "labkit.cli", "cloud", "start"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    took = time.perf_counter() - begin
    cloud.stop(folder)
    return took


def starts(folder: Path) -> None:
    ours, bare = free_port(), free_port()
    here = cloud.start(folder, port=ours)
    key = here.access_key_id, here.secret_access_key  # of the workspace: kept from start to start
    cloud.stop(folder)
    compare(
        "cloud.start() to its first answer",
        lambda: bare_moto_s(bare, lambda: urllib.request.urlopen(f"http://127.0.0.1:{bare}/moto-api/")),
        lambda: our_cloud_s(folder, ours, lambda: None),  # it returns when it has answered
    )
    compare(
        "labkit cloud start, the command",
        lambda: bare_moto_s(bare, lambda: urllib.request.urlopen(f"http://127.0.0.1:{bare}/moto-api/")),
        lambda: our_command_s(folder),
    )
    for what, (service, operation) in FIRST_CALLS.items():
        of_bare = getattr(client(service, bare, key), operation)
        of_ours = getattr(client(service, ours, key), operation)
        compare(
            f"cloud.start() to {what}",
            partial(bare_moto_s, bare, of_bare),
            partial(our_cloud_s, folder, ours, of_ours),
        )


def compare(what: str, floor_s: Callable[[], float], ours_s: Callable[[], float]) -> None:
    """Rounds of floor and candidate alternate; a first one of each finds the files in memory."""
    floor_s(), ours_s()
    pairs = [(floor_s(), ours_s()) for _ in range(ROUNDS)]
    show(what, median([ours for _, ours in pairs]), median([floor for floor, _ in pairs]), "s", "<= 1.3")


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
        starts(folder)
        workspace = folder / "workspace"
        plain = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
        ours = ["make", "-s", "-C", str(ROOT), "start", f"ARGS=--no-browser --workspace {workspace}"]
        ready_s(ours, folder)
        pairs = [
            (ready_s([*plain, "--port", str(free_port())], folder), ready_s(ours, folder))
            for _ in range(LAB_ROUNDS)
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
