"""An endpoint that is not ours (moto's server on 127.0.0.1), and labs that reach it as if it were AWS."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import labkit
from labkit.session import Lab

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")  # read when moto is imported

TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """An AWS-compatible endpoint that all tests share, as learners share an account."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _no_host_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "LABKIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


@pytest.fixture
def open_lab(endpoint: str, credentials: None, workspace: Path) -> Callable[..., Lab]:
    """Opens labs as target="aws" does, on the plain endpoint."""

    def opened(notebook: str = "02-create", **options: Any) -> Lab:
        defaults: dict[str, Any] = {"workspace": workspace, "confirm": True, "endpoint_url": endpoint}
        return labkit.open(notebook, target="aws", **{**defaults, **options})

    return opened


@pytest.fixture
def lab(open_lab: Callable[..., Lab]) -> Lab:
    return open_lab()


@pytest.fixture(scope="session")
def outside(endpoint: str) -> Callable[[str], Any]:
    """Clients of somebody who knows nothing of labkit."""
    session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=endpoint)


@pytest.fixture(scope="session")
def role_arn(outside: Callable[[str], Any]) -> str:
    """An execution role that no lab made."""
    made = outside("iam").create_role(RoleName="somebody-elses-role", AssumeRolePolicyDocument=TRUST)
    return str(made["Role"]["Arn"])
