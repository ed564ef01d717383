"""How commands look: what a person reads and copies."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any

import pytest
from cli_in_process import call, command

from labkit.awscli import Note, commands, script


def zipped(*names: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "")
    return out.getvalue()


CODE = zipped("handler.py", "it's here.py")


@pytest.mark.parametrize(
    ("service", "operation", "params", "line"),
    [
        ("lambda", "DeleteFunction", {"FunctionName": "f"}, "aws lambda delete-function --function-name f"),
        ("s3", "CreateBucket", {"Bucket": "b"}, "aws s3api create-bucket --bucket b"),
        (
            "lambda",
            "UntagResource",
            {"Resource": "arn", "TagKeys": ["a", "b"]},
            "aws lambda untag-resource --resource arn --tag-keys a b",
        ),
        (
            "lambda",
            "TagResource",
            {"Resource": "arn", "Tags": {"a": "1"}},
            """aws lambda tag-resource --resource arn --tags '{"a": "1"}'""",
        ),
        (
            "lambda",
            "UpdateFunctionCode",
            {"FunctionName": "f", "S3Key": "k", "Publish": True, "DryRun": False},
            "aws lambda update-function-code --function-name f --s3-key k --publish --no-dry-run",
        ),
        (
            "iam",
            "CreateRole",
            {"RoleName": "r", "Description": "-x"},
            "aws iam create-role --role-name r --description=-x",
        ),
    ],
)
def test_one_line(service: str, operation: str, params: dict[str, Any], line: str) -> None:
    """Short commands stand on one line, in the words that AWS's own pages use."""
    assert command(service, operation, params).text() == line


def test_a_long_command_has_an_option_a_line() -> None:
    """A function's creation: where its zip comes from, an option a line, and the wait that a script needs."""
    params = {
        "FunctionName": "orders",
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::123456789012:role/orders",
        "Handler": "handler.handler",
        "Code": {"ZipFile": CODE},
        "Environment": {"Variables": {"TABLE": "orders"}},
    }
    assert script(commands([call("lambda", "CreateFunction", params)])) == (
        f"""\
# function.zip: {len(CODE)} bytes, made by: zip function.zip handler.py it_s_here.py
aws lambda create-function \\
  --function-name orders \\
  --runtime python3.13 \\
  --role arn:aws:iam::123456789012:role/orders \\
  --handler handler.handler \\
  --zip-file fileb://function.zip \\
  --environment '{{"Variables": {{"TABLE": "orders"}}}}'

aws lambda wait function-active-v2 --function-name orders"""
    )


def test_an_invocation_writes_its_event_and_names_a_file_for_the_answer() -> None:
    """The event is a file, because versions 1 and 2 of the CLI read bytes on the line differently."""
    params = {"FunctionName": "orders", "Payload": b'{"name": "Ada"}', "LogType": "Tail"}
    assert command("lambda", "Invoke", params).text() == (
        """\
# for the log: add --query LogResult --output text | base64 --decode
printf '%s' '{"name": "Ada"}' > event.json
aws lambda invoke --function-name orders --payload fileb://event.json --log-type Tail response.json"""
    )


def test_equal_contents_share_a_file_and_different_ones_do_not() -> None:
    """Three invocations with two events need two files, each written once."""
    calls = [call("lambda", "Invoke", {"FunctionName": "f", "Payload": p}) for p in (b"1", b"2", b"1")]
    made = commands(calls)
    assert [command.files[0].name for command in made] == ["event.json", "event-2.json", "event.json"]
    assert script(made).count("printf") == 2


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (zipped(*"abcdefg"), "with a, b, c, d, e and 2 more files"),
        (zipped(), "an empty zip"),
        (b"PK broken", "9 bytes, as they were sent"),
        (b"\xff\x00", "2 bytes, as they were sent"),
        (Note("", 60_000_000), "60,000,000 bytes, too many to be kept here"),
    ],
)
def test_a_blob_says_where_it_comes_from(content: Any, line: str) -> None:
    """A comment tells what is in a file that the commands do not write themselves."""
    made = command("lambda", "UpdateFunctionCode", {"FunctionName": "f", "ZipFile": content})
    assert line in made.text()


def test_what_was_not_kept_cannot_be_saved(tmp_path: Any) -> None:
    """A file whose bytes are gone says so instead of writing an empty one."""
    made = command("lambda", "UpdateFunctionCode", {"FunctionName": "f", "ZipFile": Note("", 60_000_000)})
    with pytest.raises(ValueError, match=r"function\.bin"):
        made.files[0].save(tmp_path)


def test_what_the_cli_lacks_is_said() -> None:
    """No command is invented for an operation that the CLI does not offer."""
    made = command("lambda", "InvokeWithResponseStream", {"FunctionName": "f"})
    assert made.argv == ()
    assert made.text() == "# the AWS CLI has no command for InvokeWithResponseStream of lambda: use an SDK"


def test_an_endpoint_comes_with_every_command() -> None:
    """Waits as well."""
    made = commands([call("iam", "CreateRole", {"RoleName": "r"})], endpoint_url="http://127.0.0.1:9")
    assert [c.argv[1:3] for c in made] == [("--endpoint-url", "http://127.0.0.1:9")] * 2
