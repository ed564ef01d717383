"""Resident memory: the cloud after one function against bare moto, environments against bare runtimes.

Run: ``python benchmarks/memory.py``. Linux only. The figures are proportional (PSS): of a page that several
processes share each counts its part.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent))
from figures import show
from floors import BareRuntime
from invoke import EMPTY, TRUST, client, create, timed
from start import free_port, until

from labkit import cloud

MB = 1 << 20
ENVIRONMENTS = 10
SETTLED_S = 5.0  # what is loaded in the background is loaded, what was needed for it is given back
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
# AWS's own policies, which the local cloud always has: without them a role cannot be given the usual one.
WITH_POLICIES = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
KEY = "AKIABENCHMARKBENCHMA", "secret"
SLEEPING = "import time\ndef handler(event, context): time.sleep(1)\n"


def resident_mb(*pids: int) -> float:
    return float(sum(psutil.Process(pid).memory_full_info().pss for pid in pids)) / MB


def one_function(endpoint: str, key: tuple[str, str]) -> tuple[Any, str, str]:
    """Deploys one function and asks for log groups. Lambda's client, the role, the function's name."""
    iam, lambda_ = client(endpoint, key, "iam"), client(endpoint, key)
    role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    with contextlib.suppress(iam.exceptions.NoSuchEntityException):  # a bare moto without the policies
        iam.attach_role_policy(RoleName="bench", PolicyArn=BASIC)
    name = create(lambda_, role, EMPTY)
    client(endpoint, key, "logs").describe_log_groups()
    return lambda_, role, name


@contextlib.contextmanager
def bare_moto(environment: dict[str, str]) -> Iterator[tuple[int, str]]:
    """A moto server as it comes; yields its process id and its endpoint."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(client(endpoint, KEY, "sts").get_caller_identity, process)
        yield process.pid, endpoint
    finally:
        process.terminate()
        process.wait()


def bare_moto_mb(environment: dict[str, str]) -> float:
    with bare_moto(environment) as (pid, endpoint):
        one_function(endpoint, KEY)
        time.sleep(SETTLED_S)
        return resident_mb(pid)


def bare_runtimes_mb(folder: Path) -> float:
    """Of one of as many bare runtimes, so that they share as much as environments do."""
    (folder / "app.py").write_text(EMPTY)
    with contextlib.ExitStack() as stack:
        runtimes = [BareRuntime(folder) for _ in range(ENVIRONMENTS)]
        for runtime in runtimes:
            stack.callback(runtime.close)
            runtime.round_trip_s()
        return resident_mb(*(runtime.process.pid for runtime in runtimes)) / ENVIRONMENTS


def environments_mb(lambda_: Any, role: str, server: psutil.Process) -> tuple[float, float]:
    """Of one environment: its runtime process alone, and with its keeper, the process that outlives it."""
    (launcher,) = server.children()
    before = set(launcher.children())
    name = create(lambda_, role, SLEEPING)
    with concurrent.futures.ThreadPoolExecutor(ENVIRONMENTS) as pool:
        list(pool.map(timed, [lambda_] * ENVIRONMENTS, [name] * ENVIRONMENTS))
    keepers = [one for one in launcher.children() if one not in before]
    runtimes = [child.pid for keeper in keepers for child in keeper.children(recursive=True)]
    alone, kept = resident_mb(*runtimes), resident_mb(*(keeper.pid for keeper in keepers))
    return alone / len(keepers), (alone + kept) / len(keepers)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace = folder / "workspace"
        workspace.mkdir()
        here = cloud.start(workspace)
        try:
            server = psutil.Process(here.pid)
            key = here.access_key_id, here.secret_access_key
            lambda_, role, function = one_function(here.endpoint, key)
            timed(lambda_, function)  # a bare moto cannot
            time.sleep(SETTLED_S)
            with_function = resident_mb(here.pid)
            alone, with_keeper = environments_mb(lambda_, role, server)
        finally:
            cloud.stop(workspace)
        for what, environment in (("moto", {}), ("moto, with policies", WITH_POLICIES)):
            floor = bare_moto_mb(environment)
            show(f"cloud after one function, floor: {what}", with_function, floor, "MB", "<= 1.5")
        floor = bare_runtimes_mb(folder)
        show("each environment's runtime process", alone, floor, "MB", "<= 1.1")
        show("each environment, its keeper included", with_keeper, floor, "MB", "<= 1.1")


if __name__ == "__main__":
    main()
