"""`labkit start`: what it opens, what it refuses, and that nothing is left running however it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from labkit import cloud as clouds
from labkit.cli import jupyter
from labkit.errors import LabError
from tests.workbook import open_workbook, start_command

GONE_TIMEOUT_S = 30


@pytest.fixture
def taken():
    """A port of 127.0.0.1 on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def family(workbook) -> list[psutil.Process]:
    """`labkit start` and all that it started."""
    own = psutil.Process(workbook.process.pid)
    return [own, *own.children(recursive=True)]


def run_start(workspace: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(start_command(workspace, *options), capture_output=True, text=True, timeout=60)


def test_a_port_that_is_taken_is_refused(taken):
    with pytest.raises(LabError, match=f"Port {taken} cannot be used: another program listens on it"):
        jupyter.choose_port(taken)


def test_without_a_wish_the_next_free_port_is_taken(taken, monkeypatch):
    monkeypatch.setattr(jupyter, "USUAL_PORT", taken)
    assert jupyter.choose_port(None) != taken


def test_port_0_is_any_free_port():
    assert jupyter.choose_port(0) > 0


@pytest.mark.slow
def test_a_taken_port_starts_nothing(workspace, taken):
    refused = run_start(workspace, "--port", str(taken))
    assert refused.returncode == 1
    assert f"Port {taken} cannot be used" in refused.stderr
    assert clouds.status(workspace).state == "stopped"


def test_a_workspace_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    refused = run_start(tmp_path / "file" / "workspace")
    assert refused.returncode == 1
    assert f"The workspace {tmp_path}/file/workspace cannot be written to" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_the_workbook_is_served_to_this_machine_only_and_with_a_token(workspace):
    """Pages need the token; the file that holds it is the learner's alone; nothing listens elsewhere."""
    with open_workbook(workspace) as workbook:
        api = workbook.address.split("/lab/")[0] + "/api/contents"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(api)
        token = workbook.address.rsplit("=", 1)[1]
        with urllib.request.urlopen(f"{api}?token={token}") as answer:
            names = {entry["name"] for entry in json.load(answer)["content"]}
        assert jupyter.FIRST_NOTEBOOK in names
        for process in family(workbook):
            with suppress(psutil.NoSuchProcess):
                listening = {one.laddr.ip for one in process.net_connections() if one.status == "LISTEN"}
                assert listening <= {"127.0.0.1", "::1"}
                assert token not in " ".join(process.cmdline())
        assert stat.S_IMODE((workspace / ".labkit" / "workbook.url").stat().st_mode) == 0o600


@pytest.mark.slow
def test_ctrl_c_stops_jupyterlab_and_the_cloud(workspace):
    with open_workbook(workspace) as workbook:
        processes = family(workbook)
        assert clouds.status(workspace).state == "running"
        assert "JupyterLab and the local cloud are stopped" in workbook.stop()
        assert workbook.process.returncode == 0
    assert clouds.status(workspace).state == "stopped"
    assert not psutil.wait_procs(processes, GONE_TIMEOUT_S)[1]


@pytest.mark.slow
def test_a_second_start_in_the_same_workspace_names_the_first(workspace):
    with open_workbook(workspace) as workbook:
        second = run_start(workspace)
        assert second.returncode == 1
        assert workbook.address in second.stderr
        assert clouds.status(workspace).state == "running"
    assert clouds.status(workspace).state == "stopped"


@pytest.mark.slow
def test_killed_it_leaves_nothing_running(workspace):
    """SIGKILL gives no time for anything: JupyterLab notices, and stops the cloud and itself."""
    with open_workbook(workspace) as workbook:
        processes = family(workbook)
        assert len(processes) >= 3
        workbook.stop(signal.SIGKILL)
        assert not psutil.wait_procs(processes, GONE_TIMEOUT_S)[1]
    assert clouds.status(workspace).state == "stopped"


@pytest.mark.slow
def test_it_stops_when_what_started_it_is_killed(workspace):
    """As make is, when a terminal is closed hard."""
    command = start_command(workspace, "--stop-with-parent")
    code = f"import subprocess, sys; sys.exit(subprocess.run({command!r}).returncode)"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    while "Ctrl-C stops it" not in (line := parent.stdout.readline()):
        assert line, "it ended early"
    processes = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.wait()
    assert not psutil.wait_procs(processes, GONE_TIMEOUT_S)[1]
    assert clouds.status(workspace).state == "stopped"


@pytest.mark.slow
def test_a_crash_of_jupyterlab_is_told(workspace):
    with open_workbook(workspace) as workbook:
        server = [one for one in family(workbook) if any("notebook_server" in part for part in one.cmdline())]
        server[0].kill()
        said, _ = workbook.process.communicate(timeout=60)
    assert workbook.process.returncode == 1
    assert "JupyterLab ended with code -9" in said
    assert str(workspace / ".labkit" / "jupyter" / "jupyterlab.log") in said
    assert clouds.status(workspace).state == "stopped"


@pytest.mark.slow
def test_a_learners_own_files_and_settings_stay_as_they_are(workspace):
    """A second start keeps a changed notebook, and the learner's other JupyterLabs are not touched."""
    home = Path(os.environ.get("JUPYTER_CONFIG_DIR", Path.home() / ".jupyter"))
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")} if home.exists() else {}
    with open_workbook(workspace):
        pass
    notebook = workspace / jupyter.FIRST_NOTEBOOK
    mine = notebook.read_text().replace("# ", "# My own ", 1)
    notebook.write_text(mine)
    with open_workbook(workspace):
        assert notebook.read_text() == mine
    after = {path: path.stat().st_mtime_ns for path in home.rglob("*")} if home.exists() else {}
    assert after == before
