"""Three runtime clients for Python and one behaviour: AWS's own, AWS's with our pure Runtime API client in
place of the compiled one, and our own for systems that AWS publishes none for. Whatever a function does, what
it answers and what it logs is the same to the byte.
"""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labkit.runtime.languages import Launch
from labkit.runtime.languages.bundle import CLIENT, bundle
from labkit.runtime.languages.interpreters import Interpreter, nearest, own
from labkit.runtime.spec import FunctionSpec

from .functions import function, launch_of, run
from .python_cases import CASES, ECHO, Case
from .runtime_api import RuntimeApi

pytest.importorskip(CLIENT, reason="AWS publishes its runtime client for Linux only")
COMPILED, PURE, OWN = "awslambdaric", "awslambdaric over our runtime_client", "our client"
HEADERS = ("content-type", "lambda-runtime-function-error-type", "lambda-runtime-invocation-id")
CAUSE = "lambda-runtime-function-xray-error-cause"
# The one that awslambdaric was installed for, and the newest one, which its compiled part may not fit.
PYTHONS = sorted({own(), nearest("3.14")}, key=lambda one: one.version)
Runtimes = dict[str, Path]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_clients_answer_log_and_end_alike(
    case: Case, python: Interpreter, runtimes: Runtimes, tmp_path: Path
) -> None:
    """All clients give the same answers, errors, log bytes and exit code."""
    seen = {client: _seen(case, python, place, tmp_path / client) for client, place in runtimes.items()}
    expected = seen.pop(next(iter(runtimes)))
    for client, other in seen.items():
        assert other == expected, client


def test_a_refused_answer_ends_the_process_alike(
    python: Interpreter, runtimes: Runtimes, tmp_path: Path
) -> None:
    """When the platform does not take an answer, the line in the log and the exit code are the same."""
    seen = []
    for client, place in runtimes.items():
        spec = _function(Case("refused", {"app.py": ECHO}), python, tmp_path / client)
        done = run(spec, _launch(spec, python, place), api=RuntimeApi(status=413))
        first = _timeless(done.log).split(b"\n", 1)[0]
        seen.append((first, done.exit_code, [post.what for post in done.posts]))
    assert seen[1:] == seen[:-1]
    assert b"Http response code: 413" in seen[0][0]


def test_a_connection_closed_while_the_handler_ran_is_opened_again(
    python: Interpreter, runtimes: Runtimes, tmp_path: Path
) -> None:
    """The platform may close an idle connection; the function does not notice."""
    for client, place in runtimes.items():
        spec = _function(Case("closed", {"app.py": ECHO}), python, tmp_path / client)
        api = RuntimeApi(close_after_answer=True)
        assert run(spec, _launch(spec, python, place), (1, 2, 3), api=api).answers == [1, 2, 3]


@pytest.fixture(scope="module", params=PYTHONS, ids=lambda one: one.minor)
def python(request: pytest.FixtureRequest) -> Interpreter:
    """The Python that all clients of a test run on."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def runtimes(python: Interpreter, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Runtimes:
    """The runtime directories of the clients that this Python can run; the first is AWS's."""
    whole, own_client = bundle(python, cache_dir), bundle(python, cache_dir, own_client=True)
    if python != own():
        return {PURE: whole, OWN: own_client}
    pure = tmp_path_factory.mktemp("pure")
    for name in (CLIENT, "simplejson", "snapshot_restore_py.py", "bootstrap.py", "runtime_client.py"):
        copy: Any = shutil.copytree if (whole / name).is_dir() else shutil.copy2
        copy(whole / name, pure / name)
    return {COMPILED: whole, PURE: pure, OWN: own_client}


def _function(case: Case, python: Interpreter, folder: Path) -> FunctionSpec:
    files = {name: textwrap.dedent(text).encode() for name, text in case.files.items()}
    return function(folder, files, **({"runtime": f"python{python.minor}"} | dict(case.settings)))


def _launch(spec: FunctionSpec, python: Interpreter, runtime_dir: Path) -> Launch:
    """The command for this Python and runtime directory, whatever the runtime's name."""
    launch = launch_of(replace(spec, runtime=f"python{python.minor}"), runtime_dir.parent.parent)
    known = str(launch.runtime_dir)
    moved = {name: value.replace(known, str(runtime_dir)) for name, value in launch.environment.items()}
    return replace(
        launch,
        argv=tuple(part.replace(known, str(runtime_dir)) for part in launch.argv),
        environment=moved | {"AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}"},
        runtime_dir=runtime_dir,
    )


def _seen(case: Case, python: Interpreter, runtime_dir: Path, folder: Path) -> Any:
    """All that can be seen of a run, without times and places."""
    spec = _function(case, python, folder)
    done = run(spec, _launch(spec, python, runtime_dir), case.events)
    assert done.posts or done.exit_code is not None, done.log

    def unplaced(text: bytes) -> bytes:
        return text.replace(str(runtime_dir).encode(), b"RUNTIME").replace(str(folder).encode(), b"FOLDER")

    posts = []
    for post in done.posts:
        headers = {name: post.headers.get(name) for name in HEADERS}
        cause = json.loads(post.headers.get(CAUSE) or "null")
        if cause:
            cause["paths"].sort()
        posts.append((post.what, headers, unplaced(json.dumps(cause).encode()), unplaced(post.body)))
    return posts, unplaced(_timeless(done.log)), done.exit_code


def _timeless(log: bytes) -> bytes:
    log = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", b"TIME", log)
    return re.sub(rb"\[\d{13}\]", b"[TIME]", log)
