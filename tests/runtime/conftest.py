"""A fleet of real execution environments: isolated as this machine allows, and without namespaces."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from labkit.runtime.fleet import Fleet
from labkit.runtime.spec import Credentials, FunctionSpec, Invocation, Outcome


class Bench:
    """A fleet on an event loop of its own, driven synchronously."""

    def __init__(self, folder: Path, isolated: bool) -> None:
        self._runner = asyncio.Runner()
        self._folder = folder
        self.logs: dict[str, list[str]] = {}
        self._runner.run(self._start(isolated))

    async def _start(self, isolated: bool) -> None:
        self.fleet = Fleet(
            home=self._folder / "environments",
            cache_dir=self._folder.parent / "cache",
            endpoint="http://127.0.0.1:9",
            credentials=lambda spec: Credentials("ASIAEXAMPLE", "secret", "token"),
            sink=lambda spec, stream, events: self.logs.setdefault(stream, []).extend(t for _, t in events),
            now_ms=lambda: int(time.time() * 1000),
        )
        self.fleet.start()
        problem = await self.fleet.isolation_problem()
        if isolated and problem:
            pytest.skip(f"no namespaces here: {problem}")
        if not isolated:
            host = await self.fleet._host
            self.fleet._host = asyncio.get_running_loop().create_future()
            self.fleet._host.set_result(dataclasses.replace(host, isolated=False))

    def function(self, source: str, **settings: Any) -> FunctionSpec:
        """A Python function from source; settings as in FunctionSpec."""
        name = f"f{uuid.uuid4().hex[:8]}"
        code_dir = self._folder / name
        code_dir.mkdir()
        (code_dir / "app.py").write_text(textwrap.dedent(source))
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        defaults: dict[str, Any] = {
            "runtime": "python3.13",
            "handler": "app.handler",
            "log_group": f"/aws/lambda/{name}",
            "version": "$LATEST",
        }
        return FunctionSpec(
            arn=arn,
            name=name,
            revision="1",
            role_arn="arn:aws:iam::123456789012:role/r",
            region="us-east-1",
            account_id="123456789012",
            code_dir=code_dir,
            **{**defaults, **settings},
        )

    def invoke(self, spec: FunctionSpec, event: Any = None) -> Outcome:
        return self.invoke_many(spec, 1, event)[0]

    def invoke_many(
        self, spec: FunctionSpec, times: int, event: Any = None, pool: str | None = None
    ) -> list[Outcome]:
        """So many invocations at the same moment."""

        async def gather() -> list[Outcome]:
            calls = (self.fleet.invoke(spec, self._invocation(spec, event), pool) for _ in range(times))
            return await asyncio.gather(*calls)

        return self._runner.run(gather())

    def retire(self, spec: FunctionSpec, keep_revision: str | None = None) -> None:
        """Ends the function's environments and waits until they are gone."""

        async def call() -> None:
            self.fleet.retire(spec.arn, keep_revision=keep_revision)
            await asyncio.gather(*self.fleet._tasks)

        self._runner.run(call())

    def keep_warm(self, pool: str, spec: FunctionSpec | None, count: int) -> list[int]:
        """Provisioned concurrency; returns how many were ready each time it was told, later times too."""
        told: list[int] = []
        self._runner.run(self.fleet.keep_warm(pool, spec, count, told.append))
        return told

    def until(self, condition: Callable[[], bool]) -> None:
        """Lets the fleet work until something has come about."""

        async def poll() -> None:
            async with asyncio.timeout(60):
                while not condition():
                    await asyncio.sleep(0.01)

        self._runner.run(poll())

    def close(self) -> None:
        self._runner.run(self.fleet.close())
        self._runner.close()

    @staticmethod
    def _invocation(spec: FunctionSpec, event: Any) -> Invocation:
        return Invocation(str(uuid.uuid4()), json.dumps(event).encode(), spec.arn)


@pytest.fixture(scope="module", params=["isolated", "plain"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp(request.param), request.param == "isolated")
    yield made
    made.close()


@pytest.fixture(scope="module")
def isolated_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("isolated-only"), True)
    yield made
    made.close()
