"""Teardown: newest first, one failure stops nothing else, survivors are listed, all is verified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from learner_resources import FUNCTION, GROUP, QUEUE, RECIPES, ROLE, TABLE, TOPIC, make

from labkit.errors import TeardownError
from labkit.ledger import sweep
from labkit.session import Lab


def kinds(labels: tuple[str, ...]) -> list[str]:
    return [label.split()[0] for label in labels]


def test_newest_goes_first(lab: Lab, role_arn: str) -> None:
    """And a function before its log group, whichever was noted first."""
    for one in (ROLE, TABLE, QUEUE, FUNCTION, GROUP):
        make(lab, one, role_arn)
    lab.client("logs").create_log_group(logGroupName=f"/aws/lambda/{lab.name('fn')}")
    assert kinds(lab.teardown().deleted) == [
        "logs.group",
        "lambda.function",
        "logs.group",
        "sqs.queue",
        "dynamodb.table",
        "iam.role",
    ]


def test_a_role_goes_with_all_its_policies_even_those_put_on_elsewhere(
    lab: Lab, outside: Callable[[str], Any]
) -> None:
    """IAM refuses to delete a role that has any."""
    make(lab, ROLE, "")
    _, attachment = RECIPES["iam.role-attachment"]
    make(lab, attachment, "")
    make(lab, RECIPES["iam.role-policy"][1], "")
    outside("iam").put_role_policy(
        RoleName=lab.name("role"),
        PolicyName="by-hand",
        PolicyDocument=RECIPES["iam.role-policy"][1].params["PolicyDocument"],
    )
    assert kinds(lab.teardown().deleted) == ["iam.role"]


def test_a_policy_goes_with_its_versions_and_attachments(lab: Lab) -> None:
    """Also from a role that is not the lab's to delete."""
    make(lab, ROLE, "")
    arn = make(lab, RECIPES["iam.policy"][1], "")["Policy"]["Arn"]
    iam = lab.client("iam")
    iam.attach_role_policy(RoleName=lab.name("role"), PolicyArn=arn)
    document = RECIPES["iam.policy"][1].params["PolicyDocument"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    assert kinds(lab.teardown().deleted) == ["iam.policy", "iam.role"]


def test_a_bucket_is_emptied_first_versions_and_all(lab: Lab) -> None:
    """Objects, their old versions, delete markers and unfinished uploads."""
    make(lab, RECIPES["s3.bucket"][1], "")
    s3, bucket = lab.client("s3"), lab.name("photos")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in ("a.jpg", "a.jpg", "b.jpg"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    s3.delete_object(Bucket=bucket, Key="b.jpg")
    s3.create_multipart_upload(Bucket=bucket, Key="c.jpg")
    assert kinds(lab.teardown().deleted) == ["s3.bucket"]


def test_one_failure_stops_nothing_else_and_survivors_are_listed(lab: Lab, role_arn: str) -> None:
    """A table protected against deletion survives; what is older and newer goes."""
    for one in (ROLE, TABLE, QUEUE):
        make(lab, one, role_arn)
    lab.client("dynamodb").update_table(TableName=lab.name("orders"), DeletionProtectionEnabled=True)
    with pytest.raises(TeardownError) as caught:
        lab.teardown()
    [survivor] = caught.value.survivors
    assert survivor.startswith(f"dynamodb.table {lab.name('orders')} (us-east-1): ")
    assert "protect" in survivor.lower() and "2 resources" in str(caught.value)
    assert [entry.kind for entry in lab.ledger.live()] == ["dynamodb.table"]
    lab.client("dynamodb").update_table(TableName=lab.name("orders"), DeletionProtectionEnabled=False)
    assert kinds(lab.teardown().deleted) == ["dynamodb.table"]


def test_what_is_in_the_way_for_a_while_is_tried_again(lab: Lab) -> None:
    """A refusal that passes, as when AWS is still updating: three times, then it works."""
    make(lab, QUEUE, "")
    refusals = iter(range(3))

    def refuse(**_: Any) -> None:
        if next(refusals, None) is not None:
            answer = {"Error": {"Code": "ResourceInUseException", "Message": "still updating"}}
            raise ClientError(answer, "DeleteQueue")

    lab.client("sqs").meta.events.register("before-send.sqs.DeleteQueue", refuse)
    assert kinds(lab.teardown().deleted) == ["sqs.queue"]


def test_an_error_that_does_not_pass_is_given_up_soon(lab: Lab) -> None:
    """No use in trying for minutes without the permission."""
    make(lab, QUEUE, "")

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteQueue")

    client = lab.client("sqs")
    client.meta.events.register("before-send.sqs.DeleteQueue", refuse)
    with pytest.raises(TeardownError, match="AccessDenied"):
        lab.teardown(timeout_s=60)


def test_what_was_deleted_behind_its_back_is_no_error(lab: Lab, outside: Callable[[str], Any]) -> None:
    """It is reported as absent, not as deleted."""
    make(lab, TABLE, "")
    outside("dynamodb").delete_table(TableName=lab.name("orders"))
    result = lab.teardown()
    assert kinds(result.absent) == ["dynamodb.table"] and not result.deleted


def test_a_second_teardown_finds_nothing_to_do(lab: Lab) -> None:
    """And says so."""
    make(lab, TOPIC, "")
    lab.teardown()
    assert repr(lab.teardown()) == "Teardown of 02-create: 0 deleted, nothing left behind."


def test_other_regions_are_torn_down_too(lab: Lab) -> None:
    """A client may have been asked for in another Region."""
    lab.client("sqs", "eu-west-1").create_queue(QueueName=lab.name("queue"))
    assert kinds(lab.teardown().deleted) == ["sqs.queue"]
    assert "QueueUrls" not in lab.client("sqs", "eu-west-1").list_queues(QueueNamePrefix=lab.prefix)


def test_another_accounts_entries_are_left_alone(lab: Lab) -> None:
    """A ledger may hold resources of two accounts; each teardown sees its own."""
    make(lab, QUEUE, "")
    entry = lab.ledger.live()[0]
    text = lab.ledger.path.read_text().replace(entry.home, "aws:999999999999")
    lab.ledger.path.write_text(text)
    assert lab.teardown().deleted == ()
    lab.client("sqs").get_queue_url(QueueName=lab.name("queue"))


def test_an_entry_of_a_newer_labkit_is_a_survivor_not_a_crash(lab: Lab) -> None:
    """A kind that this version has no row for."""
    lab.ledger.add("created", "quantum.computer", {"Name": "q"}, "us-east-1")
    with pytest.raises(TeardownError, match=r"quantum\.computer q"):
        lab.teardown(timeout_s=1)


def test_sweep_finds_what_a_lost_ledger_forgot(lab: Lab, role_arn: str) -> None:
    """By tag where AWS knows tags, by name for roles, layers, log groups and dashboards."""
    for name in ("lambda.layer-version", "cloudwatch.dashboard", "ssm.parameter", "s3.bucket"):
        make(lab, RECIPES[name][1], role_arn)
    for one in (ROLE, TABLE, QUEUE, TOPIC, FUNCTION):
        make(lab, one, role_arn)
    lab.client("logs").create_log_group(logGroupName=f"/aws/lambda/{lab.name('fn')}")
    found = sweep(lab.client, "us-east-1", lab.prefix[-5:])
    assert {one.kind for one in found} == {
        "iam.role",
        "dynamodb.table",
        "sqs.queue",
        "sns.topic",
        "lambda.function",
        "lambda.layer-version",
        "cloudwatch.dashboard",
        "ssm.parameter",
        "s3.bucket",
        "logs.group",
    }
    lab.teardown()
    assert sweep(lab.client, "us-east-1", lab.prefix[-5:]) == ()


def test_sweep_never_finds_another_workspaces_resources(
    lab: Lab, open_lab: Callable[..., Lab], tmp_path: Any
) -> None:
    """Thirty learners share an account."""
    neighbour = open_lab(workspace=tmp_path / "neighbour")
    make(neighbour, QUEUE, "")
    make(neighbour, ROLE, "")
    assert sweep(lab.client, "us-east-1", lab.prefix[-5:]) == ()
    neighbour.teardown()
