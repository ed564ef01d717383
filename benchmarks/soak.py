"""Many mixed invocations from several threads: nothing is lost, nothing is left behind, nothing gets slower.

Run: ``python benchmarks/soak.py``; ``--count 400`` for a short one. Ends with 1 when an invocation, a line of
log or a process is not accounted for; the figures are printed against their marks.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent))
from figures import median, show
from invoke import TRUST, client, create

from labkit import cloud

SOURCE = """
import os, time
def handler(event, context):
    if event == "raise":
        raise ValueError("as asked")
    if event == "timeout":
        time.sleep(60)
    if event == "kill":
        os.kill(os.getpid(), 9)
    return event
"""
EXPECTED = {"raise": "ValueError", "timeout": "Sandbox.Timedout", "kill": "Runtime.ExitError"}
SHARES = {"ok": 0.96, "raise": 0.02, "kill": 0.01, "timeout": 0.01}
WINDOW = 0.05  # of all: how many of the first and of the last are compared
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@dataclass(frozen=True)
class Answered:
    """One invocation as its caller saw it. ``problem`` is empty when it went as it should."""

    request_id: str
    kind: str
    seconds: float
    ended: float
    problem: str


def invoke(lambda_: Any, name: str, kind: str) -> Answered:
    begin = time.perf_counter()
    answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(kind).encode())
    payload = json.loads(answer["Payload"].read())
    end = time.perf_counter()
    if kind == "ok":
        problem = "" if payload == "ok" and "FunctionError" not in answer else f"answered {payload!r}"
    else:
        problem = "" if payload.get("errorType") == EXPECTED[kind] else f"answered {payload!r}"
    return Answered(answer["ResponseMetadata"]["RequestId"], kind, end - begin, end, problem)


def soak(lambda_: Any, name: str, count: int, threads: int) -> list[Answered]:
    """The invocations, in the order in which they ended. A call that raises ends the soak."""
    kinds = random.Random(1).choices(list(SHARES), list(SHARES.values()), k=count)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda kind: invoke(lambda_, name, kind), kinds))
    return sorted(answers, key=lambda answer: answer.ended)


def log_of(logs: Any, name: str) -> list[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
    return [event["message"] for page in pages for event in page["events"]]


def missing_lines(messages: list[str], answers: list[Answered]) -> list[str]:
    """What the log lacks or has twice: START, END and REPORT once for each request."""
    problems = []
    for word in ("START", "END", "REPORT"):
        start = f"{word} RequestId: "
        seen = Counter(text[len(start) :][:36] for text in messages if text.startswith(start))
        wanted = Counter(answer.request_id for answer in answers)
        if seen != wanted:
            problems.append(f"{word}: {len(wanted - seen)} missing, {len(seen - wanted)} too many")
    return problems


def left_behind(process: psutil.Process, seconds: float = 20.0) -> list[psutil.Process]:
    """Processes of environments that do not end although their function is gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        launchers = process.children()
        left = [child for launcher in launchers for child in launcher.children(recursive=True)]
        if not left:
            return []
        time.sleep(0.1)
    return left


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=20_000)
    options.add_argument("--threads", type=int, default=8)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state = cloud.start(folder)
        try:
            return run(state, chosen.count, chosen.threads)
        finally:
            cloud.stop(folder)


def run(state: Any, count: int, threads: int) -> int:
    key = (state.access_key_id, state.secret_access_key)
    lambda_, logs, iam = (client(state.endpoint, key, service) for service in ("lambda", "logs", "iam"))
    trust = json.dumps(TRUST)
    role = iam.create_role(RoleName="soak", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="soak", PolicyArn=BASIC)
    name = create(lambda_, role, SOURCE)
    lambda_.update_function_configuration(FunctionName=name, Timeout=1)
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
    process = psutil.Process(state.pid)
    warming = soak(lambda_, name, max(count // 20, 50), threads)
    memory, began = process.memory_info().rss, time.perf_counter()
    answers = soak(lambda_, name, count, threads)
    took_s, kept = time.perf_counter() - began, process.memory_info().rss - memory
    messages = log_of(logs, name)
    lambda_.delete_function(FunctionName=name)
    problems = [f"{answer.kind} {answer.problem}" for answer in warming + answers if answer.problem]
    problems += missing_lines(messages, warming + answers)
    problems += [f"left behind: {process}" for process in left_behind(process)]
    kinds = dict(Counter(answer.kind for answer in answers))
    print(f"{count} invocations from {threads} threads in {took_s:.0f} s: {kinds}")
    report(answers, kept, messages, count)
    for problem in problems[:20]:
        print("LOST", problem)
    print("nothing lost" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


def report(answers: list[Answered], kept_bytes: int, messages: list[str], count: int) -> None:
    fine = [answer.seconds for answer in answers if answer.kind == "ok"]
    window = max(int(count * WINDOW), 20)
    last, first = median(fine[-window:]) * 1e3, median(fine[:window]) * 1e3
    show(f"last {window} ok invocations, median", last, first, "ms", "<= 1.1")
    text = sum(len(message.encode()) for message in messages) * count / (count + max(count // 20, 50))
    per_invocation = max(kept_bytes - text, 0) / count
    show("memory kept per invocation beyond its log", per_invocation, 1024, "B", "<= 1.0")


if __name__ == "__main__":
    raise SystemExit(main())
