"""A moto server for the recorder and the real AWS CLI: resources are made, no function runs."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer


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
    """A server with AWS's managed policies, whose Lambda answers without running code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        moto = Moto("http://{}:{}".format(*server.get_host_and_port()))
        moto.post("/moto-api/config", {"lambda": {"use_docker": False}})
        yield moto
        server.stop()


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
