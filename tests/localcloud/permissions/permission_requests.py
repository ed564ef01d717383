"""Requests as boto3 writes them, without sending them; and the tables of calls beside this file."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from labkit.localcloud.permissions import Call, classify

ENDPOINT = "http://127.0.0.1:4566"


class _Captured(Exception):
    def __init__(self, request: Any) -> None:
        super().__init__()
        self.request = request


@cache
def unsent_client(service: str) -> Any:
    """A client whose requests end before they are sent."""
    client = boto3.client(
        service,
        "us-east-1",
        endpoint_url=ENDPOINT,
        aws_access_key_id="AKIAX",
        aws_secret_access_key="x",
        config=Config(
            parameter_validation=False, inject_host_prefix=False, retries={"total_max_attempts": 1}
        ),
    )

    def stop(request: Any, **_: Any) -> AWSResponse:
        raise _Captured(request)

    client.meta.events.register("before-send", stop)
    return client


def call_of(service: str, operation: str, arguments: dict[str, Any] | None = None) -> Call:
    """What ``classify`` makes of a boto3 call; ``service`` and ``operation`` as boto3 names them."""
    client = unsent_client(service)
    try:
        getattr(client, operation)(**(arguments or {}))
    except _Captured as captured:
        request = captured.request
    except ClientError as error:  # pragma: no cover
        raise AssertionError(error) from error
    signing_name = client.meta.service_model.signing_name
    url = urlsplit(request.url)
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    headers = {
        name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
    }
    return classify(
        request.method,
        "127.0.0.1:4566",
        url.path,
        url.query,
        headers,
        body if isinstance(body, bytes) else body.encode(),
        signing_name,
        "us-east-1",
    )


def read_table(name: str) -> list[tuple[str, str, dict[str, Any], list[str]]]:
    """Rows of service, operation and arguments, with the indented lines below each."""
    text = (
        Path(__file__)
        .with_name(name)
        .read_text(encoding="utf-8")
        .replace("<iam>", "arn:aws:iam::123456789012")
    )
    text = re.sub(r"<([a-z0-9-]+)>", r"arn:aws:\1:us-east-1:123456789012", text)
    rows: list[tuple[str, str, dict[str, Any], list[str]]] = []
    for line in text.splitlines():
        if line.startswith("    "):
            rows[-1][3].append(line.strip())
        elif line and not line.startswith("#"):
            service, operation, arguments = line.split(" ", 2)
            rows.append((service, operation, json.loads(arguments), []))
    return rows
