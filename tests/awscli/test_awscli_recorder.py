"""What the recorder keeps of the calls that clients make, and what it leaves alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from labkit.awscli import Note, Recorder, script


@pytest.fixture
def recorder(session: boto3.Session) -> Recorder:
    recorder = Recorder()
    recorder.attach(session)
    return recorder


def operations(recorder: Recorder, since: int = 0) -> list[str]:
    return [call.operation for call in recorder.calls(since)]


def test_it_keeps_what_changes_something(session: boto3.Session, recorder: Recorder) -> None:
    """Calls that only look are left out, unless asked for."""
    looking = Recorder(reads=True)
    looking.attach(session)
    ssm = session.client("ssm")
    ssm.put_parameter(Name="a", Value="1", Type="String")
    ssm.get_parameter(Name="a")
    assert operations(recorder) == ["PutParameter"]
    assert operations(looking) == ["PutParameter", "GetParameter"]


def test_marks_divide_the_sequence(session: boto3.Session, recorder: Recorder) -> None:
    """A cell's commands are those since its mark; equal calls on both sides of a mark stay apart."""
    sqs = session.client("sqs")
    sqs.create_queue(QueueName="a")
    mark = recorder.mark()
    sqs.create_queue(QueueName="a")
    sqs.create_queue(QueueName="b")
    assert [call.params["QueueName"] for call in recorder.calls(mark)] == ["a", "b"]
    assert len(recorder.calls()) == 3


def test_equal_calls_in_a_row_are_kept_once(session: boto3.Session, recorder: Recorder) -> None:
    """A hundred sends from ten threads are one command and a count."""
    sqs = session.client("sqs")
    url = sqs.create_queue(QueueName="a")["QueueUrl"]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: sqs.send_message(QueueUrl=url, MessageBody="x"), range(100)))
    _, sends = recorder.calls()
    assert (sends.operation, sends.times) == ("SendMessage", 100)
    assert "# called 100 times" in recorder.commands()[1].text()


def test_a_refused_call_says_so(session: boto3.Session, recorder: Recorder) -> None:
    """What failed is part of what the cell did, with the error that it got, and nothing to wait for."""
    iam = session.client("iam")
    for _ in range(2):
        try:
            iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        except ClientError as error:
            refused = error.response["Error"]["Code"]
    (call,) = recorder.calls()
    assert (call.times, call.refused, call.error) == (2, 1, refused)
    mark = recorder.mark()
    with pytest.raises(ClientError):
        iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    (command,) = recorder.commands(mark)
    assert command.comments == (f"# failed: {refused}",)


def test_what_is_not_sent_is_no_call(session: boto3.Session, recorder: Recorder) -> None:
    """Bad parameters never leave the machine, and a presigned address is only a text."""
    with pytest.raises(ParamValidationError):
        session.client("ssm").put_parameter(Name=1)
    session.client("s3").generate_presigned_url("put_object", {"Bucket": "b", "Key": "k"})
    assert recorder.calls() == ()


def test_later_changes_do_not_reach_what_was_kept(session: boto3.Session, recorder: Recorder) -> None:
    """The learner's own dictionaries stay their own."""
    tags = {"a": "1"}
    session.client("sqs").create_queue(QueueName="q", tags=tags)
    tags["a"] = "2"
    assert recorder.calls()[0].params["tags"] == {"a": "1"}


def test_a_table_resource_is_seen_as_the_api_sees_it(session: boto3.Session, recorder: Recorder) -> None:
    """boto3's Table takes Python values; the command line takes DynamoDB's JSON."""
    dynamodb = session.resource("dynamodb")
    keys = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    table = dynamodb.create_table(TableName="t", BillingMode="PAY_PER_REQUEST", **keys)
    mark = recorder.mark()
    table.put_item(Item={"id": "x", "n": 3})
    assert recorder.calls(mark)[0].params["Item"] == {"id": {"S": "x"}, "n": {"N": "3"}}


def test_tokens_that_botocore_invents_are_left_out(session: boto3.Session, recorder: Recorder) -> None:
    """The CLI invents its own."""
    session.client("secretsmanager").create_secret(Name="s", SecretString="x")
    assert set(recorder.calls()[0].params) == {"Name", "SecretString"}


def test_secrets_do_not_show(session: boto3.Session, recorder: Recorder) -> None:
    """A secret goes into a file; neither the command nor the lines before it tell it."""
    session.client("secretsmanager").create_secret(Name="s", SecretString="hunter2")
    session.client("ssm").put_parameter(Name="p", Value="hunter2", Type="SecureString")
    made = recorder.commands()
    assert "hunter2" not in script(made)
    assert [file.content for command in made for file in command.files] == [b"hunter2", b"hunter2"]


def test_large_bytes_and_open_files_are_only_noted(
    session: boto3.Session, recorder: Recorder, tmp_path: Path
) -> None:
    """A recording must not hold a lab's zips in memory, nor read files that boto3 is about to read."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="large", Body=b"x" * 9_000_000)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    with (tmp_path / "picture.png").open("rb") as file:
        s3.put_object(Bucket="bucket", Key="file", Body=file)
    bodies = [call.params["Body"] for call in recorder.calls()[1:]]
    assert bodies == [Note("", 9_000_000), Note(str(tmp_path / "picture.png"), 4)]
    assert s3.get_object(Bucket="bucket", Key="file")["Body"].read() == b"\x89PNG"
    assert recorder.commands()[-1].argv[-2:] == ("--body", "picture.png")


def test_only_so_many_calls_are_kept(session: boto3.Session) -> None:
    """A long session does not grow without end, and marks hold all the same."""
    recorder = Recorder(keep=3)
    recorder.attach(session)
    sqs = session.client("sqs")
    for number in range(5):
        mark = recorder.mark()
        sqs.create_queue(QueueName=f"q{number}")
    assert [call.params["QueueName"] for call in recorder.calls()] == ["q2", "q3", "q4"]
    assert len(recorder.calls(mark)) == 1


def test_a_client_alone_can_be_watched_and_let_go(session: boto3.Session) -> None:
    """Attached twice it is heard once; detached, no more."""
    recorder, sqs = Recorder(), session.client("sqs")
    recorder.attach(sqs)
    recorder.attach(sqs)
    sqs.create_queue(QueueName="a")
    recorder.detach(sqs)
    recorder.detach(sqs)
    sqs.create_queue(QueueName="b")
    assert [call.params["QueueName"] for call in recorder.calls()] == ["a"]


def test_a_streaming_body_is_still_sent(session: boto3.Session, recorder: Recorder) -> None:
    """Looking at a body in memory does not use it up."""
    s3: Any = session.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=BytesIO(b"hello"))
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"hello"
    assert recorder.calls()[1].params["Body"] == b"hello"
