"""What labkit adds on the learner's side: to a warm invocation, and to the time of an import.

Run: ``python benchmarks/learner.py``. Calls through a lab's client, which is watched and recorded, alternate
with calls through a plain boto3 client; so do imports.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

sys.path.insert(0, str(Path(__file__).parent))
from figures import median, show

import labkit
from labkit import cloud, deploy

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
CALLS, IMPORTS = 1500, 9


def timed(lambda_: Any, name: str, payload: bytes) -> float:
    """Seconds that one synchronous invocation takes its caller."""
    begin = time.perf_counter()
    lambda_.invoke(FunctionName=name, Payload=payload)["Payload"].read()
    return time.perf_counter() - begin


def watched_calls() -> None:
    with contextlib.ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.callback(cloud.stop, workspace)
        lab = labkit.open("00-start-here", workspace=workspace)
        here = cloud.find(workspace)
        assert here is not None
        watched = lab.client("lambda")
        # Not watched.meta.config: with that botocore would not write the user agent anew for each call.
        alike = Config(user_agent_extra="labkit", tcp_keepalive=True, read_timeout=910, proxies={})
        session = boto3.Session(here.access_key_id, here.secret_access_key, region_name=here.region)
        plain = session.client("lambda", endpoint_url=here.endpoint, config=alike)
        iam = lab.client("iam")
        role = iam.create_role(RoleName=lab.name("bench"), AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        name = lab.name("bench")
        watched.create_function(
            FunctionName=name,
            Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
            Handler="app.handler",
            Role=role["Arn"],
            MemorySize=1769,
            Code={"ZipFile": deploy.package({"app.py": "def handler(event, context): return None\n"})},
        )
        watched.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
        payload = json.dumps({"orders": list(range(100))}).encode()
        for _ in range(100):
            timed(watched, name, payload), timed(plain, name, payload)
        pairs = [(timed(plain, name, payload), timed(watched, name, payload)) for _ in range(CALLS)]
    floor, ours = (median(list(column)) * 1e3 for column in zip(*pairs, strict=True))
    show("warm invoke, watched and recorded", ours, floor, "ms", "<= 1.03")


def import_s(statement: str) -> float:
    """Seconds of CPU and waiting that a fresh interpreter spends on a statement."""
    script = f"import time; b = time.perf_counter(); {statement}; print(time.perf_counter() - b)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    return float(done.stdout)


def imports() -> None:
    pairs = [
        (import_s("import boto3"), import_s("import boto3, labkit; labkit.open")) for _ in range(IMPORTS)
    ]
    floor, ours = (median(list(column)) for column in zip(*pairs, strict=True))
    said = "ok" if ours - floor <= 0.3 else "MISSED"
    what = "import labkit, beyond import boto3"
    print(f"{what:<44} {ours - floor:>9.2f} s   floor {floor:>9.2f}  mark <= 0.3 s {said}")


if __name__ == "__main__":
    imports()
    watched_calls()
