"""The hook that fills the ledger: before each create call, whatever becomes of the call."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError
from learner_resources import ACCOUNT, CODE, FUNCTION, QUEUE, RECIPES, ROLE, TABLE, TOPIC, TRUST, filled, make

from labkit.ledger import Entry
from labkit.session import Lab


def states(lab: Lab) -> dict[str, str]:
    return {entry.kind: entry.state for entry in lab.ledger}


def test_it_is_on_disk_before_the_call_is_sent(lab: Lab) -> None:
    """Seen from inside the call, just before it leaves: the entry is there."""
    iam, seen = lab.client("iam"), list[Entry]()
    iam.meta.events.register("before-send.iam.CreateRole", lambda **_: seen.extend(lab.ledger.entries()))
    make(lab, ROLE, "")
    assert [entry.state for entry in seen] == ["intended"]
    assert [entry.state for entry in lab.ledger] == ["created"]


def test_a_function_brings_its_log_group(lab: Lab, role_arn: str) -> None:
    """AWS makes it at the first log line; it stands before the function, so that it is deleted after it."""
    make(lab, FUNCTION, role_arn)
    first, second = lab.ledger.entries()
    assert (first.kind, first.state) == ("logs.group", "implied")
    assert first.ids == {"logGroupName": f"/aws/lambda/{lab.name('fn')}"}
    assert (second.kind, second.state) == ("lambda.function", "created")


def test_a_refused_call_is_closed(lab: Lab) -> None:
    """AWS said no: there is nothing to delete, and the reason is noted."""
    with pytest.raises(ClientError):
        make(lab, FUNCTION, "arn:aws:iam::123456789012:role/nobody")
    assert set(states(lab).values()) == {"failed"} and lab.ledger.live() == ()


def test_a_call_that_is_malformed_is_not_even_written(lab: Lab) -> None:
    """botocore refuses it before anything is sent."""
    with pytest.raises(ParamValidationError):
        lab.client("dynamodb").create_table(TableName=lab.name("orders"), KeySchema="id")
    assert lab.ledger.entries() == ()


def test_a_call_without_an_answer_stays_intended(open_lab: Callable[..., Lab]) -> None:
    """Nobody knows whether it arrived; teardown will look."""
    lab = open_lab()
    queues = lab.client("sqs")
    queues.meta.events.register("before-send", unreachable)
    with pytest.raises(EndpointConnectionError):
        make(lab, QUEUE, "")
    assert states(lab) == {"sqs.queue": "intended"}


def unreachable(request: Any, **_: Any) -> None:
    raise EndpointConnectionError(endpoint_url=request.url)


def test_making_it_again_does_not_write_it_again(lab: Lab) -> None:
    """CreateQueue and CreateTopic answer with what is there; it is still one resource."""
    for _ in range(2):
        make(lab, QUEUE, "")
        make(lab, TOPIC, "")
    assert len(lab.ledger.entries()) == 2


def test_publishing_the_same_code_twice_is_one_version(lab: Lab, role_arn: str) -> None:
    """Lambda answers with the version that exists; layers get a new one each time."""
    make(lab, FUNCTION, role_arn)
    lambda_ = lab.client("lambda")
    for _ in range(2):
        lambda_.publish_layer_version(LayerName=lab.name("shared"), Content=CODE)
    layers = [entry for entry in lab.ledger.live() if entry.kind == "lambda.layer-version"]
    assert sorted(entry.ids["VersionNumber"] for entry in layers) == [1, 2]


def test_what_was_there_before_the_lab_is_never_the_labs(
    lab: Lab, outside: Callable[[str], Any], role_arn: str
) -> None:
    """Overwriting, adopting and failing to create: the resource stays, and teardown says so."""
    theirs = f"theirs-{lab.prefix[-5:]}"
    outside("ssm").put_parameter(Name=theirs, Value="precious", Type="String")
    outside("sqs").create_queue(QueueName=theirs)
    outside("dynamodb").create_table(**{**TABLE.params, "TableName": theirs})
    lab.client("ssm").put_parameter(Name=theirs, Value="changed", Type="String", Overwrite=True)
    lab.client("sqs").create_queue(QueueName=theirs)
    with pytest.raises(ClientError):
        lab.client("dynamodb").create_table(**{**TABLE.params, "TableName": theirs})
    assert lab.ledger.live() == ()
    result = lab.teardown()
    assert len(result.kept) == 3 and not result.deleted
    outside("ssm").get_parameter(Name=theirs)
    outside("dynamodb").describe_table(TableName=theirs)


def test_an_existing_log_group_of_a_new_function_stays(
    lab: Lab, outside: Callable[[str], Any], role_arn: str
) -> None:
    """A function may be told to log into a group that others use."""
    group = f"/shared/{lab.prefix[-5:]}"
    outside("logs").create_log_group(logGroupName=group)
    params = {**FUNCTION.params, "FunctionName": lab.name("fn"), "Role": role_arn}
    lab.client("lambda").create_function(**params, LoggingConfig={"LogGroup": group})
    lab.teardown()
    found = outside("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [one["logGroupName"] for one in found] == [group]


def test_deleting_by_hand_closes_the_entry_and_its_parts(lab: Lab, role_arn: str) -> None:
    """A learner who cleans up finds a clean ledger; by ARN as well as by name."""
    arn = make(lab, FUNCTION, role_arn)["FunctionArn"]
    lambda_ = lab.client("lambda")
    lambda_.create_alias(FunctionName=lab.name("fn"), Name="live", FunctionVersion="$LATEST")
    lambda_.delete_function(FunctionName=arn)
    assert states(lab) == {
        "logs.group": "implied",
        "lambda.function": "deleted",
        "lambda.alias": "deleted",
    }


def test_deleting_a_version_does_not_close_the_function(lab: Lab, role_arn: str) -> None:
    """Both are DeleteFunction; the qualifier tells them apart."""
    make(lab, FUNCTION, role_arn)
    lambda_ = lab.client("lambda")
    version = lambda_.publish_version(FunctionName=lab.name("fn"))["Version"]
    lambda_.delete_function(FunctionName=lab.name("fn"), Qualifier=version)
    assert states(lab)["lambda.function"] == "created"
    assert states(lab)["lambda.version"] == "deleted"


def test_what_labkit_does_not_follow_is_written_down_as_such(lab: Lab) -> None:
    """An EC2 volume, say: teardown cannot delete it, but does not keep silent about it either."""
    lab.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)
    [entry] = lab.ledger.entries()
    assert (entry.kind, entry.state) == ("ec2.CreateVolume", "untracked")
    assert "ec2.CreateVolume" in repr(lab.teardown())


def test_reading_writes_nothing(lab: Lab) -> None:
    """Nor does anything else that makes nothing."""
    lab.client("sqs").list_queues()
    lab.client("lambda").list_functions()
    assert not lab.ledger.path.exists()


def test_names_are_kept_but_never_values(lab: Lab) -> None:
    """A secret does not reach the ledger's file."""
    lab.client("secretsmanager").create_secret(Name=lab.name("db"), SecretString="hunter2")
    lab.client("ssm").put_parameter(Name=lab.name("p"), Value="hunter2", Type="SecureString")
    assert "hunter2" not in lab.ledger.path.read_text()


# kind -> how to read the tags of what its recipe makes: the call, its parameters, where the tags are
TAGS_OF = {
    "lambda.function": (
        "list_tags",
        {"Resource": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{{p}}-fn"},
        "Tags",
    ),
    "iam.role": ("list_role_tags", {"RoleName": "{p}-role"}, "Tags"),
    "dynamodb.table": (
        "list_tags_of_resource",
        {"ResourceArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{{p}}-orders"},
        "Tags",
    ),
    "sns.topic": (
        "list_tags_for_resource",
        {"ResourceArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:{{p}}-topic"},
        "Tags",
    ),
    "s3.bucket": ("get_bucket_tagging", {"Bucket": "{p}-photos"}, "TagSet"),
    "stepfunctions.state-machine": (
        "list_tags_for_resource",
        {"resourceArn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{{p}}-flow"},
        "tags",
    ),
}


@pytest.mark.parametrize("kind", TAGS_OF)
def test_everything_is_tagged_whatever_shape_its_tags_have(kind: str, lab: Lab, role_arn: str) -> None:
    """Maps, lists of Key and Value, of key and value, and a call of its own for buckets."""
    method, params, where = TAGS_OF[kind]
    make(lab, RECIPES[kind][1], role_arn)
    client = lab.client(kind.partition(".")[0])
    tags = pairs(getattr(client, method)(**filled(params, lab.prefix, role_arn))[where])
    assert tags == {"labkit:lab": "02-create", "labkit:workspace": lab.prefix[-5:]}
    lab.teardown()


def pairs(tags: dict[str, str] | list[dict[str, str]]) -> dict[str, str]:
    """Tags of any shape as a dictionary."""
    if isinstance(tags, dict):
        return tags
    return {tag.get("Key") or tag["key"]: tag.get("Value") or tag["value"] for tag in tags}


def test_the_learners_own_tags_stay(lab: Lab, role_arn: str) -> None:
    """Ours are added to theirs, and their dictionary is not changed."""
    mine = {"team": "blue"}
    params = {**FUNCTION.params, "FunctionName": lab.name("fn"), "Role": role_arn, "Tags": mine}
    arn = lab.client("lambda").create_function(**params)["FunctionArn"]
    tags = lab.client("lambda").list_tags(Resource=arn)["Tags"]
    assert tags["team"] == "blue" and "labkit:lab" in tags and mine == {"team": "blue"}


KILLED = """
import os, signal, sys, labkit
lab = labkit.open("02-create", target="aws", endpoint_url=sys.argv[1], workspace=sys.argv[2], confirm=True)
lambda_ = lab.client("lambda")
lab.client("sqs").create_queue(QueueName=lab.name("queue"))
role = lab.client("iam").create_role(RoleName=lab.name("role"), AssumeRolePolicyDocument=sys.argv[3])["Role"]
die = lambda **_: os.kill(os.getpid(), signal.SIGKILL)
lambda_.meta.events.register_first("after-call", die)
code = {"ZipFile": labkit.deploy.package({"app.py": "def handler(e, c): return e"})}
lambda_.create_function(
    FunctionName=lab.name("fn"), Runtime="python3.13", Handler="app.handler", Role=role["Arn"], Code=code
)
"""


def test_a_process_killed_with_sigkill_leaves_a_ledger_that_teardown_finishes(
    endpoint: str, workspace: Path, open_lab: Callable[..., Lab], outside: Callable[[str], Any]
) -> None:
    """The real thing: another process, killed after its function was made and before it knew."""
    environment = {**os.environ, "AWS_ENDPOINT_URL": endpoint}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, endpoint, str(workspace), TRUST], env=environment, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    lab = open_lab()
    assert states(lab)["lambda.function"] == "intended"
    outside("lambda").get_function_configuration(FunctionName=lab.name("fn"))
    result = lab.teardown()
    assert [label.split()[0] for label in result.deleted] == ["lambda.function", "iam.role", "sqs.queue"]
    with pytest.raises(ClientError):
        outside("lambda").get_function_configuration(FunctionName=lab.name("fn"))


def test_the_ledger_is_json_lines(lab: Lab) -> None:
    """So that other tools can read it."""
    make(lab, TABLE, "")
    lines = [json.loads(line) for line in lab.ledger.path.read_text().splitlines()]
    assert lines[0]["state"] == "intended" and lines[1]["state"] == "created"
