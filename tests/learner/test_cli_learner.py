"""The commands: what they print, their exit codes, and that each is documented and loaded only when used."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from learner_resources import QUEUE, RECIPES, ROLE, make

import labkit
from labkit import cli
from labkit import cloud as clouds
from labkit.cli.doctor import examine
from labkit.session import Lab

OURS = ["cloud", "doctor", "ledger", "teardown", "sweep", "measure", "tune", "prices"]


def run(*arguments: str | Path, answer: str = "") -> Result:
    return CliRunner().invoke(cli.labkit, [str(one) for one in arguments], input=answer)


def test_help_lists_every_command_without_importing_one() -> None:
    """A part that is missing or broken does not break the others."""
    script = (
        "import sys; sys.argv = ['labkit', '--help']\n"
        "from labkit.cli import labkit\n"
        "try: labkit()\n"
        "finally: print([m for m in sys.modules if m.startswith('labkit.cli.')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert all(f"  {name} " in done.stdout for name in cli.COMMANDS) and done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", OURS)
def test_every_command_and_option_is_documented(name: str) -> None:
    """Help for each, and for each of its parts."""
    context = click.Context(cli.labkit)
    command = cli.labkit.get_command(context, name)
    assert command is not None
    for one in [command, *(command.commands.values() if isinstance(command, click.Group) else [])]:
        assert one.help and one.help.rstrip().splitlines()[0].rstrip().endswith((".", "only."))
        assert all(option.help for option in one.params if isinstance(option, click.Option))


def test_a_command_whose_part_is_missing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """And an unknown one is unknown."""
    monkeypatch.setitem(cli.COMMANDS, "broken", ("labkit.no_such_part:it", "Nothing."))
    result = run("broken")
    assert result.exit_code == 1 and "not available" in result.output
    assert run("nonsense").exit_code == 2


def test_version() -> None:
    """As pyproject has it."""
    assert run("--version").output.strip().endswith(labkit.__version__)


class TestCloud:
    """start, stop, status, env."""

    def test_its_whole_life(self, workspace: Path) -> None:
        """From a terminal."""
        assert run("cloud", "status", "--workspace", workspace).exit_code == 1
        assert "runs at http://127.0.0.1:" in run("cloud", "start", "--workspace", workspace).output
        assert "already runs" in run("cloud", "start", "--workspace", workspace).output
        shown = run("cloud", "status", "--workspace", workspace)
        assert (
            shown.exit_code == 0 and shown.output.startswith("running\n") and str(workspace) in shown.output
        )
        assert run("cloud", "stop", "--workspace", workspace).output.endswith("is stopped.\n")
        assert run("cloud", "stop", "--workspace", workspace).output.endswith("was not running.\n")

    def test_status_for_programs(self, cloud: Any, workspace: Path) -> None:
        """JSON, with the exit code saying the same."""
        shown = run("cloud", "status", "--json", "--workspace", cloud.workspace)
        assert json.loads(shown.output) == {
            "state": "running",
            "workspace": str(cloud.workspace),
            "endpoint": cloud.endpoint,
            "pid": cloud.state.pid,
        }
        stopped = run("cloud", "status", "--json", "--workspace", workspace)
        assert stopped.exit_code == 1 and json.loads(stopped.output)["state"] == "stopped"

    def test_env_opens_the_cloud_to_a_shell(self, cloud: Any) -> None:
        """eval "$(labkit cloud env)", then plain boto3 from another program; over what was set before."""
        script = (
            f'eval "$({sys.executable} -m labkit.cli cloud env)" && {sys.executable} -c '
            '\'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])\''
        )
        environment = os.environ | {
            "LABKIT_WORKSPACE": str(cloud.workspace),
            "AWS_PROFILE": "nobody",
            "AWS_SESSION_TOKEN": "old",
        }
        done = subprocess.run(
            ["sh", "-c", script], capture_output=True, text=True, env=environment, timeout=60
        )
        assert done.stdout.startswith("arn:aws:"), done.stderr

    def test_env_without_a_cloud_prints_nothing_to_evaluate(self, workspace: Path) -> None:
        """The message goes to standard error."""
        result = run("cloud", "env", "--workspace", workspace)
        assert result.exit_code == 1 and result.stdout == "" and "labkit cloud start" in result.stderr

    @pytest.mark.parametrize("port", ["-1", "65536", "http"])
    def test_a_port_that_is_none(self, port: str, workspace: Path) -> None:
        """A usage error."""
        assert run("cloud", "start", "--port", port, "--workspace", workspace).exit_code == 2


class TestTeardown:
    """What `lab.teardown()` does, from a terminal."""

    def test_a_local_lab(self, cloud: Any) -> None:
        """No question; the ledger shows nothing afterwards."""
        lab = labkit.open("05-monitor", workspace=cloud.workspace)
        make(lab, QUEUE, "")
        assert f"sqs.queue {lab.name('queue')}" in run("ledger", "--workspace", cloud.workspace).output
        done = run("teardown", "05-monitor", "--workspace", cloud.workspace)
        assert done.exit_code == 0 and "1 deleted, nothing left behind" in done.output
        assert "05-monitor" not in run("ledger", "--workspace", cloud.workspace).output

    def test_after_the_cloud_has_ended_nothing_is_left(self, workspace: Path) -> None:
        """And no new cloud is started for it."""
        make(labkit.open("02-create", workspace=workspace), QUEUE, "")
        clouds.stop(workspace)
        assert "Nothing to tear down" in run("teardown", "--workspace", workspace).output
        assert clouds.status(workspace).state == "stopped"

    def test_an_account_is_asked_about(self, open_lab: Callable[..., Lab], workspace: Path) -> None:
        """Without a yes nothing is deleted."""
        lab = open_lab()
        make(lab, QUEUE, "")
        assert run("teardown", "--workspace", workspace, answer="n\n").exit_code == 1
        assert len(lab.ledger.live()) == 1
        done = run("teardown", "--workspace", workspace, answer="y\n")
        assert done.exit_code == 0 and lab.ledger.live() == ()

    def test_survivors_are_listed_and_the_exit_code_says_so(
        self, open_lab: Callable[..., Lab], workspace: Path
    ) -> None:
        """Other labs are torn down all the same."""
        table = RECIPES["dynamodb.table"][1]
        stuck, fine = open_lab("02-create"), open_lab("03-triggers")
        make(stuck, table, "")
        stuck.client("dynamodb").update_table(TableName=stuck.name("orders"), DeletionProtectionEnabled=True)
        make(fine, QUEUE, "")
        done = run("teardown", "--yes", "--workspace", workspace)
        assert done.exit_code == 1 and f"dynamodb.table {stuck.name('orders')}" in done.stderr
        assert fine.ledger.live() == ()
        stuck.client("dynamodb").update_table(TableName=stuck.name("orders"), DeletionProtectionEnabled=False)
        stuck.teardown()

    def test_another_accounts_lab_is_not_touched(self, open_lab: Callable[..., Lab], workspace: Path) -> None:
        """Signed in to the wrong account: said, not tried."""
        lab = open_lab()
        make(lab, QUEUE, "")
        text = lab.ledger.path.read_text()
        lab.ledger.path.write_text(text.replace("aws:123456789012", "aws:999999999999"))
        done = run("teardown", "--yes", "--workspace", workspace)
        assert done.exit_code == 1 and "Sign in to that account" in done.stderr


def test_the_ledger_for_programs(open_lab: Callable[..., Lab], workspace: Path) -> None:
    """One JSON object a line."""
    lab = open_lab()
    make(lab, ROLE, "")
    lab.teardown()
    assert run("ledger", "--json", "--workspace", workspace).output == ""
    [line] = run("ledger", "--json", "--all", "--workspace", workspace).output.splitlines()
    assert json.loads(line)["state"] == "deleted" and json.loads(line)["lab"] == "02-create"


def test_sweep_lists_and_deletes_what_no_ledger_knows(
    open_lab: Callable[..., Lab], workspace: Path, endpoint: str
) -> None:
    """The ledger's file is lost; the tags and the names are not."""
    lab = open_lab()
    make(lab, QUEUE, "")
    make(lab, ROLE, "")
    lab.ledger.path.unlink()
    where = ["--workspace", workspace, "--region", "us-east-1", "--endpoint-url", endpoint]
    shown = run("sweep", *where)
    assert f"sqs.queue {lab.name('queue')}" in shown.output and f"iam.role {lab.name('role')}" in shown.output
    done = run("sweep", "--delete", "--yes", *where)
    assert done.exit_code == 0 and "Nothing is left behind." in done.output
    assert run("sweep", *where).output.endswith("Nothing is left behind.\n")


class TestDoctor:
    """What is here, what is missing, what to do."""

    def test_every_finding_that_is_not_well_has_a_next_step(self, workspace: Path) -> None:
        """No mark without a way out."""
        findings = list(examine(workspace))
        assert {"Python", "JupyterLab", "workspace", "disk", "local cloud", "git", "node", "curl", "aws"} == {
            one.topic for one in findings
        }
        assert all(one.next_step for one in findings if not one.well)

    def test_with_a_running_cloud_it_shows_what_that_can_do(self, cloud: Any) -> None:
        """The cloud's own list."""
        result = run("doctor", "--workspace", cloud.workspace)
        assert result.exit_code == 0 and re.search(r"✓ local cloud +runs at http", result.output)
        assert "What the local cloud does on this machine, and AWS:" in result.output

    def test_without_a_cloud_it_says_how_to_start_it(self, workspace: Path) -> None:
        """And starts nothing itself."""
        result = run("doctor", "--workspace", workspace)
        assert result.exit_code == 0 and "labkit cloud start" in result.output
        assert clouds.status(workspace).state == "stopped"

    def test_programs_that_are_missing_or_broken(
        self, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An old node, a git that does not run, no curl: each said as it is, and node is no problem."""
        for name, body in {"node": "echo v18.1.0", "git": "exit 3"}.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        found = {one.topic: one for one in examine(workspace)}
        assert found["node"].well and "v18.1.0: for Node.js functions the local cloud" in found["node"].found
        assert not found["git"].well and not found["curl"].well and found["curl"].found == "not found"

    def test_a_workspace_that_cannot_be_written_is_fatal(self, tmp_path: Path) -> None:
        """Nothing works without it: exit code 1."""
        (tmp_path / "file").write_text("")
        result = run("doctor", "--workspace", tmp_path / "file")
        assert result.exit_code == 1 and "! workspace" in result.output
