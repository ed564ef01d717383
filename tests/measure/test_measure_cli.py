"""``labkit measure`` and ``labkit tune``: what people read, what programs read, and every way it can end."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from labkit import cli, reports
from labkit.cli.measuring import _agree

HANDLER = """\
import time

def handler(event, context):
    time.sleep(event.get("sleep_s", 0))
    return sum(n * n for n in range(event.get("steps", 0)))
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
NAME = "from-a-terminal"


@pytest.fixture(scope="module")
def function(cloud: Any) -> Iterator[str]:
    """A function of the shared cloud."""
    iam, lambda_ = cloud.client("iam"), cloud.client("lambda")
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=NAME, PolicyArn=MANAGED)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", HANDLER)
    for attempt in range(60):  # a new role cannot be assumed for some seconds
        try:
            lambda_.create_function(
                FunctionName=NAME,
                Runtime="python3.13",
                Role=role,
                Handler="app.handler",
                Code={"ZipFile": code.getvalue()},
                Timeout=10,
            )
            break
        except ClientError as error:
            if "cannot be assumed" not in str(error) or attempt == 59:
                raise
    lambda_.get_waiter("function_active_v2").wait(FunctionName=NAME, WaiterConfig={"Delay": 0.1})
    yield NAME
    lambda_.delete_function(FunctionName=NAME)
    iam.detach_role_policy(RoleName=NAME, PolicyArn=MANAGED)
    iam.delete_role(RoleName=NAME)


@pytest.fixture
def terminal(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment after ``eval "$(labkit cloud env)"``."""
    for name, value in cloud.state.environment().items():
        monkeypatch.setenv(name, value)


def run(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(cli.labkit, list(arguments), **options)


@pytest.mark.usefixtures("terminal")
class TestMeasure:
    def test_a_table(self, function: str) -> None:
        """Cold and warm, what Lambda reported, the cost."""
        result = run("measure", function, "--calls", "5")
        assert result.exit_code == 0
        assert result.output.startswith(f"{function}: 5 calls: 1 cold, 4 warm\n")
        assert "on AWS: 0.0000" in result.output

    def test_json(self, function: str) -> None:
        """Every call as a row."""
        found = json.loads(run("measure", function, "--rate", "20", "--seconds", "0.2", "--json").stdout)
        assert [row["status"] for row in found["calls"]] == ["ok"] * 4
        assert found["function"]["memory_mb"] == 128

    def test_payloads_are_sent_in_turn(self, function: str, tmp_path: Path) -> None:
        """Two files, four calls."""
        for number, steps in enumerate((1, 200_000)):
            (tmp_path / f"{number}.json").write_text(json.dumps({"steps": steps}))
        files = [f"--payload={tmp_path / name}" for name in ("0.json", "1.json")]
        rows = json.loads(run("measure", function, "--calls", "5", "--json", *files).stdout)["calls"]
        quick, slow = ([row["duration_ms"] for row in rows[first::2]] for first in (0, 1))
        assert max(quick[1:]) < min(slow)

    def test_cold_starts_alone(self, function: str) -> None:
        """Each call is one."""
        assert "2 cold, 0 warm" in run("measure", function, "--cold", "2").output

    def test_a_throttled_function(self, function: str, cloud: Any) -> None:
        """Told with its reason; exit code 1: nothing succeeded."""
        lambda_ = cloud.client("lambda")
        lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        try:
            result = run("measure", function, "--calls", "3")
        finally:
            lambda_.delete_function_concurrency(FunctionName=function)
        assert result.exit_code == 1
        assert "3 × throttled: TooManyRequestsException" in result.output

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--rate", "5"], "belong together"),
            (["--cold", "2", "--calls", "3"], "Choose one"),
            (["--cold", "2", "--qualifier", "live"], "leave --qualifier out"),
            (["--calls", "0"], "--calls"),
        ],
    )
    def test_what_makes_no_sense_is_a_mistake_of_use(self, arguments: list[str], said: str) -> None:
        """Exit code 2, before any call."""
        result = run("measure", "anything", *arguments)
        assert result.exit_code == 2 and said in result.output

    def test_a_payload_that_is_no_json(self, tmp_path: Path) -> None:
        """The file is named."""
        (tmp_path / "event.json").write_text("id=1")
        result = run("measure", "anything", "--payload", str(tmp_path / "event.json"))
        assert result.exit_code == 2 and "event.json is no JSON" in result.output

    def test_no_such_function(self) -> None:
        """Named, with its Region."""
        result = run("measure", "nobody")
        assert result.exit_code == 1 and "There is no function nobody in us-east-1" in result.output


@pytest.mark.usefixtures("terminal")
class TestTune:
    def test_a_table_with_the_choice_and_the_picture(self, function: str) -> None:
        """A row for each size."""
        result = run("tune", function, "--memory", "128,256", "--runs", "3", "--strategy", "speed")
        assert result.exit_code == 0
        assert f"{function}: 2 settings, 3 calls each\n" in result.output
        assert "best by speed: " in result.output
        assert "picture: https://lambda-power-tuning.show/#gAAAAQ==;" in result.output

    def test_json_is_that_of_aws_lambda_power_tuning(self, function: str) -> None:
        """From an event on standard input."""
        result = run(
            "tune",
            function,
            "--memory",
            "128",
            "--runs",
            "2",
            "--json",
            "--payload",
            "-",
            input='{"steps": 9}',
        )
        found = json.loads(result.stdout)
        assert found["power"] == 128
        assert set(found) == {"power", "cost", "duration", "stateMachine", "stats"}

    def test_too_dear(self, function: str) -> None:
        """Not started, with both figures."""
        result = run("tune", function, "--max-cost", "0.000001")
        assert result.exit_code == 1 and "ceiling is 0.000001 USD" in result.output

    def test_sizes_that_are_none(self) -> None:
        """What was meant is shown."""
        result = run("tune", "anything", "--memory", "128;256")
        assert result.exit_code == 2 and "commas between" in result.output

    def test_ctrl_c_shows_what_was_measured(self, function: str, cloud: Any, tmp_path: Path) -> None:
        """In a process of its own, as in a terminal; exit code 130, and the function is as it was."""
        (tmp_path / "event.json").write_text(json.dumps({"sleep_s": 0.3}))
        command = [sys.executable, "-m", "labkit.cli", "tune", function, "--memory", "128,256"]
        command += ["--runs", "500", "--payload", str(tmp_path / "event.json")]
        process = subprocess.Popen(command, env=cloud.environment(), stdout=subprocess.PIPE, text=True)
        _until_it_slept(cloud, function)
        os.kill(process.pid, signal.SIGINT)
        shown, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        assert f"{function}: 1 setting of 2 planned, stopped, 500 calls each" in shown
        assert cloud.client("lambda").list_aliases(FunctionName=function)["Aliases"] == []


def _until_it_slept(cloud: Any, function: str) -> None:
    """Until the log has the report of a call that took its 0.3 s."""
    logs, deadline = cloud.client("logs"), time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern="REPORT")
        durations = [reports.parse(event["message"]).duration_ms for event in lines["events"]]  # type: ignore[union-attr]
        if any(duration > 300 for duration in durations):
            return
        time.sleep(0.05)
    raise AssertionError("no call was made")


def test_without_credentials_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """How to sign in, and how to reach the local cloud instead."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    result = run("tune", "orders")
    assert result.exit_code == 1
    assert "No usable AWS credentials" in result.output and "labkit cloud env" in result.output


@pytest.mark.parametrize(("answer", "agreed"), [("y\n", True), ("\n", False), ("", False)])
def test_an_account_that_pays_is_asked(cloud: Any, answer: str, agreed: bool) -> None:
    """What listens on this machine costs nothing and is not; silence is no consent."""
    from labkit.session.target import Target

    session = cloud.session()
    target = Target("aws", session, "eu-west-1", "123456789012", "arn", "aws:123456789012")

    @click.command()
    def ask() -> None:
        _agree(target, session.client("lambda", endpoint_url="https://lambda.eu-west-1.amazonaws.com"), str)
        click.echo("agreed")

    result = CliRunner().invoke(ask, input=answer)
    assert "Account 123456789012, Region eu-west-1" in result.output
    assert (result.stdout == "agreed\n") is agreed
