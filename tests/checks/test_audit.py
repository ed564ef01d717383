"""The audit: each pitfall is seen where it is and only there; what cannot be read is never taken for well."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

import labkit
from labkit.checks.audit import PITFALLS, Hidden, Source, Subject, judge
from labkit.cli import labkit as command
from labkit.errors import LabError
from labkit.reports import Report
from labkit.session import Lab
from tests.conftest import RunningCloud

CODE = b"""
import boto3
table = boto3.resource("dynamodb").Table("photos")
def handler(event, context):
    return table.get_item(Key=event)
"""
CLIENT_IN_HANDLER = b"""
import boto3
def handler(event, context):
    return boto3.client("s3").get_object(**event)
"""
CLIENT_ON_DEMAND = b"""
import boto3
kept = None
def handler(event, context):
    global kept
    if kept is None:
        kept = boto3.client("s3")
    import json
    return json.dumps(event)
"""
SWALLOWS = b"""
def handler(event, context):
    try:
        return 1 / event["n"]
    except Exception as error:
        print(error)
        return {"statusCode": 500}
"""
RERAISES = SWALLOWS.replace(b'return {"statusCode": 500}', b"raise")
CATCHES_ONE = SWALLOWS.replace(b"except Exception", b"except KeyError")
TELLS_ITEMS = SWALLOWS.replace(b'{"statusCode": 500}', b'{"batchItemFailures": [{"itemIdentifier": "1"}]}')
WAITS = b"""
import boto3
client = boto3.client("lambda")
def handler(event, context):
    return client.invoke(FunctionName="next", Payload=b"{}")["StatusCode"]
"""
UNPACKED = WAITS.replace(b'FunctionName="next", Payload=b"{}"', b'**{"FunctionName": "next"}')
SENDS = WAITS.replace(b"Payload=", b'InvocationType="Event", Payload=')
NODE_WAITS = b'await lambda.send(new InvokeCommand({ FunctionName: "next" }));'
NODE_SENDS = b'await lambda.send(new InvokeCommand({ FunctionName: "next", InvocationType: "Event" }));'


def report(
    billed_ms: int = 100, memory_mb: int = 128, used_mb: int = 60, init_ms: float | None = None
) -> Report:
    return Report("id", float(billed_ms), billed_ms, memory_mb, used_mb, init_ms)


def reports(count: int = 20, **more: Any) -> tuple[Report, ...]:
    return tuple(report(**more) for _ in range(count))


def configured(**settings: Any) -> dict[str, Any]:
    variables = settings.pop("variables", {})
    base = {"Handler": "app.handler", "MemorySize": 128, "Timeout": 10, "Role": "arn:aws:iam::1:role/r"}
    return {**base, "Environment": {"Variables": variables}, **settings}


WELL = Subject(
    "photos", "us-east-1", configured(), files={"app.py": CODE}, reports=reports(), alarms=("photos-errors",)
)


SLOW = replace(WELL, reports=reports(init_ms=1_800.0))
WEB = frozenset({"apigateway.amazonaws.com"})


def code(content: bytes, path: str = "app.py") -> Subject:
    return replace(WELL, files={path: content})


def variables(**values: str) -> Subject:
    return replace(WELL, configuration=configured(variables=values))


def queue(attributes: dict[str, str] | None = None, **settings: Any) -> Subject:
    good = {"RedrivePolicy": "{}", "VisibilityTimeout": "60"}
    mapping = {
        "EventSourceArn": "arn:aws:sqs:us-east-1:1:orders",
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    return replace(
        WELL, sources=(Source({**mapping, **settings}, good if attributes is None else attributes),)
    )


def stream(**settings: Any) -> Subject:
    mapping = {
        "EventSourceArn": "arn:aws:dynamodb:us-east-1:1:table/photos/stream/2026-01-01T00:00:00.000",
        "MaximumRetryAttempts": 2,
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:1:dead"}},
    }
    return replace(WELL, sources=(Source({**mapping, **settings}),))


def in_vpc(**more: Any) -> Subject:
    network = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    return replace(WELL, configuration=configured(VpcConfig=network, **more))


def memory(size: int, *measured: Report) -> Subject:
    return replace(WELL, configuration=configured(MemorySize=size), reports=measured)


SECRET_VERSION = {"Version": "3", "Environment": {"Variables": {"DB_PASSWORD": "hunter2"}}}
# (pitfall, a function, what the finding says; None where all is well)
TABLE = [
    ("cold-starts", code(CLIENT_IN_HANDLER), r"boto3\.client\(…\) \(app\.py, line 4\)"),
    ("cold-starts", code(CLIENT_ON_DEMAND), None),
    ("cold-starts", replace(SLOW, callers=WEB), "init takes 1,800 ms"),
    ("cold-starts", replace(SLOW, callers=WEB, provisioned=2), None),
    ("cold-starts", SLOW, None),
    ("cold-starts", replace(WELL, reports=reports(init_ms=150.0)), None),
    ("secrets", variables(DB_PASSWORD="hunter2"), "variable DB_PASSWORD looks like a secret"),
    ("secrets", variables(ENDPOINT="postgres://me:hunter2@db/photos"), "a password in an address"),
    ("secrets", variables(KEY="AKIAIOSFODNN7EXAMPLE"), "an AWS access key"),
    ("secrets", replace(WELL, versions=(SECRET_VERSION,)), "version 3 keeps DB_PASSWORD"),
    ("secrets", code(b"KEY = 'AKIAIOSFODNN7EXAMPLE'"), "app.py in its package"),
    ("secrets", variables(TABLE_NAME="photos", SECRET_NAME="x", TOKEN_PARAMETER="/app/token"), None),
    ("secrets", variables(API_KEY="arn:aws:secretsmanager:us-east-1:1:secret:key"), None),
    ("memory", memory(1024, *reports(memory_mb=1024)), "at most 60 of 1,024 MB"),
    ("memory", memory(128, *reports(used_mb=127)), "used 127 of 128 MB"),
    ("memory", memory(128, *reports(used_mb=50)), None),
    ("memory", memory(512, *reports(memory_mb=512, used_mb=300)), None),
    ("memory", memory(512, *reports(memory_mb=512), *reports(billed_ms=110)), "110 ms at 128 MB"),
    ("memory", memory(512, *reports(memory_mb=512), *reports(billed_ms=420)), None),
    ("errors", replace(WELL, callers=frozenset({"s3.amazonaws.com"})), "s3.amazonaws.com sends it events"),
    ("errors", replace(WELL, asynchronous=True), "neither an on-failure destination"),
    ("errors", replace(WELL, asynchronous=True, on_failure=("arn:aws:sqs:us-east-1:1:dead",)), None),
    ("errors", replace(WELL, callers=frozenset({"apigateway.amazonaws.com"})), None),
    ("errors", code(SWALLOWS), r"except Exception \(app\.py, line 5\)"),
    ("errors", code(RERAISES), None),
    ("errors", code(CATCHES_ONE), None),
    ("errors", code(TELLS_ITEMS), None),
    ("errors", replace(WELL, alarms=()), "no alarm"),
    ("errors", queue({"MessageRetentionPeriod": "345600"}), "the queue orders has no dead-letter queue"),
    ("errors", queue(FunctionResponseTypes=[]), "sends its whole batch of up to 10 back"),
    ("errors", queue({"RedrivePolicy": "{}", "VisibilityTimeout": "30"}), "hides a message for 30 s"),
    ("errors", queue(), None),
    ("errors", stream(MaximumRetryAttempts=-1), "tried again until it expires"),
    ("errors", stream(DestinationConfig={}), "given up of photos goes nowhere"),
    ("errors", stream(), None),
    ("vpc", in_vpc(), "in 2 subnets of a VPC"),
    ("vpc", in_vpc(variables={"DB_HOST": "photos.abc.us-east-1.rds.amazonaws.com"}), None),
    ("vpc", in_vpc(variables={"CACHE": "10.0.3.7"}), None),
    ("vpc", in_vpc(variables={"DNS": "8.8.8.8"}), "in 2 subnets"),
    ("vpc", replace(in_vpc(), files={"app.py": CODE, "psycopg2/__init__.py": b""}), None),
    ("chains", code(WAITS), r"client\.invoke\(…\) \(app\.py, line 5\)"),
    ("chains", code(UNPACKED), r"client\.invoke\(…\) \(app\.py, line 5\)"),
    ("chains", code(SENDS), None),
    ("chains", code(NODE_WAITS, "index.mjs"), r"InvokeCommand \(index\.mjs, line 1\)"),
    ("chains", code(NODE_SENDS, "index.mjs"), None),
]


@pytest.mark.parametrize(("pitfall", "subject", "says"), TABLE)
def test_each_pitfall_is_seen_where_it_is_and_only_there(pitfall: str, subject: Subject, says: str | None):
    """With a price or a risk, and what to do; nothing else is found along with it."""
    found = judge(subject)
    verdict = next(one for one in found.verdicts if one.pitfall.key == pitfall)
    if says is None:
        assert verdict.findings == ()
        return
    assert found.pitfalls == (pitfall,)
    (finding,) = verdict.findings
    assert re.search(says, finding.seen), finding.seen
    assert finding.risk and finding.step


def test_a_function_without_pitfalls_is_clear():
    """And the text says for each what was looked at."""
    found = judge(WELL)
    assert not found.findings
    assert [one.state for one in found.verdicts] == ["clear"] * len(PITFALLS)
    assert "20 invocations" in found.text


def test_a_secret_is_never_repeated():
    """Neither in the text nor in the JSON."""
    found = judge(variables(DB_PASSWORD="hunter2", DSN="mysql://me:hunter2@db/x"))
    assert len(found.findings) == 2
    assert "hunter2" not in found.text + json.dumps(found.to_json()) + found._repr_html_()


def test_what_is_not_known_is_not_well():
    """No log, no code, nothing invoked: question marks, not ticks."""
    unread = Hidden("log", "logs:FilterLogEvents", "AccessDenied")
    states = {one.pitfall.key: one.state for one in judge(replace(WELL, hidden=(unread,))).verdicts}
    assert states["memory"] == states["cold-starts"] == "unknown" and states["secrets"] == "clear"
    image = replace(WELL, files=None, reports=(), may_invoke=("*",))
    states = {one.pitfall.key: one.state for one in judge(image).verdicts}
    assert states["memory"] == states["cold-starts"] == states["chains"] == states["errors"] == "unknown"


def test_an_unknown_price_is_said():
    """In a Region whose prices are not known the finding stays."""
    found = judge(replace(memory(1024, *reports(memory_mb=1024)), region="eu-south-9"))
    assert "not known for this Region" in found.findings[0].risk


@pytest.fixture(scope="module")
def lab(cloud: RunningCloud) -> Iterator[Lab]:
    opened = labkit.open("06-capstone", workspace=cloud.workspace, prefix="audited")
    yield opened
    opened.teardown()


@pytest.fixture(scope="module")
def function(lab: Lab) -> str:
    """A function with five of the six pitfalls; a VPC cannot be had here."""
    source = CLIENT_IN_HANDLER.decode().replace("s3", "sts").replace("get_object", "get_caller_identity")
    source = source.replace("(**event)", "()['Account']") + SWALLOWS.decode().replace("handler", "other")
    source += WAITS.decode().replace("handler", "chained")
    variables = {"DB_PASSWORD": "hunter2"}
    made = labkit.deploy.function(
        lab, "careless", source, memory_mb=512, timeout_s=10, environment=variables
    )["FunctionName"]
    lambda_, queue = lab.client("lambda"), lab.client("sqs").create_queue(QueueName=lab.name("orders"))
    role = lambda_.get_function_configuration(FunctionName=made)["Role"]
    may = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    lab.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyName="queue",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}),
    )
    attributes = lab.client("sqs").get_queue_attributes(
        QueueUrl=queue["QueueUrl"], AttributeNames=["QueueArn"]
    )
    arn = attributes["Attributes"]["QueueArn"]
    lab.eventually(lambda_.create_event_source_mapping, FunctionName=made, EventSourceArn=arn)
    for _ in range(3):
        lambda_.invoke(FunctionName=made)
    return str(made)


def test_any_function_is_read_through_boto3(lab: Lab, function: str):
    """Code, variables, log, sources and their queues, alarms: as the cloud has them."""
    found = lab.audit("careless")
    assert found.function == function and not found.hidden
    assert found.pitfalls == ("cold-starts", "secrets", "memory", "errors", "chains")
    assert "the queue audited-orders has no dead-letter queue" in found.text
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName=lab.name("errors"),
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    assert "no alarm" not in lab.audit("careless").text
    with pytest.raises(LabError, match="no-such"):
        lab.audit("no-such")


def test_missing_permissions_are_told(lab: Lab, function: str, cloud: RunningCloud, monkeypatch):
    """A user who may read little gets what can be seen, the rest by name; on the command line, as JSON."""
    iam = lab.client("iam")
    user = iam.create_user(UserName=lab.name("reader"))["User"]["UserName"]
    try:
        key = iam.create_access_key(UserName=user)["AccessKey"]
        may = {"Effect": "Allow", "Action": ["lambda:GetFunctionConfiguration"], "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
        iam.put_user_policy(UserName=user, PolicyName="little", PolicyDocument=document)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        monkeypatch.setenv("AWS_ENDPOINT_URL", str(lab.endpoint_url))
        boto3.DEFAULT_SESSION = None
        done = CliRunner().invoke(command, ["audit", function, "--json", "--region", "us-east-1"])
    finally:
        for one in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=user, AccessKeyId=one["AccessKeyId"])
        iam.delete_user_policy(UserName=user, PolicyName="little")
        iam.delete_user(UserName=user)
    assert done.exit_code == 1, done.output
    (found,) = json.loads(done.output)
    hidden = {one["reading"]: one["permission"] for one in found["hidden"]}
    assert hidden["code"] == "lambda:GetFunction" and hidden["log"] == "logs:FilterLogEvents"
    states = {one["pitfall"]: one["state"] for one in found["pitfalls"]}
    assert states["secrets"] == "found" and states["memory"] == states["chains"] == "unknown"
