"""A lab on the local cloud: whatever the host's settings are; lesson clock, real invocations."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from learner_resources import TRUST

import labkit
from labkit import cloud as clouds
from labkit import deploy
from labkit.errors import CloudError, WaitTimeout
from labkit.session import Lab
from labkit.session.differences import differences

RUNTIME = f"python3.{sys.version_info[1]}"
HANDLER = "def handler(event, context):\n    return {'n': event['n'] + 1}\n"


@pytest.fixture
def local(cloud: Any) -> Lab:
    """On the shared cloud; every test has a prefix of its own."""
    lab = labkit.open("02-create", workspace=cloud.workspace, prefix=f"t{os.urandom(4).hex()}")
    yield lab  # type: ignore[misc]
    lab.teardown()


def test_the_hosts_settings_play_no_part(cloud: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A broken profile, another endpoint, FIPS, proxies, a broken file: all ignored."""
    (tmp_path / "config").write_text("[profile x\nregion = nowhere")
    for name, value in {
        "AWS_PROFILE": "nobody",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_ACCESS_KEY_ID": "AKIAELSEWHERE",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_SESSION_TOKEN": "old",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    lab = labkit.open("02-create", workspace=cloud.workspace)
    assert lab.client("sts").get_caller_identity()["Account"] == lab.account_id == "123456789012"
    assert lab.region == "us-east-1" and lab.endpoint_url == cloud.endpoint


def test_nothing_is_asked_and_nothing_printed(cloud: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """On one's own machine nothing costs money."""
    lab = labkit.open("02-create", workspace=cloud.workspace)
    lab.client("sqs").create_queue(QueueName=lab.name("quiet"))
    lab.teardown()
    assert capsys.readouterr().out == ""


def test_a_function_runs_and_its_cost_is_known_after_it_is_gone(local: Lab) -> None:
    """From package to bill: nothing in between is canned."""
    deploy.function(local, "add", HANDLER, runtime=RUNTIME, memory_mb=256)
    lambda_ = local.client("lambda")
    for number in range(3):
        answer = lambda_.invoke(FunctionName=local.name("add"), Payload=b'{"n": %d}' % number)
        assert answer["Payload"].read() == b'{"n": %d}' % (number + 1)
    logs = local.client("logs")
    reported = [0]
    local.eventually(lambda: _at_least(logs, local.name("add"), 3, reported), like="not yet")
    cost = local.cost()
    requests, duration = cost.lines
    assert requests.quantity == 3 and duration.what == "Duration, 256 MB, x86_64" and duration.quantity > 0
    kinds = [label.split()[0] for label in local.teardown().deleted]
    assert kinds == ["lambda.function", "logs.group", "iam.role"]
    assert local.cost() == cost


def _at_least(logs: Any, name: str, wanted: int, seen: list[int]) -> None:
    """Counts REPORT lines; log lines arrive a moment after the answer."""
    from botocore.exceptions import ClientError

    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    seen[0] = sum("REPORT RequestId" in event["message"] for event in events)
    if seen[0] < wanted:
        raise ClientError({"Error": {"Code": "Later", "Message": "not yet"}}, "FilterLogEvents")


def test_provisioned_concurrency_is_followed_too(local: Lab) -> None:
    """The one kind that the other endpoint of these tests does not know."""
    deploy.function(local, "add", HANDLER, runtime=RUNTIME)
    lambda_, name = local.client("lambda"), local.name("add")
    version = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1
    )
    assert "lambda.provisioned-concurrency" in [entry.kind for entry in local.ledger.live()]
    local.teardown()
    assert local.ledger.live() == ()


def test_a_wrong_trust_policy_is_not_waited_for_long(local: Lab) -> None:
    """A role that Lambda may not assume, ever: the message leads to the trust policy."""
    trust = TRUST.replace("lambda.amazonaws.com", "ec2.amazonaws.com")
    role = local.client("iam").create_role(RoleName=local.name("r"), AssumeRolePolicyDocument=trust)["Role"][
        "Arn"
    ]
    with pytest.raises(WaitTimeout, match="trust policy"):
        local.eventually(
            local.client("lambda").create_function,
            timeout_s=0.5,
            FunctionName=local.name("f"),
            Runtime=RUNTIME,
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": deploy.package(HANDLER)},
        )


def test_what_has_no_waiter_is_looked_for_until_it_is_there(local: Lab) -> None:
    """Gives what was seen; what never comes ends in an error that says where to look."""
    seen = iter([None, [], "here"])
    assert local.until(lambda: next(seen)) == "here"
    with pytest.raises(WaitTimeout, match="its log"):
        local.until(lambda: None, timeout_s=0.1)


def test_the_lesson_clock_moves(local: Lab) -> None:
    """Forward only, for everything in this cloud."""
    before = local.clock.now()
    after = local.clock.advance(hours=2)
    assert 7200 <= (after - before).total_seconds() < 7260 and local.clock.now() >= after
    assert repr(local.clock).startswith("<LessonClock local now=")


def test_a_lab_whose_cloud_was_stopped_says_what_to_do(workspace: Path) -> None:
    """The notebook was left open over night; opening again starts a new one, with a clean ledger."""
    lab = labkit.open("02-create", workspace=workspace)
    lab.client("sqs").create_queue(QueueName=lab.name("queue"))
    clouds.stop(workspace)
    with pytest.raises(CloudError, match=r"is not there any more.*first cell"):
        lab.client("sqs").list_queues()
    with pytest.raises(CloudError, match=r"is not there any more.*first cell"):
        lab.clock.now()
    again = labkit.open("02-create", workspace=workspace)
    assert again.prefix == lab.prefix and again.ledger.live() == ()
    assert repr(again.teardown()) == "Teardown of 02-create: 0 deleted, nothing left behind."


def test_a_kernel_restart_changes_nothing(workspace: Path) -> None:
    """Same cloud, same names, same ledger."""
    first = labkit.open("02-create", workspace=workspace)
    first.client("sqs").create_queue(QueueName=first.name("queue"))
    second = labkit.open("02-create", workspace=workspace)
    assert second.name("queue") == first.name("queue") and second.endpoint_url == first.endpoint_url
    assert [label.split()[0] for label in second.teardown().deleted] == ["sqs.queue"]


def test_the_same_lab_reaches_another_local_cloud_as_a_plain_endpoint(
    cloud: Any, workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """target="aws" with that cloud's address and keys: the code path of a real account."""
    for name, value in cloud.state.environment().items():
        monkeypatch.setenv(name, value)
    lab = labkit.open("02-create", target="aws", workspace=workspace, confirm=True)
    assert lab.endpoint_url == cloud.endpoint and f"Endpoint {cloud.endpoint}" in capsys.readouterr().out
    settings = deploy.function(lab, "add", HANDLER, runtime=RUNTIME)
    tags = lab.client("lambda").list_tags(Resource=settings["FunctionArn"])["Tags"]
    assert tags == {"labkit:lab": "02-create", "labkit:workspace": lab.prefix[-5:]}
    answer = lab.client("lambda").invoke(FunctionName=lab.name("add"), Payload=b'{"n": 1}')
    assert answer["Payload"].read() == b'{"n": 2}'
    lab.teardown()
    assert lab.ledger.live() == () and clouds.status(workspace).state == "stopped"


def test_a_budget_stops_a_lab_by_what_its_logs_say(cloud: Any) -> None:
    """Not by what somebody guessed: the first invocation goes through, the next look stops it."""
    from labkit.session import guard

    lab = labkit.open(
        "02-create", workspace=cloud.workspace, prefix=f"t{os.urandom(4).hex()}", budget_usd=1e-9
    )
    deploy.function(lab, "add", HANDLER, runtime=RUNTIME)
    lambda_, name = lab.client("lambda"), lab.name("add")
    lambda_.invoke(FunctionName=name, Payload=b'{"n": 1}')
    lab.eventually(lambda: _at_least(lab.client("logs"), name, 1, [0]), like="not yet")
    every, guard.BUDGET_LOOK_EVERY_S = guard.BUDGET_LOOK_EVERY_S, 0.0
    try:
        with pytest.raises(labkit.TargetError, match="budget"):
            lambda_.invoke(FunctionName=name, Payload=b'{"n": 1}')
    finally:
        guard.BUDGET_LOOK_EVERY_S = every
        lab.teardown()


def test_a_cloud_killed_in_the_middle_is_no_mystery(workspace: Path) -> None:
    """SIGKILL to the server: the call fails with our words, the next open works."""
    lab = labkit.open("02-create", workspace=workspace)
    os.kill(clouds.find(workspace).pid, signal.SIGKILL)  # type: ignore[union-attr]
    with pytest.raises(CloudError):
        lab.client("sqs").list_queues()
    labkit.open("02-create", workspace=workspace).client("sqs").list_queues()


def test_a_new_run_begins_at_nothing(local: Lab, cloud: Any) -> None:
    """After a teardown that left nothing; a kernel restart in between is the same run."""
    deploy.function(local, "add", HANDLER, runtime=RUNTIME)
    local.client("lambda").invoke(FunctionName=local.name("add"), Payload=b'{"n": 1}')
    local.eventually(lambda: _at_least(local.client("logs"), local.name("add"), 1, [0]), like="not yet")
    restarted = labkit.open("02-create", workspace=cloud.workspace, prefix=local.prefix)
    assert restarted.cost() == local.cost() and float(local.cost()) > 0
    local.teardown()
    assert float(labkit.open("02-create", workspace=cloud.workspace).cost()) == 0


CELLS = [
    "import labkit, sys; lab = labkit.open('02-create', workspace=sys.argv[1], prefix=sys.argv[2])",
    "lab.client('sqs').create_queue(QueueName=lab.name('first'))",
    "lab.client('sqs').create_queue(QueueName=lab.name('second')); lab.client('sqs').list_queues()",
    "1 + 1",
    "print(lab.cli().text())",
    "lab.client('sns').create_topic(Name=lab.name('third')); print(lab.cli(endpoint=True).text())",
    "lab.teardown()",
]


def test_the_cli_commands_are_those_of_the_last_cell_that_made_calls(cloud: Any) -> None:
    """In IPython, cell by cell; looking does not count, nor do cells without calls."""
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        f"for cell in {CELLS!r}:\n    shell.run_cell(cell, store_history=True).raise_error()"
    )
    prefix = f"t{os.urandom(4).hex()}"
    done = subprocess.run(
        [sys.executable, "-c", script, cloud.workspace, prefix], capture_output=True, text=True, timeout=60
    )
    shown = [line for line in done.stdout.splitlines() if line.startswith("aws ")]
    assert shown[0] == f"aws sqs create-queue --queue-name {prefix}-second"
    assert shown[1] == f"aws --endpoint-url {cloud.endpoint} sns create-topic --name {prefix}-third"
    assert len(shown) == 2, done.stderr


def test_a_rest_api_has_an_address_that_answers(local: Lab) -> None:
    """AWS tells nobody where a REST API is; the lab knows, here and there."""
    gateway = local.client("apigateway")
    api = gateway.create_rest_api(name=local.name("photos"))
    where = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE")
    asked = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 204}'}}
    gateway.put_integration(**where, **asked)
    gateway.put_method_response(**where, statusCode="204")
    gateway.put_integration_response(**where, statusCode="204")
    gateway.create_deployment(restApiId=api["id"], stageName="prod")
    with urllib.request.urlopen(local.rest_url(api["id"], "prod"), timeout=10) as answer:
        assert answer.status == 204


def test_the_cloud_says_where_it_differs_from_aws(local: Lab) -> None:
    """How code runs comes first, services are folded; runtimes are this machine's; no text is HTML."""
    found = local.differences()
    topics = [row.topic for row in found.rows]
    assert topics[0] == "runtimes" and RUNTIME in found.rows[0].local
    assert {"state", "processor", "files", "CloudFormation"} <= set(topics)
    assert "<api-id>" in str(found) and "&lt;api-id&gt;" in found._repr_html_()
    assert f"{len(found.of('services'))} more rows" in found._repr_html_()
    assert str(differences(None)) == "This is AWS itself."
