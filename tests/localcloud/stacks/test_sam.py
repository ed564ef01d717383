"""A SAM application, deployed with the real AWS CLI: it works, changes, goes back, and goes away."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from stack_world import ALL, World

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello}
  Broken: {Type: String, Default: "no"}
Conditions:
  IsBroken: !Equals [!Ref Broken, "yes"]
Globals:
  Function:
    Runtime: python3.13
    Timeout: 10
    Environment:
      Variables: {TABLE: !Ref Table, GREETING: !Ref Greeting}
Resources:
  Table:
    Type: AWS::Serverless::SimpleTable
  Orders:
    Type: AWS::SQS::Queue
  Front:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: app/
      Handler: app.front
      Environment: {Variables: {QUEUE: !Ref Orders}}
      Policies:
        - DynamoDBReadPolicy: {TableName: !Ref Table}
        - SQSSendMessagePolicy: {QueueName: !GetAtt Orders.QueueName}
      Events:
        Order: {Type: HttpApi, Properties: {Path: "/orders/{id}", Method: post}}
        Look: {Type: HttpApi, Properties: {Path: "/orders/{id}", Method: get}}
        Rest: {Type: Api, Properties: {Path: /hello, Method: get}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: app/
      Handler: app.worker
      Policies: [{DynamoDBWritePolicy: {TableName: !Ref Table}}]
      Events:
        Work: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn, BatchSize: 1}}
        Tick: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour)}}
  Wrong:
    Type: AWS::SSM::Parameter
    Condition: IsBroken
    DependsOn: Front
    Properties: {Type: Nonsense, Value: x}
Outputs:
  Http: {Value: !Ref ServerlessHttpApi}
  Rest: {Value: !Ref ServerlessRestApi}
"""
APP = """
import json, os, boto3

def front(event, context):
    if "requestContext" not in event or "http" not in event["requestContext"]:
        return {"statusCode": 200, "body": os.environ["GREETING"]}
    order = event["pathParameters"]["id"]
    if event["requestContext"]["http"]["method"] == "POST":
        boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=order)
        return {"statusCode": 202}
    found = boto3.client("dynamodb").get_item(TableName=os.environ["TABLE"], Key={"id": {"S": order}})
    return {"statusCode": 200 if "Item" in found else 404, "body": os.environ["GREETING"] + " " + order}

def worker(event, context):
    for record in event.get("Records", []):
        boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item={"id": {"S": record["body"]}})
"""


class Deployed:
    """What the CLI deploys from a folder."""

    def __init__(self, cloud: Any, stacks: World, folder: Path) -> None:
        self.cloud, self.stacks, self.folder = cloud, stacks, folder
        self.name, self.deployed_at = stacks.name(), 0
        (folder / "app").mkdir()
        (folder / "app" / "app.py").write_text(APP)
        (folder / "template.yaml").write_text(TEMPLATE)
        cloud.client("s3").create_bucket(Bucket=self.name)
        self._aws("package", "--template-file", "template.yaml", "--s3-bucket", self.name,
                  "--output-template-file", "packaged.yaml")  # fmt: skip

    def deploy(self, *overrides: str) -> str:
        """Makes a change set; executed here, as the CLI would look every 30 seconds only."""
        given = ["--parameter-overrides", *overrides] if overrides else []
        while int(time.time()) == self.deployed_at:  # the CLI names change sets by the second
            time.sleep(0.02)
        told = self._aws("deploy", "--template-file", "packaged.yaml", "--stack-name", self.name,
                         "--capabilities", "CAPABILITY_IAM", "--no-execute-changeset",
                         "--no-fail-on-empty-changeset", *given)  # fmt: skip
        self.deployed_at = int(time.time())
        for word in told.split():
            if word.startswith("arn:") and ":changeSet/" in word:
                self.stacks.client.execute_change_set(ChangeSetName=word)
                self.stacks.settle(self.name)
        return told

    def _aws(self, *words: str) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("aws")), "cloudformation", *words],
            cwd=self.folder,
            env=self.cloud.environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def http(self, method: str, path: str) -> tuple[int, str]:
        """A request to the HTTP API."""
        host = f"{self.stacks.outputs(self.name)['Http']}.execute-api.localhost"
        return self._request(method, path, host)

    def rest(self, path: str) -> tuple[int, str]:
        """A request to the REST API."""
        api = self.stacks.outputs(self.name)["Rest"]
        return self._request("GET", f"/_aws/execute-api/{api}/Prod{path}", "127.0.0.1")

    def _request(self, method: str, path: str, host: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.cloud.endpoint.removeprefix("http://"), timeout=60)
        connection.request(method, path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_a_sam_application_lives_and_leaves_nothing(cloud: Any, stacks: World, tmp_path: Path) -> None:
    """HTTP API, REST API, queue, table and schedule work together; a bad update goes back; all goes away."""
    app = Deployed(cloud, stacks, tmp_path)
    app.deploy()
    assert stacks.status(app.name) == "CREATE_COMPLETE", stacks.reasons(app.name)
    assert app.http("GET", "/orders/1")[0] == 404
    assert app.http("POST", "/orders/1")[0] == 202
    deadline = time.monotonic() + 60
    while (found := app.http("GET", "/orders/1")) != (200, "hello 1"):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    assert app.rest("/hello") == (200, "hello")
    schedule = stacks.resources(app.name)["WorkerTick"]
    assert cloud.client("scheduler").get_schedule(Name=schedule)["ScheduleExpression"] == "rate(1 hour)"

    assert "No changes to deploy" in app.deploy()
    app.deploy("Greeting=moin")
    assert stacks.status(app.name) == "UPDATE_COMPLETE", stacks.reasons(app.name)
    assert app.http("GET", "/orders/1") == (200, "moin 1")
    assert app.rest("/hello") == (200, "moin")

    bad = [{"ParameterKey": name, "ParameterValue": "yes"} for name in ("Greeting", "Broken")]
    stacks.client.update_stack(StackName=app.name, UsePreviousTemplate=True, Parameters=bad, Capabilities=ALL)
    stacks.settle(app.name)
    assert stacks.status(app.name) == "UPDATE_ROLLBACK_COMPLETE"
    assert "failed to update: [Wrong]" in stacks.reasons(app.name)
    assert app.http("GET", "/orders/1") == (200, "moin 1")

    functions = [stacks.resources(app.name)[name] for name in ("Front", "Worker")]
    stacks.delete(app.name)
    lambda_ = cloud.client("lambda")
    for function in functions:
        with pytest.raises(ClientError, match="Function not found"):
            lambda_.get_function(FunctionName=function)
    roles = cloud.client("iam").list_roles()["Roles"]
    assert not [role["RoleName"] for role in roles if role["RoleName"].startswith(app.name)]
    assert not [name for name in cloud.client("dynamodb").list_tables()["TableNames"] if app.name in name]
    assert not [api for api in cloud.client("apigatewayv2").get_apis()["Items"] if api["Name"] == app.name]
    left = lambda_.list_event_source_mappings()["EventSourceMappings"]
    assert not [each["EventSourceArn"] for each in left if app.name in each["EventSourceArn"]]


def test_sam_templates_need_what_they_need_on_aws(stacks: World) -> None:
    """AUTO_EXPAND for CreateStack; a change set tells what is wrong with the template."""
    client, name = stacks.client, stacks.name()
    with pytest.raises(ClientError, match="CAPABILITY_AUTO_EXPAND") as error:
        client.create_stack(StackName=name, TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert error.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"
    wrong = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"Handlr": "x"}}},
    }
    for text, told in (
        (wrong, "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application"),
        (TEMPLATE.replace("app/", "s3://b/k"), "CAPABILITY_IAM"),
    ):
        body = text if isinstance(text, str) else json.dumps(text)
        made = client.create_change_set(
            StackName=name, ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body
        )
        found = client.describe_change_set(ChangeSetName=made["Id"])
        assert found["Status"] == "FAILED"
        assert told in found["StatusReason"]
        client.delete_stack(StackName=name)


def test_what_lies_in_s3_is_included(cloud: Any, stacks: World) -> None:
    """AWS::Include puts a document in its place, as SAM templates do with their OpenAPI documents."""
    bucket = stacks.name()
    cloud.client("s3").create_bucket(Bucket=bucket)
    properties = b"QueueName: !Ref Name\nDelaySeconds: 3\n"
    cloud.client("s3").put_object(Bucket=bucket, Key="p.yaml", Body=properties)
    said = {"Name": "AWS::Include", "Parameters": {"Location": f"s3://{bucket}/p.yaml"}}
    template = {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"Fn::Transform": said}}},
    }
    with pytest.raises(ClientError, match="CAPABILITY_AUTO_EXPAND"):
        stacks.client.create_stack(StackName=bucket, TemplateBody=json.dumps(template))
    name = stacks.create(template, {"Name": f"{bucket}-q"})
    url = stacks.resources(name)["Q"]
    assert url.endswith(f"/{bucket}-q")
    delay = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])
    assert delay["Attributes"] == {"DelaySeconds": "3"}
