"""Custom runtimes: any executable called bootstrap, found as on AWS, refused in AWS's words."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from .functions import function, launch_of, run

SHELL = """\
#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
echo "init in $PWD"
while true; do
    curl -sS -D "$TMPDIR/head" -o "$TMPDIR/event" "$api/next"
    id=$(grep -i '^lambda-runtime-aws-request-id:' "$TMPDIR/head" | cut -d' ' -f2 | tr -d '\\r')
    echo "event $id"
    curl -sS -o /dev/null --data-binary "{\\"path\\": \\"$PATH\\", \\"event\\": $(cat "$TMPDIR/event")}" \\
        "$api/$id/response"
done
"""
RUNTIME = {"runtime": "provided.al2023"}
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="the script speaks with curl")


def bootstrap(folder: Path, content: str | bytes, mode: int = 0o755) -> Path:
    """An executable called bootstrap."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "bootstrap"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    file.chmod(mode)
    return file


@needs_curl
def test_a_shell_script_is_a_runtime(tmp_path: Path, cache_dir: Path) -> None:
    """It reads events, answers, logs, and finds AWS's PATH."""
    spec = function(tmp_path, {}, **RUNTIME)
    bootstrap(spec.code_dir, SHELL)
    done = run(spec, launch_of(spec, cache_dir), ({"n": 1}, {"n": 2}))
    path = f"/usr/local/bin:/usr/bin/:/bin:{tmp_path}/opt/bin"
    assert done.answers == [{"path": path, "event": {"n": 1}}, {"path": path, "event": {"n": 2}}]
    assert done.lines[0] == f"init in {spec.code_dir}"
    assert len(done.lines) == 3


@needs_curl
def test_a_layer_can_bring_the_bootstrap(tmp_path: Path, cache_dir: Path) -> None:
    """It is taken when the package has none; of several layers the last one's."""
    bootstrap(tmp_path / "layer", SHELL)
    spec = function(tmp_path, {"app.txt": "data"}, layer_dirs=(tmp_path / "layer",), **RUNTIME)
    launch = launch_of(spec, cache_dir)
    assert launch.argv == (str(tmp_path / "layer" / "bootstrap"),)
    assert run(spec, launch).answers[0]["event"] == {}


def test_the_package_comes_before_a_layer(tmp_path: Path, cache_dir: Path) -> None:
    """As on AWS: /var/task/bootstrap, then /opt/bootstrap."""
    bootstrap(tmp_path / "layer", "#!/bin/sh\n")
    spec = function(tmp_path, {}, layer_dirs=(tmp_path / "layer",), **RUNTIME)
    own = bootstrap(spec.code_dir, "#!/bin/sh\n")
    assert launch_of(spec, cache_dir).argv == (str(own),)


def test_a_missing_bootstrap_is_named_in_awss_words(tmp_path: Path, cache_dir: Path) -> None:
    """The platform reports it as Runtime.InvalidEntrypoint."""
    spec = function(tmp_path, {"app.py": ""}, **RUNTIME)
    task, opt = spec.code_dir, tmp_path / "opt"
    problem = f"Couldn't find valid bootstrap(s): [{task}/bootstrap {opt}/bootstrap]"
    assert launch_of(spec, cache_dir).entrypoint_problem == problem


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        ("#!/bin/sh\n", 0o644, "permission denied"),
        ("echo no interpreter line\n", 0o755, "exec format error"),
        ("", 0o755, "exec format error"),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x08\x00", 0o755, "exec format error"),  # for MIPS
    ],
    ids=["not executable", "no interpreter line", "empty", "for another processor"],
)
def test_a_bootstrap_that_cannot_be_started_is_refused_in_awss_words(
    content: str | bytes, mode: int, problem: str, tmp_path: Path, cache_dir: Path
) -> None:
    """Before anything is started."""
    spec = function(tmp_path, {"app.py": ""}, **RUNTIME)
    file = bootstrap(spec.code_dir, content, mode)
    assert launch_of(spec, cache_dir).entrypoint_problem == f"fork/exec {file}: {problem}"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux executables run on Linux")
def test_a_program_for_this_machine_has_no_problem(tmp_path: Path, cache_dir: Path) -> None:
    """A compiled executable is started as it is; what differs is said."""
    spec = function(tmp_path, {"app.py": ""}, **RUNTIME)
    bootstrap(spec.code_dir, Path(sys.executable).resolve().read_bytes()[:64])
    launch = launch_of(spec, cache_dir)
    assert launch.entrypoint_problem is None
    assert "AWS_EXECUTION_ENV" not in launch.environment  # AWS sets it for managed runtimes only
    assert launch.runtime_version == "provided:al2023 (local: this machine's own system)"
    assert launch.differs
