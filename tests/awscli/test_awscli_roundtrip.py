"""What goes into a command comes out again: parameters → our words → the AWS CLI's parser → parameters."""

from __future__ import annotations

import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cli_in_process import command, parsed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ODD = [
    "plain",
    "",
    "-leading",
    "--publish",
    "two words",
    "it's",
    'say "hi"',
    "$HOME `id` \\ !!",
    "line\nbreak\ttab",
    "file:///etc/hostname",
    "fileb://x",
    "http://127.0.0.1:9/none",
    "https://127.0.0.1:9/none",
    "[1]",
    "{}",
    "{not json",
    "名前 ✓",
    "true",
    "null",
    "a=b,c=d",
    "%s %d",
    "~/x",
]
# Each example is a run of the CLI's parser, some 20 ms: few, and no database of examples in the work tree.
BRIEF = settings(max_examples=20, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.one_of(
    st.sampled_from(ODD), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
)


def zipped(**members: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name.replace("__", ".")), text)
    return out.getvalue()


def survives(service: str, operation: str, params: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert parsed(command(service, operation, params), Path(folder)) == params


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_survive(text: str) -> None:
    """No text is opened as a file, taken for an option or expanded, wherever it stands."""
    survives("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": text, "Description": text})
    survives("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Layers": [text, text]})
    survives("lambda", "TagResource", {"Resource": "arn", "Tags": {"k": text}})


@given(text=TEXT, number=st.integers(0, 900), on=st.booleans())
@BRIEF
def test_any_scalars_survive(text: str, number: int, on: bool) -> None:
    """Texts, numbers and booleans of any value."""
    params = {"FunctionName": "f", "Description": text, "Timeout": number}
    survives("lambda", "UpdateFunctionConfiguration", params)
    survives("ssm", "PutParameter", {"Name": text, "Value": text, "Type": "String", "Overwrite": on})
    survives("ssm", "PutParameter", {"Name": "n", "Value": text, "Type": "SecureString"})


@given(texts=st.lists(TEXT, max_size=4))
@BRIEF
def test_any_lists_survive(texts: list[str]) -> None:
    """Lists of texts, empty ones too; as words where that is safe, else as JSON."""
    survives("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Layers": texts})


@given(values=st.dictionaries(TEXT, st.fixed_dictionaries({"S": TEXT}) | st.just({"NULL": True}), max_size=4))
@BRIEF
def test_any_structures_survive(values: dict[str, Any]) -> None:
    """Nested maps and lists."""
    nested = {**values, "deep": {"L": [{"M": values}, {"N": "1.5"}, {"BOOL": False}]}}
    survives("dynamodb", "PutItem", {"TableName": "t", "Item": nested})


@given(payload=st.one_of(st.binary(max_size=50), st.sampled_from(ODD).map(str.encode)))
@BRIEF
def test_any_bytes_survive(payload: bytes) -> None:
    """Bytes go through files, so that no version of the CLI can read them differently."""
    survives("lambda", "Invoke", {"FunctionName": "f", "Payload": payload})
    survives("kinesis", "PutRecord", {"StreamName": "s", "Data": payload, "PartitionKey": "-p"})
    survives("secretsmanager", "CreateSecret", {"Name": "n", "SecretBinary": payload})


def test_a_zip_inside_a_structure_survives() -> None:
    """``Code={"ZipFile": …}`` is ``--zip-file`` on the command line, with or without company."""
    code = zipped(handler__py="def handler(event, context): ...")
    base = {"FunctionName": "f", "Role": "arn", "Handler": "h.h"}
    survives("lambda", "CreateFunction", {**base, "Code": {"ZipFile": code}})
    survives("lambda", "CreateFunction", {**base, "Code": {"S3Bucket": "b", "S3Key": "k"}})
    survives("lambda", "PublishLayerVersion", {"LayerName": "l", "Content": {"ZipFile": code}})
    survives("lambda", "UpdateFunctionCode", {"FunctionName": "f", "ZipFile": code, "Publish": False})


def test_addresses_are_not_downloaded() -> None:
    """A queue's URL stays a URL; the CLI would download it from most other options."""
    survives(
        "sqs", "SendMessage", {"QueueUrl": "http://127.0.0.1:9/1/q", "MessageBody": "http://127.0.0.1:9/"}
    )
    survives("sns", "Subscribe", {"TopicArn": "t", "Protocol": "http", "Endpoint": "http://127.0.0.1:9/"})


def test_text_in_nested_bytes_survives_with_a_note() -> None:
    """Bytes inside a structure stand there as text, and a comment says what version 2 needs."""
    params = {"TableName": "t", "Item": {"pk": {"S": "1"}, "raw": {"B": b"hello"}}}
    one = command("dynamodb", "PutItem", params)
    with tempfile.TemporaryDirectory() as folder:
        assert parsed(one, Path(folder))["Item"]["raw"] == {"B": "hello"}  # the CLI sends text as its bytes
    assert any("raw-in-base64-out" in comment for comment in one.comments)
