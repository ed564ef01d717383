"""X-Ray as a learner meets it: plain boto3, and the unchanged X-Ray SDK inside a handler."""

from __future__ import annotations

import datetime
import importlib.util
import json
import re
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labkit.localcloud.tracing import header
from tests.localcloud.conftest import BASIC, Function, Functions

WRITE = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
ACTIVE: dict[str, Any] = {"TracingConfig": {"Mode": "Active"}, "policies": (BASIC, WRITE)}
XRAY_LINE = re.compile(r"XRAY TraceId: (\S+)\tSegmentId: (\S+)\tSampled: true")
TELLS = "import os\ndef handler(event, context): return dict(os.environ)"
USES_SDK = """
    import os
    import boto3
    from aws_xray_sdk.core import patch, xray_recorder
    patch(['boto3'])
    sts = boto3.client('sts')

    @xray_recorder.capture('charge')
    def charge():
        xray_recorder.current_subsegment().put_annotation('order', 'o-17')
        return sts.get_caller_identity()['Account']

    def handler(event, context):
        return {'account': charge(), 'header': os.environ['_X_AMZN_TRACE_ID']}
"""


def segments(function: Function, trace_id: str) -> dict[str, Any]:
    """The trace's segments by origin."""
    traces = function.cloud.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
    documents = [json.loads(each["Document"]) for trace in traces for each in trace["Segments"]]
    return {document.get("origin", document["name"]): document for document in documents}


def traced(answer: dict[str, Any]) -> tuple[str, str]:
    """Trace id and segment id of the REPORT line."""
    found = XRAY_LINE.search(answer["LogResult"])
    assert found, answer["LogResult"]
    return found[1], found[2]


def eventually(look: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What ``look`` sees once it sees something: datagrams arrive a moment after the handler's answer."""
    end = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return seen


def names(segment: dict[str, Any]) -> list[str]:
    return [part["name"] for part in segment.get("subsegments", [])]


def packages(*wanted: str) -> dict[str, str]:
    """Installed packages as files of a deployment package, without their compiled parts."""
    files = {}
    for name in wanted:
        spec = importlib.util.find_spec(name)
        assert spec is not None and spec.origin is not None
        folder = Path(spec.origin).parent
        for file in folder.rglob("*"):
            if file.suffix in (".py", ".json") and file.is_file():
                files[f"{name}/{file.relative_to(folder)}"] = file.read_text()
    return files


def summaries(function: Function) -> list[dict[str, Any]]:
    now = datetime.datetime.now(datetime.UTC)
    pages = function.cloud.client("xray").get_paginator("get_trace_summaries")
    window = {"StartTime": now - datetime.timedelta(minutes=5), "EndTime": now}
    return [each for page in pages.paginate(**window) for each in page["TraceSummaries"]]


def test_an_active_function_has_lambdas_two_segments(make: Functions) -> None:
    """AWS::Lambda above AWS::Lambda::Function with its phases, and the id that REPORT names."""
    function = make("def handler(event, context): return 1", **ACTIVE)
    answer = function.invoke()
    trace_id, segment_id = traced(answer)
    found = segments(function, trace_id)
    service, own = found["AWS::Lambda"], found["AWS::Lambda::Function"]
    assert service["id"] == segment_id and "parent_id" not in service
    assert service["name"] == own["name"] == function.name
    assert service["aws"]["request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert service["resource_arn"].endswith(f":function:{function.name}")
    assert service["http"] == {"response": {"status": 200}}
    assert own["parent_id"] == segment_id
    assert names(own) == ["Initialization", "Invocation", "Overhead"]
    begun, invoked, over = own["subsegments"]
    assert service["start_time"] <= begun["start_time"] < begun["end_time"] <= invoked["start_time"]
    assert invoked["end_time"] <= over["start_time"] <= over["end_time"] <= service["end_time"]
    assert not any(flag in own for flag in ("error", "fault", "throttle"))


def test_a_warm_start_has_no_initialization(make: Functions) -> None:
    """The caller's own sampling decision makes the second invocation a traced one."""
    function = make("def handler(event, context): return 1", **ACTIVE)
    function.invoke()
    trace_id, _ = invoke_with_header(function, "Root=1-5f84c7a1-0123456789abcdef01234567;Sampled=1")
    assert names(segments(function, trace_id)["AWS::Lambda::Function"]) == ["Invocation", "Overhead"]


def invoke_with_header(function: Function, sent: str) -> tuple[str, str]:
    """The trace id that was asked for and what the log tail says."""
    client = function.cloud.client("lambda")

    def add(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = sent

    client.meta.events.register("before-sign.lambda.Invoke", add)
    answer = Function(function.cloud, function.name, function.role_arn, client).invoke()
    return sent.split("Root=")[1].split(";")[0], answer["LogResult"]


@pytest.mark.parametrize(
    ("mode", "sampled", "seen"),
    [("PassThrough", "1", True), ("PassThrough", "0", False), ("Active", "0", False)],
)
def test_the_callers_decision_counts_in_either_mode(
    make: Functions, mode: str, sampled: str, seen: bool
) -> None:
    """The trace goes on below the caller's segment, or is not written at all."""
    settings = {**ACTIVE, "TracingConfig": {"Mode": mode}}
    function = make("def handler(event, context): return 1", **settings)
    root = f"1-{int(time.time()):08x}-{time.time_ns():024x}"
    parent = "53995c3f42cd8ad8"
    trace_id, log = invoke_with_header(function, f"Root={root};Parent={parent};Sampled={sampled}")
    found = segments(function, trace_id)
    assert bool(found) == seen and ("XRAY TraceId" in log) == seen
    if seen:
        assert found["AWS::Lambda"]["parent_id"] == parent


def test_without_a_header_passthrough_traces_nothing(make: Functions) -> None:
    assert "XRAY" not in make("def handler(event, context): return 1").invoke()["LogResult"]


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("def handler(event, context): raise ValueError('no such photo')", "ValueError", "no such photo"),
        ("import os\ndef handler(event, context): os._exit(3)", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_a_failure_is_flagged_with_its_cause(make: Functions, source: str, kind: str, message: str) -> None:
    """On the function's segment and its Invocation; the summary says HasFault; the service's own is clean."""
    function = make(source, **ACTIVE)
    trace_id, _ = traced(function.invoke())
    found = segments(function, trace_id)
    own = found["AWS::Lambda::Function"]
    invoked = next(part for part in own["subsegments"] if part["name"] == "Invocation")
    for flagged in (own, invoked):
        assert flagged["fault"] is True
        (exception,) = flagged["cause"]["exceptions"]
        assert exception["type"] == kind and message in exception["message"]
    assert "fault" not in found["AWS::Lambda"]
    summary = next(each for each in summaries(function) if each["Id"] == trace_id)
    assert (summary["HasFault"], summary["HasError"], summary["HasThrottle"]) == (True, False, False)


def test_a_throttled_request_leaves_the_services_segment_alone(make: Functions) -> None:
    function = make("def handler(event, context): return 1", **ACTIVE)
    function.lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="Rate Exceeded"):
        function.invoke()
    mine = [each for each in summaries(function) if each["EntryPoint"]["Name"] == function.name]
    assert [(each["HasThrottle"], each["Http"]["HttpStatus"]) for each in mine] == [(True, 429)]
    assert set(segments(function, mine[0]["Id"])) == {"AWS::Lambda"}


def test_the_summary_tells_when_how_long_and_whom(make: Functions) -> None:
    """Duration and response time in seconds, services, entry point."""
    function = make("import time\ndef handler(event, context): time.sleep(0.2)", **ACTIVE)
    trace_id, _ = traced(function.invoke())
    summary = next(each for each in summaries(function) if each["Id"] == trace_id)
    assert 0.2 <= summary["ResponseTime"] < 5 and summary["Duration"] >= summary["ResponseTime"]
    assert [service["Type"] for service in summary["ServiceIds"]] == ["AWS::Lambda", "AWS::Lambda::Function"]
    assert summary["EntryPoint"]["Type"] == "AWS::Lambda" and not summary["IsPartial"]


def test_the_xray_sdk_works_unchanged_in_a_handler(make: Functions) -> None:
    """capture, annotations and patched boto3: below Invocation, and found in the summary."""
    function = make({**packages("aws_xray_sdk", "wrapt"), "app.py": USES_SDK}, **ACTIVE)
    answer = function.invoke()
    assert answer["Payload"].get("account") == function.cloud.account_id, answer
    trace_id, _ = traced(answer)

    def invocation() -> Any:
        own = segments(function, trace_id)["AWS::Lambda::Function"]
        found = next(part for part in own["subsegments"] if part["name"] == "Invocation")
        return found if "subsegments" in found else None

    invoked = eventually(invocation)
    assert f"Parent={invoked['id']};Sampled=1" in answer["Payload"]["header"]
    (charge,) = invoked["subsegments"]
    assert charge["name"] == "charge" and charge["annotations"] == {"order": "o-17"}
    (call,) = charge["subsegments"]
    assert call["name"].lower() == "sts" and call["aws"]["operation"] == "GetCallerIdentity"
    summary = next(each for each in summaries(function) if each["Id"] == trace_id)
    assert summary["Annotations"]["order"][0]["AnnotationValue"] == {"StringValue": "o-17"}
    assert not [line for line in function.log() if "Failed to send" in line]


def test_a_role_without_xray_cannot_be_traced(make: Functions) -> None:
    """Active is refused; where the caller's trace goes on, only the service's segment is there."""
    function = make("def handler(event, context): return 1")
    with pytest.raises(ClientError, match="does not have permissions to call PutTraceSegments on XRAY"):
        function.update(TracingConfig={"Mode": "Active"})
    trace_id, _ = invoke_with_header(function, "Root=1-5f84c7a1-0123456789abcdef0123cdef;Sampled=1")
    assert set(segments(function, trace_id)) == {"AWS::Lambda"}


def test_functions_are_told_the_daemons_address_which_answers_for_sampling(make: Functions) -> None:
    """Both forms of it; X-Ray's default rule and its targets over HTTP."""
    variables = make(TELLS).invoke()["Payload"]
    address = variables["AWS_XRAY_DAEMON_ADDRESS"]
    host, port = variables["_AWS_XRAY_DAEMON_ADDRESS"], variables["_AWS_XRAY_DAEMON_PORT"]
    assert address == f"{host}:{port}" and host == "127.0.0.1"

    def post(operation: str, body: Any) -> Any:
        request = urllib.request.Request(f"http://{address}/{operation}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    (record,) = post("GetSamplingRules", {})["SamplingRuleRecords"]
    assert record["SamplingRule"]["RuleName"] == "Default" and record["SamplingRule"]["FixedRate"] == 0.05
    asked = {"SamplingStatisticsDocuments": [{"RuleName": "Default", "ClientID": "c" * 24}]}
    (target,) = post("SamplingTargets", asked)["SamplingTargetDocuments"]
    assert target["FixedRate"] == 0.05 and target["ReservoirQuota"] == 1


def test_sampling_rules_are_there_through_boto3_and_filters_are_refused(make: Functions) -> None:
    xray = make.cloud.client("xray")
    (record,) = xray.get_sampling_rules()["SamplingRuleRecords"]
    assert record["SamplingRule"]["RuleName"] == "Default"
    with pytest.raises(ClientError, match="no filter expressions"):
        xray.get_trace_summaries(StartTime=0, EndTime=1, FilterExpression="fault")


def test_an_asynchronous_invocation_goes_on_in_the_trace_that_accepted_it(make: Functions) -> None:
    """The trace id of the 202 answer is the one whose segments appear once the event was handled."""
    function = make("def handler(event, context): return 1", **ACTIVE)
    answer = function.invoke(InvocationType="Event")
    trace_id = header.parse(answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"]).root
    found = eventually(lambda: segments(function, trace_id))
    assert set(found) == {"AWS::Lambda", "AWS::Lambda::Function"}
