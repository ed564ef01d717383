"""Speed of invoking: warm, from eight threads, cold, fifty at once. Ratios against floors of the same run.

Run: ``python benchmarks/invoke.py``. Rounds of floor and candidate alternate, so that drift hits both.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

sys.path.insert(0, str(Path(__file__).parent))
from figures import median, p95, show
from floors import BareRuntime, bare_server

from labkit import cloud, deploy

EMPTY = "def handler(event, context): return None\n"
WITH_BOTO3 = "import boto3\n" + EMPTY
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ROUNDS, PER_ROUND = 10, 50
# Benchmarks measure no waiting for a new role to spread: their clouds have none.
os.environ["LABKIT_ROLE_DELAY_S"] = "0"
names = (f"bench-{number}" for number in itertools.count())


def client(endpoint: str, key: tuple[str, str], service: str = "lambda") -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        config=Config(max_pool_connections=64, retries={"max_attempts": 0}, read_timeout=120),
    )


def timed(lambda_: Any, name: str, payload: bytes = b"{}") -> float:
    """Seconds that one synchronous invocation takes its caller."""
    begin = time.perf_counter()
    lambda_.invoke(FunctionName=name, Payload=payload)["Payload"].read()
    return time.perf_counter() - begin


def create(lambda_: Any, role: str, source: str) -> str:
    name = next(names)
    lambda_.create_function(
        FunctionName=name,
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Handler="app.handler",
        Role=role,
        MemorySize=1769,
        Timeout=30,
        Code={"ZipFile": deploy.package({"app.py": source})},
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
    return name


def warm(ours: Any, bare: Any, name: str, runtime: BareRuntime) -> None:
    for _ in range(20):
        timed(ours, name), timed(bare, name)
    candidates, floors, trips = [], [], []
    for _ in range(ROUNDS):
        floors += [timed(bare, name) for _ in range(PER_ROUND)]
        trips += [runtime.round_trip_s() for _ in range(PER_ROUND)]
        candidates += [timed(ours, name) for _ in range(PER_ROUND)]
    floor = median(floors) + median(trips)
    show("warm invoke, median", median(candidates) * 1e3, floor * 1e3, "ms", "<= 1.3")
    floor = p95(floors) + p95(trips)
    show("warm invoke, p95", p95(candidates) * 1e3, floor * 1e3, "ms", "<= 1.6")


def throughput(ours: Any, bare: Any, name: str) -> None:
    def rate(lambda_: Any) -> float:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: timed(lambda_, name), range(40)))
            begin = time.perf_counter()
            list(pool.map(lambda _: timed(lambda_, name), range(400)))
            return 400 / (time.perf_counter() - begin)

    rates = [(rate(bare), rate(ours)) for _ in range(4)]
    floor, candidate = median([one for one, _ in rates]), median([other for _, other in rates])
    show("invokes/s from 8 threads", candidate, floor, "/s", ">= 0.7", higher_is_better=True)


def cold(ours: Any, bare: Any, role: str, source: str, what: str, code_dir: Path) -> None:
    (code_dir / "app.py").write_text(source)
    candidates, floors, calls = [], [], []
    for _ in range(8):
        runtime = BareRuntime(code_dir)
        floors.append(runtime.first_next_s)
        runtime.close()
        name = create(ours, role, source)
        calls.append(timed(bare, name))
        candidates.append(timed(ours, name))
    floor = median(floors) + median(calls)
    show(f"cold invoke, {what}", median(candidates) * 1e3, floor * 1e3, "ms", "<= 1.3")


def crowd(ours: Any, role: str, code_dir: Path) -> None:
    (code_dir / "app.py").write_text(EMPTY)

    def spawn(_: int) -> None:
        BareRuntime(code_dir).close()

    candidates, floors = [], []
    for _ in range(2):
        begin = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(spawn, range(50)))
        floors.append(time.perf_counter() - begin)
        name = create(ours, role, "import time\ndef handler(event, context): time.sleep(event['s'])\n")
        payload = json.dumps({"s": 3}).encode()
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            begin = time.perf_counter()
            list(pool.map(timed, [ours] * 50, [name] * 50, [payload] * 50))
            candidates.append(time.perf_counter() - begin - 3)
    show("50 simultaneous first invokes", median(candidates), median(floors), "s", "<= 1.4")


def main() -> None:
    with contextlib.ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        code_dir = workspace / "bare"
        code_dir.mkdir()
        (code_dir / "app.py").write_text(EMPTY)
        here = cloud.start(workspace)
        stack.callback(cloud.stop, workspace)
        key = (here.access_key_id, here.secret_access_key)
        bare = client(stack.enter_context(bare_server()), key)
        ours = client(here.endpoint, key)
        iam = client(here.endpoint, key, "iam")
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.attach_role_policy(
            RoleName="bench",
            PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        )
        name = create(ours, role, EMPTY)
        runtime = BareRuntime(code_dir)
        warm(ours, bare, name, runtime)
        runtime.close()
        throughput(ours, bare, name)
        cold(ours, bare, role, EMPTY, "empty handler", code_dir)
        cold(ours, bare, role, WITH_BOTO3, "handler that imports boto3", code_dir)
        crowd(ours, role, code_dir)


if __name__ == "__main__":
    main()
