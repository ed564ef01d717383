"""The local cloud as a process: never two of a workspace, found again, never mistaken, honest in failure."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from labkit import cloud as clouds
from labkit.cloud import Cloud
from labkit.cloud.process import _end
from labkit.errors import CloudError

START = "import sys; from labkit import cloud; print(cloud.start(sys.argv[1]).pid)"


def servers(workspace: Path) -> list[int]:
    """Process ids of the servers of a workspace, whoever started them."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if "labkit.localcloud" in line and str(workspace) in line and process.info["status"] != "zombie":
            found.append(process.pid)
    return found


@pytest.fixture
def running(workspace: Path) -> Cloud:
    return clouds.start(workspace)


def test_it_starts_answers_and_stops(workspace: Path) -> None:
    """The whole life, in one go."""
    assert clouds.status(workspace).state == "stopped" and clouds.find(workspace) is None
    started = clouds.start(workspace)
    assert started.endpoint == f"http://127.0.0.1:{started.port}" and started.account_id == "123456789012"
    assert clouds.status(workspace).state == "running" and clouds.find(workspace) == started
    assert clouds.stop(workspace) is True
    assert servers(workspace) == [] and clouds.status(workspace).state == "stopped"
    assert clouds.stop(workspace) is False


def test_starting_again_finds_the_one_that_runs(running: Cloud, workspace: Path) -> None:
    """From another kernel, too: the state file says where it is."""
    assert clouds.start(workspace) == running
    done = subprocess.run(
        [sys.executable, "-c", START, workspace], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == str(running.pid)


def test_many_who_start_it_at_once_get_the_same_one(workspace: Path) -> None:
    """Two processes and four threads; one server."""
    others = [
        subprocess.Popen([sys.executable, "-c", START, workspace], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(clouds.start(workspace).pid)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    pids += [int(one.communicate(timeout=60)[0]) for one in others]
    assert len(pids) == 6 and len(set(pids)) == 1 and servers(workspace) == pids[:1]


def test_two_workspaces_have_two_clouds_that_know_nothing_of_each_other(tmp_path: Path) -> None:
    """Different addresses, different keys; stopping one leaves the other."""
    places = [tmp_path / name for name in ("one", "two")]
    one, two = (clouds.start(place) for place in places)
    try:
        assert one.port != two.port and one.access_key_id != two.access_key_id
        with pytest.raises(CloudError, match="refused"):
            Cloud(**{**vars(two), "access_key_id": one.access_key_id}).call("GET", "/_labkit/clock")
        clouds.stop(places[0])
        assert clouds.find(places[1]) == two
    finally:
        for place in places:
            clouds.stop(place)


def test_the_process_outlives_whoever_started_it(workspace: Path) -> None:
    """A kernel may be killed; the cloud and what is in it stay."""
    done = subprocess.run(
        [sys.executable, "-c", START, workspace], capture_output=True, text=True, timeout=60
    )
    assert (found := clouds.find(workspace)) and found.pid == int(done.stdout)


def test_a_killed_cloud_leaves_a_stale_file_and_the_next_start_works(running: Cloud, workspace: Path) -> None:
    """Also after a power failure."""
    os.kill(running.pid, signal.SIGKILL)
    _until(lambda: not servers(workspace))
    assert clouds.status(workspace).state == "stale" and clouds.find(workspace) is None
    again = clouds.start(workspace)
    assert again.pid != running.pid and again.access_key_id == running.access_key_id


def test_a_stale_file_whose_process_id_was_reused_harms_nobody(workspace: Path) -> None:
    """The id now belongs to somebody else: this test. It is not ended, and the file is cleaned up."""
    folder = clouds.state_dir(workspace)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        state = stale(workspace, os.getpid(), taken.getsockname()[1])
        (folder / "cloud.json").write_text(json.dumps(state))
        assert clouds.status(workspace).state == "stale"
        assert clouds.stop(workspace) is False
    assert not (folder / "cloud.json").exists()


def test_another_clouds_address_in_the_file_is_not_ours(running: Cloud, tmp_path: Path) -> None:
    """It answers, but with another process id: it is neither found nor stopped."""
    other = tmp_path / "other"
    (clouds.state_dir(other) / "cloud.json").write_text(json.dumps(stale(other, 1, running.port)))
    assert clouds.find(other) is None and clouds.stop(other) is False
    assert clouds.find(running.workspace) == running


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"endpoint": "http://127.0.0.1:1"}', '{"endpoint": 7}'],
)
def test_a_state_file_that_makes_no_sense_is_ignored(content: str, workspace: Path) -> None:
    """As if there were none."""
    (clouds.state_dir(workspace) / "cloud.json").write_text(content)
    assert clouds.find(workspace) is None


def test_a_state_file_that_leads_off_this_machine_is_ignored(workspace: Path) -> None:
    """Whoever wrote it does not get our keys."""
    state = {**stale(workspace, 1, 80), "endpoint": "http://192.0.2.1:80"}
    (clouds.state_dir(workspace) / "cloud.json").write_text(json.dumps(state))
    assert clouds.status(workspace).cloud is None


def test_one_that_holds_the_workspace_but_is_silent_is_left_alone(running: Cloud, workspace: Path) -> None:
    """Stopped in its tracks it cannot show that it is ours: not ended, and the message says what to do."""
    os.kill(running.pid, signal.SIGSTOP)
    try:
        assert clouds.status(workspace).state == "silent"
        with pytest.raises(CloudError, match=f"Process {running.pid} holds .* left alone"):
            clouds.stop(workspace)
        with pytest.raises(CloudError, match="does not answer"):
            clouds.start(workspace, timeout_s=4)
    finally:
        os.kill(running.pid, signal.SIGCONT)
    assert clouds.find(workspace) == running


def test_one_that_ignores_the_request_to_end_is_killed_with_its_children() -> None:
    """SIGKILL after the time is up; what it had started goes, too."""
    script = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    stubborn = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert stubborn.stdout is not None
    child = psutil.Process(int(stubborn.stdout.readline()))
    _end(stubborn.pid, 0.3)
    assert stubborn.wait(5) == -signal.SIGKILL
    _until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_taken_port_is_said_to_be_taken(workspace: Path) -> None:
    """And nothing is left running."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CloudError, match=f"Port {port} is taken"):
            clouds.start(workspace, port=port)
    assert servers(workspace) == []


def test_a_port_can_be_chosen_but_not_changed_while_it_runs(workspace: Path) -> None:
    """Asking for another one says what to do first."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert clouds.start(workspace, port=port).port == port
    assert clouds.start(workspace).port == port
    with pytest.raises(CloudError, match="already runs, on port"):
        clouds.start(workspace, port=port + 1)


def test_a_failing_start_shows_the_end_of_its_log(workspace: Path) -> None:
    """Only of this start, not of earlier ones."""
    folder = clouds.state_dir(workspace)
    (folder / "cloud.log").write_text("an old failure\n")
    (folder / "credentials.json").mkdir()  # the server cannot keep its key
    with pytest.raises(CloudError, match=r"could not be started: it ended with code 1") as caught:
        clouds.start(workspace)
    assert "credentials.json" in str(caught.value) and "an old failure" not in str(caught.value)


def test_a_start_that_takes_too_long_is_ended(workspace: Path) -> None:
    """Nothing is left running that nobody waits for."""
    with pytest.raises(CloudError, match="could not be started: it was not ready in time"):
        clouds.start(workspace, timeout_s=0.01)
    assert servers(workspace) == []


def test_ctrl_c_during_the_start_leaves_nothing_running(workspace: Path) -> None:
    """Whoever starts it is interrupted before it is ready."""
    command = [sys.executable, "-c", START, workspace]
    starting = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _until(lambda: bool(servers(workspace)))
    starting.send_signal(signal.SIGINT)
    starting.wait(20)
    assert servers(workspace) == [] and clouds.status(workspace).state in ("stopped", "stale")
    assert clouds.start(workspace).pid


def test_a_workspace_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CloudError, match="cannot be written to"):
        clouds.start(tmp_path / "file")


def test_the_folder_is_private_and_out_of_gits_sight(workspace: Path) -> None:
    """It has the keys of the cloud in it."""
    folder = clouds.state_dir(workspace)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"


def test_the_server_sees_nothing_of_the_hosts_settings(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the learner's credentials nor what would change Python or the SDK."""
    for name in ("AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "HTTP_PROXY", "MOTO_X"):
        monkeypatch.setenv(name, "from-the-host")
    environment = psutil.Process(clouds.start(workspace).pid).environ()
    assert "from-the-host" not in environment.values() and "PATH" in environment


def test_a_file_of_the_learner_is_not_imported_by_the_server(workspace: Path) -> None:
    """json.py in the workspace shadows nothing."""
    (workspace / "json.py").write_text("raise SystemExit('imported')")
    assert clouds.start(workspace).pid


def test_the_workspace_is_the_variable_else_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An argument goes before both."""
    monkeypatch.chdir(tmp_path)
    assert clouds.workspace_dir() == tmp_path
    monkeypatch.setenv("LABKIT_WORKSPACE", str(tmp_path / "a"))
    assert clouds.workspace_dir() == tmp_path / "a"
    assert clouds.workspace_dir(tmp_path / "b") == tmp_path / "b"
    monkeypatch.delenv("LABKIT_WORKSPACE")
    clouds.state_dir(tmp_path / "workspace")
    assert clouds.workspace_dir() == tmp_path / "workspace", "as `labkit start` made it"
    clouds.state_dir(tmp_path)
    assert clouds.workspace_dir() == tmp_path, "a workspace itself"


def test_its_key_is_not_shown(running: Cloud) -> None:
    """A repr lands in notebooks and logs."""
    assert running.secret_access_key not in repr(running)


def test_exports_are_quoted_and_undo_what_is_stronger(running: Cloud) -> None:
    """Values with quotes and spaces stay values; a session token of another account would break the key."""
    odd = Cloud(**{**vars(running), "secret_access_key": "a'b $(touch /tmp/x) c"})
    environ = {"AWS_ENDPOINT_URL_S3": "http://elsewhere", "HTTP_PROXY": "http://proxy", "NO_PROXY": "corp"}
    script = clouds.exports(odd, environ) + '\nprintf "%s|" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN"'
    script += ' "$AWS_ENDPOINT_URL_S3" "$AWS_ENDPOINT_URL" "$NO_PROXY"'
    shell_environment = {**environ, "AWS_SESSION_TOKEN": "old", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, env=shell_environment, timeout=10
    )
    assert done.stdout == f"a'b $(touch /tmp/x) c|||{running.endpoint}|corp,127.0.0.1|"


def stale(workspace: Path, pid: int, port: int) -> dict[str, object]:
    return {
        "endpoint": f"http://127.0.0.1:{port}",
        "port": port,
        "pid": pid,
        "started_at": "2026-01-01T00:00:00+00:00",
        "version": "0",
        "workspace": str(workspace),
        "region": "us-east-1",
        "account_id": "123456789012",
        "access_key_id": "AKIA",
        "secret_access_key": "x",
    }


def _until(reached: object, timeout_s: float = 60.0) -> None:
    """Other processes are seen only by looking."""
    assert callable(reached)
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _nothing_left_running(workspace: Path) -> Iterator[None]:
    yield
    clouds.stop(workspace)
    assert servers(workspace) == []
