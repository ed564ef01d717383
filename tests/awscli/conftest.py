"""A moto server for the recorder and the real AWS CLI: resources are made, no function runs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest


@dataclass(frozen=True)
class Moto:
    """A running moto server."""

    url: str

    def post(self, path: str, body: dict[str, Any] | None = None) -> None:
        data = json.dumps(body or {}).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            assert answer.status < 300

    def forget(self) -> None:
        """All resources are gone."""
        self.post("/moto-api/reset")


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Moto]:
    """A server whose Lambda answers without running code, and whose IAM has no policies of AWS.

    Those would take longer than most tests at every reset. It is a process of its own because moto's state
    belongs to a whole process, and this one is emptied before each test.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env={name: value for name, value in os.environ.items() if not name.startswith("MOTO_")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    moto, deadline = Moto(f"http://127.0.0.1:{port}"), time.monotonic() + 60
    try:
        while True:
            try:
                moto.post("/moto-api/config", {"lambda": {"use_docker": False}})
                break
            except urllib.error.URLError:
                assert server.poll() is None and time.monotonic() < deadline, "moto's server does not answer"
                time.sleep(0.05)
        yield moto
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def moto(moto_server: Moto) -> Moto:
    """The server, empty."""
    moto_server.forget()
    return moto_server


@pytest.fixture
def session(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """A session whose clients talk to the server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    return boto3.Session(region_name="us-east-1")
