"""Functions on the running local cloud, made with plain boto3."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import textwrap
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.config import Config

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
SOON = {"Delay": 0.1, "MaxAttempts": 300}  # states last a tenth of a second here
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=60)


def zipped(files: dict[str, str], executable: str = "bootstrap") -> bytes:
    """A deployment package; files whose path starts so are executables."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name.startswith(executable) else 0o644) << 16
            archive.writestr(entry, textwrap.dedent(text))
    return made.getvalue()


@dataclass
class Function:
    """A function of one test."""

    cloud: Any
    name: str
    role_arn: str
    lambda_: Any = field(repr=False)

    def invoke(self, event: Any = None, **options: Any) -> dict[str, Any]:
        """Invoke's answer with the payload parsed and the log tail decoded."""
        target = {"FunctionName": self.name, "LogType": "Tail", **options}
        if target.get("InvocationType", "RequestResponse") != "RequestResponse":
            del target["LogType"]
        answer = self.lambda_.invoke(**target, Payload=json.dumps(event).encode())
        text = answer["Payload"].read()
        answer["Payload"] = json.loads(text) if text else None
        answer["LogResult"] = base64.b64decode(answer.get("LogResult", "")).decode()
        return answer

    def update(self, **settings: Any) -> None:
        self.lambda_.update_function_configuration(FunctionName=self.name, **settings)
        self.lambda_.get_waiter("function_updated_v2").wait(FunctionName=self.name, WaiterConfig=SOON)

    def allow(self, action: str | list[str], resource: str = "*") -> None:
        """Adds an inline policy to the execution role."""
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        self.cloud.client("iam").put_role_policy(
            RoleName=self.role_arn.split("/")[-1],
            PolicyName=f"p{uuid.uuid4().hex[:6]}",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def log(self) -> list[str]:
        """All messages of the function's log group; none while there is no group."""
        logs = self.cloud.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.name}")
        try:
            return [event["message"] for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return []


class Functions:
    """Makes functions, and deletes them at the end of the module."""

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.lambda_ = cloud.client("lambda", config=ONCE)
        self._made: list[str] = []

    def role(self, *policies: str) -> str:
        iam = self.cloud.client("iam")
        name = f"role-{uuid.uuid4().hex[:8]}"
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        for policy in policies:
            iam.attach_role_policy(RoleName=name, PolicyArn=policy)
        return str(arn)

    def __call__(
        self, source: str | dict[str, str], *, policies: tuple[str, ...] = (BASIC,), **settings: Any
    ) -> Function:
        """A function from the source of ``app.py`` (or from several files), ready to be invoked."""
        files = {"app.py": source} if isinstance(source, str) else source
        name = f"f-{uuid.uuid4().hex[:10]}"
        role_arn = self.role(*policies)
        defaults = {"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 10, "MemorySize": 512}
        self.lambda_.create_function(
            FunctionName=name, Role=role_arn, Code={"ZipFile": zipped(files)}, **{**defaults, **settings}
        )
        self._made.append(name)
        self.lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
        return Function(self.cloud, name, role_arn, self.lambda_)

    def delete(self, function: Function) -> None:
        self._made.remove(function.name)
        self.lambda_.delete_function(FunctionName=function.name)

    def close(self) -> None:
        for name in self._made:
            with contextlib.suppress(self.lambda_.exceptions.ResourceNotFoundException):  # by the test itself
                self.lambda_.delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def make(cloud: Any) -> Iterator[Functions]:
    made = Functions(cloud)
    yield made
    made.close()
