"""Functions for tests, run as their Launch says, in real directories, against the small Runtime API."""

from __future__ import annotations

import contextlib
import json
import subprocess
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labkit.runtime.languages import Launch, View, launch_for
from labkit.runtime.spec import Credentials, FunctionSpec
from labkit.runtime.variables import variables

from .runtime_api import ARN, Event, Post, RuntimeApi

WAIT_S = 60.0
LOG_STREAM = "2026/11/25/[$LATEST]0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Run:
    """What became of a runtime process. ``exit_code`` None: it was waiting for more events, and was ended."""

    posts: list[Post]
    log: bytes
    exit_code: int | None

    @property
    def lines(self) -> list[str]:
        return self.log.decode().splitlines()

    @property
    def answers(self) -> list[Any]:
        """What the caller gets, event by event."""
        return [post.json for post in self.posts]


def function(folder: Path, files: Mapping[str, str | bytes], **settings: Any) -> FunctionSpec:
    """A function from source texts, in a folder of its own."""
    code_dir = folder / "task"
    for name, content in files.items():
        file = code_dir / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
    defaults: dict[str, Any] = {
        "arn": ARN,
        "name": "probe",
        "version": "$LATEST",
        "revision": "1",
        "runtime": "python3.13",
        "handler": "app.handler",
        "role_arn": "arn:aws:iam::123456789012:role/probe",
        "region": "us-east-1",
        "account_id": "123456789012",
        "code_dir": code_dir,
        "log_group": "/aws/lambda/probe",
    }
    return FunctionSpec(**(defaults | settings))


def plain_view(spec: FunctionSpec) -> View:
    """The View without namespaces: real directories."""
    opt_dir = spec.layer_dirs[0] if spec.layer_dirs else spec.code_dir.parent / "opt"
    return View(str(spec.code_dir), str(opt_dir), "", str(spec.code_dir.parent / "tmp"))


def launch_of(spec: FunctionSpec, cache_dir: Path) -> Launch:
    """The Launch in real directories."""
    return launch_for(spec, plain_view(spec), cache_dir)


def environment_of(spec: FunctionSpec, launch: Launch, runtime_api: str) -> dict[str, str]:
    """The variables of the process, as the product composes them."""
    view = replace(plain_view(spec), runtime_dir=str(launch.runtime_dir))
    keys = Credentials("ASIAEXAMPLE", "secret", "token")
    return variables(
        spec,
        launch,
        view,
        keys,
        runtime_api=runtime_api,
        log_stream=LOG_STREAM,
        endpoint="http://127.0.0.1:9",
    )


def run(
    spec: FunctionSpec,
    launch: Launch,
    events: Sequence[Any] = ({},),
    *,
    api: RuntimeApi | None = None,
    linger_s: float = 0.0,
) -> Run:
    """Starts the function, hands it the events one after the other and ends it when it asks for more.

    Args:
        events: values to send as JSON, or `Event`.
        linger_s: how long it may take to end by itself once it asked for more.
    """
    (spec.code_dir.parent / "tmp").mkdir(exist_ok=True)
    with api or RuntimeApi() as server, open(spec.code_dir.parent / "log", "w+b") as log:
        for event in events:
            server.events.put(event if isinstance(event, Event) else Event(json.dumps(event).encode()))
        process = subprocess.Popen(
            launch.argv,
            env=environment_of(spec, launch, server.address),
            cwd=spec.code_dir,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + WAIT_S
        while process.poll() is None and not server.idle.wait(0.02):
            assert time.monotonic() < deadline, "the function neither answered nor ended"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(linger_s)
        exit_code = process.poll()
        process.kill()
        process.wait()
        log.seek(0)
        return Run(list(server.posts.queue), log.read(), exit_code)
