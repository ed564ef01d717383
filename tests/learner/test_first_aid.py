"""What kernels of the workbook say beside an error: what to do next."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat import v4

from labkit.cli.jupyter import STARTUP

DENIED = """
from botocore.exceptions import ClientError
raise ClientError({"Error": {"Code": "%s", "Message": "said AWS"}}, "Invoke")
"""
DICT = """
import boto3
iam = boto3.client("iam", aws_access_key_id="a", aws_secret_access_key="b")
iam.put_role_policy(RoleName="role", PolicyName="may-send", PolicyDocument={})
"""
UNTYPED = """
import boto3
dynamodb = boto3.client("dynamodb", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
dynamodb.put_item(TableName="orders", Item={"order_id": "o-1"})
"""
REFUSED = """
from botocore.exceptions import ClientError
raise ClientError({"Error": {"Code": "Refused", "Message": "%s"}}, "Invoke")
"""
TAKEN = DENIED.replace("said AWS", "Schedule x already exists.") % "ConflictException"
PATTERN = "failed to satisfy constraint: Member must satisfy regular expression pattern"
CELLS = {
    "lab.check('00.1')": "Choose Run > Run All Above Selected Cell",
    DICT: "json.dumps",
    UNTYPED: "each value with its type",
    REFUSED % "The role does not have permissions to call SendMessage on SQS": "give it a policy",
    REFUSED % "decreases account's UnreservedConcurrentExecution below its minimum value of [100].": "in ms",
    REFUSED % "An update is in progress for resource: x": "function_updated_v2",
    REFUSED % "Unable to validate the following destination configurations": "Give it the permission before",
    TAKEN: "It is there already",
    REFUSED % f"x {PATTERN}: $|arn:(aws.*)": "The whole ARN is wanted",
    REFUSED % f"x {PATTERN}: [a-z]+": None,
    DENIED % "ResourceNotFoundException": "Run the cells above that make it",
    DENIED % "NoSuchBucket": "Run the cells above that make it",
    DENIED % "AccessDeniedException": None,
    "1 / 0": None,
}


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[dict]]:
    """What each of the cells puts out in a kernel that starts as `labkit start` has it start."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "first_aid.py").write_text(STARTUP)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in CELLS])
    NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute(cwd=str(tmp_path))
    return [cell.outputs for cell in notebook.cells]


def test_errors_that_tell_beginners_too_little_are_followed_by_a_next_step(outputs):
    for (source, step), said in zip(CELLS.items(), outputs, strict=True):
        [error] = said
        assert error.output_type == "error", source
        shown = "\n".join(error.traceback)
        assert error.ename in shown
        assert (step in shown) if step else not re.search("Run (All|the cells)", shown), shown


def test_errors_of_the_sdk_show_the_line_of_the_cell_and_nothing_of_its_insides(outputs):
    [error] = outputs[list(CELLS).index(DICT)]
    lines = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback)).splitlines()
    assert [line for line in lines if re.search(r"-+> \d+ iam.put_role_policy", line)]
    assert not [line for line in lines if line.startswith("File ")]
