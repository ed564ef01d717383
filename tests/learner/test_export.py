"""labkit export sam: what a lab built, deployed again from its template, works."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import labkit
from labkit import library
from labkit.errors import LabError
from labkit.export import Export, sam
from labkit.session import Lab
from tests.conftest import RunningCloud

COPY = "copied"


@pytest.fixture(scope="module")
def lab(cloud: RunningCloud) -> Iterator[Lab]:
    """The photo library, with an alarm."""
    opened = labkit.open("06-capstone", workspace=cloud.workspace, prefix="exported")
    opened.begin()
    opened.client("cloudwatch").put_metric_alarm(
        AlarmName=opened.name("errors"),
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": opened.name("get-photo")}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    yield opened
    opened.teardown()


@pytest.fixture(scope="module")
def written(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Export:
    return sam(lab, tmp_path_factory.mktemp("export"))


def test_the_template_tells_what_was_built(written: Export) -> None:
    """Every kind of resource, the code beside it; what cannot be told is named."""
    document = yaml.safe_load(written.template.read_text())
    kinds = {one["Type"] for one in document["Resources"].values()}
    assert {"AWS::Serverless::Function", "AWS::S3::Bucket", "AWS::Scheduler::Schedule"} <= kinds
    assert {"AWS::Lambda::EventSourceMapping", "AWS::CloudWatch::Alarm", "AWS::ApiGatewayV2::Api"} <= kinds
    assert (written.template.parent / "src/thumbnail/png.py").exists()
    assert "exported" not in json.dumps(document["Resources"]), "names begin with the parameter"
    assert any("SecureString" in one for one in written.left_out)


def test_cfn_lint_accepts_it(written: Export) -> None:
    """Errors and warnings alike."""
    script = "from cfnlint.runner.cli import main; main()"
    command = [sys.executable, "-c", script, str(written.template), "--regions", "us-east-1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout


def test_a_stack_made_of_it_works(lab: Lab, written: Export) -> None:
    """Beside the first, with another prefix: the API answers, uploads get thumbnails, orders are done."""
    stacks = lab.client("cloudformation")
    stacks.create_stack(
        StackName=COPY,
        TemplateBody=packaged(lab, written),
        Parameters=[{"ParameterKey": "Prefix", "ParameterValue": COPY}],
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    lab.wait("cloudformation", "stack_create_complete", StackName=COPY)
    photo = {"photo_id": {"S": "pier"}, "title": {"S": "Pier"}}
    lab.client("dynamodb").put_item(TableName=f"{COPY}-photos", Item=photo)
    apis = lab.client("apigatewayv2").get_apis()["Items"]
    endpoint = next(one["ApiEndpoint"] for one in apis if one["Name"] == f"{COPY}-photos-api")
    with urllib.request.urlopen(f"{endpoint}/photos/pier") as answer:
        assert json.load(answer)["title"] == "Pier"
    s3, bucket = lab.client("s3"), f"{COPY}-uploads"
    s3.put_object(Bucket=bucket, Key="originals/pier.png", Body=library.picture())
    lab.wait("s3", "object_exists", Bucket=bucket, Key="thumbnails/pier.png")
    order = json.dumps({"order_id": "1", "photo_id": "pier", "copies": 1})
    queue = lab.client("sqs").get_queue_url(QueueName=f"{COPY}-orders")["QueueUrl"]
    lab.client("sqs").send_message(QueueUrl=queue, MessageBody=order)
    key = {"order_id": {"S": "1"}}
    lab.until(lambda: lab.client("dynamodb").get_item(TableName=f"{COPY}-orders", Key=key).get("Item"))
    for key in ("originals/pier.png", "thumbnails/pier.png"):
        s3.delete_object(Bucket=bucket, Key=str(key))


def packaged(lab: Lab, written: Export) -> str:
    """What `aws cloudformation package` does: the code into a bucket, its place into the template."""
    document: Any = yaml.safe_load(written.template.read_text())
    bucket, s3 = lab.name("artifacts"), lab.client("s3")
    s3.create_bucket(Bucket=bucket)
    for logical, one in document["Resources"].items():
        if one["Type"] == "AWS::Serverless::Function":
            data = zipped(written.template.parent / one["Properties"]["CodeUri"])
            s3.put_object(Bucket=bucket, Key=logical, Body=data)
            one["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": logical}
    return json.dumps(document)


def zipped(folder: Path) -> bytes:
    """A folder as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def test_a_folder_with_something_else_is_left_alone(lab: Lab, tmp_path: Path) -> None:
    """An export replaces only what an export has written."""
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(LabError, match="holds something else"):
        sam(lab, tmp_path)
    assert (tmp_path / "diary.txt").exists()


def test_a_lab_without_anything_says_so(cloud: RunningCloud, tmp_path: Path) -> None:
    """There is no empty template."""
    empty = labkit.open("00-start-here", workspace=cloud.workspace, prefix="nothing")
    with pytest.raises(LabError, match="nothing that could be exported"):
        sam(empty, tmp_path)
