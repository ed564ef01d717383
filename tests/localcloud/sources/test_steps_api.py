"""The API of Step Functions: names, ends, histories, express workflows, refusals and logs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from steps_world import Steps, advance

DONE = {"Done": {"Type": "Succeed"}}
WAIT = {"Wait": {"Type": "Wait", "Seconds": 86400, "End": True}}


@pytest.fixture(scope="module")
def steps(cloud: Any) -> Steps:
    return Steps(cloud)


def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def test_an_execution_without_a_name_gets_a_uuid(steps: Steps) -> None:
    """Another one each time."""
    machine = steps(DONE)
    names = {machine.start().rpartition(":")[2] for _ in range(2)}
    assert len(names) == 2
    assert all(str(uuid.UUID(name)) == name for name in names)


def test_a_name_starts_one_execution(steps: Steps) -> None:
    """The same input finds the execution that runs; another one, or after its end, is refused."""
    machine = steps(WAIT)
    first = machine.start({"a": 1}, name="order-1")
    assert machine.start({"a": 1}, name="order-1") == first
    assert refusal(lambda: machine.start({"a": 2}, name="order-1"))[0] == "ExecutionAlreadyExists"
    steps.client.stop_execution(executionArn=first)
    assert refusal(lambda: machine.start({"a": 1}, name="order-1"))[0] == "ExecutionAlreadyExists"


def test_bad_starts_are_refused(steps: Steps) -> None:
    """Before anything is made."""
    machine = steps(DONE)
    start = steps.client.start_execution
    assert refusal(lambda: start(stateMachineArn=machine.arn, input="{"))[0] == "InvalidExecutionInput"
    assert refusal(lambda: start(stateMachineArn=machine.arn, name="a b"))[0] == "InvalidName"
    assert refusal(lambda: start(stateMachineArn=machine.arn + "x"))[0] == "StateMachineDoesNotExist"
    assert refusal(lambda: start(stateMachineArn="nonsense"))[0] == "InvalidArn"
    large = json.dumps("x" * 262144)
    assert refusal(lambda: start(stateMachineArn=machine.arn, input=large))[0] == "ValidationException"
    assert steps.client.list_executions(stateMachineArn=machine.arn)["executions"] == []


def test_stopping_ends_at_once_whatever_it_waits_for(cloud: Any, steps: Steps) -> None:
    """A Wait, a pause before a retry, a task token: ABORTED with error and cause, and nothing comes later."""
    queue = cloud.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    token = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
        "End": True,
    }
    again = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3600}
    retry = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": f"{queue}-none", "MessageBody": "x"},
        "Retry": [again],
        "End": True,
    }
    for state, reached in (
        (WAIT["Wait"], "WaitStateEntered"),
        (token, "TaskSubmitted"),
        (retry, "TaskFailed"),
    ):
        execution = steps({"S": state}, "sqs:SendMessage").start()
        steps.until(execution, reached)
        steps.client.stop_execution(executionArn=execution, error="Enough", cause="changed my mind")
        told = steps.client.describe_execution(executionArn=execution)
        assert (told["status"], told["error"], told["cause"]) == ("ABORTED", "Enough", "changed my mind")
        advance(cloud, 2 * 86400)
        assert steps.events(execution)[-1] == "ExecutionAborted"


def test_the_history_comes_in_pages_in_both_orders_and_without_data(steps: Steps) -> None:
    """Every event has its number and its predecessor."""
    machine = steps({"One": {"Type": "Pass", "Next": "Two"}, "Two": {"Type": "Pass", "End": True}})
    execution = machine.run({"secret": 1})["executionArn"]
    history = steps.client.get_execution_history
    first = history(executionArn=execution, maxResults=4)
    rest = history(executionArn=execution, maxResults=4, nextToken=first["nextToken"])
    events = first["events"] + rest["events"]
    assert [event["id"] for event in events] == [1, 2, 3, 4, 5, 6]
    assert "nextToken" not in rest
    assert events[1]["stateEnteredEventDetails"]["name"] == "One"
    newest = history(executionArn=execution, reverseOrder=True, maxResults=1)["events"][0]
    assert newest["type"] == "ExecutionSucceeded"
    assert newest["executionSucceededEventDetails"]["output"] == '{"secret":1}'
    assert "secret" not in str(history(executionArn=execution, includeExecutionData=False))


SYNC = Config(inject_host_prefix=False)


def test_an_express_workflow_answers_at_once(cloud: Any, steps: Steps) -> None:
    """StartSyncExecution: output or error, and what it would be billed."""
    client = cloud.client("stepfunctions", config=SYNC)
    machine = steps({"Make": {"Type": "Pass", "Result": {"made": 1}, "End": True}}, type="EXPRESS")
    told = client.start_sync_execution(stateMachineArn=machine.arn, input="{}", name="mine")
    assert (told["status"], json.loads(told["output"]), told["name"]) == ("SUCCEEDED", {"made": 1}, "mine")
    assert told["executionArn"].split(":")[5] == "express"
    assert told["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}
    failing = steps({"No": {"Type": "Fail", "Error": "E", "Cause": "c"}}, type="EXPRESS")
    told = client.start_sync_execution(stateMachineArn=failing.arn)
    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "E", "c")
    standard = steps(DONE)
    call = lambda: client.start_sync_execution(stateMachineArn=standard.arn)  # noqa: E731
    assert refusal(call)[0] == "StateMachineTypeNotSupported"


def test_plain_boto3_reaches_the_synchronous_start(cloud: Any, steps: Steps) -> None:
    """With the variables of `labkit cloud env` the SDK puts no "sync-" before the host."""
    machine = steps(DONE, type="EXPRESS")
    call = (
        "import boto3; client = boto3.client('stepfunctions')\n"
        f"print(client.start_sync_execution(stateMachineArn={machine.arn!r})['status'])"
    )
    said = subprocess.run(
        [sys.executable, "-c", call], env=cloud.environment(), capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "SUCCEEDED"


def test_an_express_workflow_has_five_minutes_and_no_history(cloud: Any, steps: Steps) -> None:
    """It can be started and forgotten; what became of it is in its log and its metrics."""
    log = logged(cloud)
    machine = steps(WAIT, "logs:CreateLogDelivery", type="EXPRESS", loggingConfiguration=log)
    execution = machine.start()
    assert refusal(lambda: steps.client.describe_execution(executionArn=execution))[0] == "InvalidArn"
    assert refusal(lambda: steps.client.list_executions(stateMachineArn=machine.arn))[0] == (
        "StateMachineTypeNotSupported"
    )
    lines(cloud, log, "WaitStateEntered")
    advance(cloud, 301)
    assert lines(cloud, log, "ExecutionTimedOut")[-1]["type"] == "ExecutionTimedOut"


def logged(cloud: Any, level: str = "ALL", data: bool = True) -> dict[str, Any]:
    """A logging configuration, with a log group of its own."""
    name = f"/aws/vendedlogs/states/{uuid.uuid4().hex[:8]}"
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName=name)
    [group] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    destination = {"cloudWatchLogsLogGroup": {"logGroupArn": group["arn"]}}
    return {"level": level, "includeExecutionData": data, "destinations": [destination]}


def lines(cloud: Any, log: dict[str, Any], until: str) -> list[dict[str, Any]]:
    """What was logged, when an event of this type is there."""
    name = log["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"].split(":")[6]
    deadline = time.monotonic() + 60
    while True:
        events = cloud.client("logs").filter_log_events(logGroupName=name)["events"]
        found = [json.loads(event["message"]) for event in events]
        if any(line["type"] == until for line in found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_executions_are_logged_as_configured(cloud: Any, steps: Steps) -> None:
    """Every event with its data, or errors only, without."""
    states = {"Go": {"Type": "Pass", "Next": "No"}, "No": {"Type": "Fail", "Error": "E"}}
    everything, errors = logged(cloud), logged(cloud, "ERROR", False)
    for log in (everything, errors):
        steps(states, "logs:CreateLogDelivery", loggingConfiguration=log).run({"order": 1})
    found = lines(cloud, everything, "ExecutionFailed")
    assert [line["type"] for line in found][:2] == ["ExecutionStarted", "PassStateEntered"]
    assert found[0]["details"]["input"] == '{"order": 1}'
    assert found[0].keys() == {
        "id",
        "previous_event_id",
        "event_timestamp",
        "type",
        "execution_arn",
        "details",
    }
    kinds = [line["type"] for line in lines(cloud, errors, "ExecutionFailed")]
    assert kinds == ["FailStateEntered", "ExecutionFailed"]


def test_settings_that_cannot_work_are_refused(cloud: Any, steps: Steps) -> None:
    """Never kept without effect."""
    log = logged(cloud)
    missing = {
        **log,
        "destinations": [
            {
                "cloudWatchLogsLogGroup": {
                    "logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:none:*"
                }
            }
        ],
    }
    cases = {
        "AccessDeniedException": {"loggingConfiguration": log},
        "InvalidLoggingConfiguration": {"loggingConfiguration": missing},
    }
    for code, options in cases.items():
        role_arn = steps.role() if code == "AccessDeniedException" else steps.role("logs:CreateLogDelivery")
        assert (
            refusal(lambda role_arn=role_arn, options=options: steps(DONE, roleArn=role_arn, **options))[0]
            == code
        )


def task(resource: str, **more: Any) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": resource, "End": True, **more}}}


BAD = {
    "no JSON": ("{", "INVALID_JSON_DESCRIPTION"),
    "no states": ({"StartAt": "A"}, "'States' is missing"),
    "unknown start": ({"StartAt": "B", "States": {"A": {"Type": "Succeed"}}}, "Missing 'StartAt' target: B"),
    "unknown next": (
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
        "Missing 'Next' target: B",
    ),
    "unknown type": ({"StartAt": "A", "States": {"A": {"Type": "Jump", "End": True}}}, "'Jump'"),
    "no end": ({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, "either 'Next' or 'End'"),
    "not reachable": (
        {"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}},
        '"B" is not reachable',
    ),
    "two waits": (
        {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s", "End": True}}},
        "exactly one of",
    ),
    "unknown field": (
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Nonsense": 1, "End": True}}},
        "Nonsense",
    ),
    "no ARN": (task("nonsense"), "not a valid resource ARN"),
    "unknown parameter": (
        task(
            "arn:aws:states:::sqs:sendMessage",
            Parameters={"QueueUrl": "q", "MessageBody": "x", "Colour": "red"},
        ),
        'The field "Colour" is not supported',
    ),
    "another service": (task("arn:aws:states:::ecs:runTask.sync"), "no integration with 'ecs'"),
    "an activity": (task("arn:aws:states:us-east-1:123456789012:activity:a"), "no activities"),
    "credentials": (task("arn:aws:states:::lambda:invoke", Credentials={"RoleArn": "r"}), "no Credentials"),
}


@pytest.mark.parametrize(("definition", "said"), BAD.values(), ids=BAD)
def test_bad_definitions_are_refused_with_the_place(definition: Any, said: str, steps: Steps) -> None:
    """By CreateStateMachine, and told by ValidateStateMachineDefinition."""
    text = definition if isinstance(definition, str) else json.dumps(definition)
    make = lambda: steps.client.create_state_machine(name="bad", definition=text, roleArn=steps.role())  # noqa: E731
    code, message = refusal(make)
    assert code == "InvalidDefinition"
    assert said in message
    told = steps.client.validate_state_machine_definition(definition=text)
    assert told["result"] == "FAIL"
    assert said in told["diagnostics"][0]["message"] or said in told["diagnostics"][0]["code"]


def test_an_express_workflow_waits_for_nothing(steps: Steps) -> None:
    """Neither for a token nor for another execution."""
    for condition in ("waitForTaskToken", "sync:2"):
        with pytest.raises(ClientError, match="Express state machine does not support"):
            parameters = {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:x"}
            resource = f"arn:aws:states:::states:startExecution.{condition}"
            steps(task(resource, Parameters=parameters)["States"], type="EXPRESS")


def test_making_it_again_changes_nothing_and_another_one_is_refused(steps: Steps) -> None:
    """CreateStateMachine is idempotent; what is different is not silently dropped."""
    definition = json.dumps({"StartAt": "Done", "States": DONE})
    options = {"name": f"m-{uuid.uuid4().hex[:8]}", "roleArn": steps.role()}
    arns = {
        steps.client.create_state_machine(**options, definition=definition)["stateMachineArn"] for _ in "ab"
    }
    assert len(arns) == 1
    other = json.dumps({"StartAt": "Wait", "States": WAIT})
    assert refusal(lambda: steps.client.create_state_machine(**options, definition=other))[0] == (
        "StateMachineAlreadyExists"
    )


def test_an_update_is_for_later_executions_and_versions_stay(steps: Steps) -> None:
    """An alias sends to the versions it names."""
    machine = steps({"A": {"Type": "Pass", "Result": 1, "End": True}}, publish=True)
    one = steps.client.list_state_machine_versions(stateMachineArn=machine.arn)["stateMachineVersions"][0]
    second = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 2, "End": True}}})
    steps.client.update_state_machine(stateMachineArn=machine.arn, definition=second)
    route = {"stateMachineVersionArn": one["stateMachineVersionArn"], "weight": 100}
    alias = steps.client.create_state_machine_alias(name="live", routingConfiguration=[route])
    started = [machine.arn, one["stateMachineVersionArn"], alias["stateMachineAliasArn"]]
    told = [steps.end(steps.client.start_execution(stateMachineArn=arn)["executionArn"]) for arn in started]
    assert [one["output"] for one in told] == [2, 1, 1]
    assert told[1]["stateMachineVersionArn"] == one["stateMachineVersionArn"]
    assert told[2]["stateMachineAliasArn"] == alias["stateMachineAliasArn"]
    assert len(steps.client.list_executions(stateMachineArn=machine.arn)["executions"]) == 3
    bad = lambda: steps.client.update_state_machine(stateMachineArn=machine.arn, definition="{")  # noqa: E731
    assert refusal(bad)[0] == "InvalidDefinition"


def test_what_the_local_cloud_lacks_says_so(cloud: Any) -> None:
    """With what to do instead."""
    client = cloud.client("stepfunctions", config=SYNC)
    calls = {
        "create_activity": {"name": "a"},
        "redrive_execution": {"executionArn": "arn:aws:states:us-east-1:123456789012:execution:m:e"},
        "test_state": {"definition": "{}", "roleArn": "arn:aws:iam::123456789012:role/r"},
    }
    for name, parameters in calls.items():
        code, message = refusal(lambda name=name, parameters=parameters: getattr(client, name)(**parameters))
        assert code == "ValidationException"
        assert "The local cloud has no" in message


def test_executions_are_counted(cloud: Any, steps: Steps) -> None:
    """AWS/States, by state machine."""
    machine = steps(DONE)
    execution = machine.run()
    failing = steps({"No": {"Type": "Fail"}})
    failing.run()
    metrics = cloud.client("cloudwatch")

    def total(name: str, arn: str) -> float:
        found = metrics.get_metric_statistics(
            Namespace="AWS/States",
            MetricName=name,
            Dimensions=[{"Name": "StateMachineArn", "Value": arn}],
            StartTime=execution["startDate"].replace(microsecond=0).timestamp() - 60,
            EndTime=execution["startDate"].timestamp() + 120,
            Period=60,
            Statistics=["Sum"],
        )
        return sum(point["Sum"] for point in found["Datapoints"])

    assert (total("ExecutionsStarted", machine.arn), total("ExecutionsSucceeded", machine.arn)) == (1, 1)
    assert (total("ExecutionsFailed", failing.arn), total("ExecutionsSucceeded", failing.arn)) == (1, 0)


def test_a_template_makes_a_state_machine_with_all_its_properties(cloud: Any, steps: Steps) -> None:
    """Type, logging, substitutions, and the ARN for others to use; an update replaces the definition."""
    log, name = logged(cloud), f"m-{uuid.uuid4().hex[:8]}"
    [arn] = [one["cloudWatchLogsLogGroup"]["logGroupArn"] for one in log["destinations"]]
    properties = {
        "StateMachineName": name,
        "RoleArn": steps.role("logs:CreateLogDelivery"),
        "StateMachineType": "EXPRESS",
        "Definition": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${word}", "End": True}}},
        "DefinitionSubstitutions": {"word": "hello"},
        "LoggingConfiguration": {
            "Level": "ALL",
            "IncludeExecutionData": True,
            "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": arn}}],
        },
    }
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = {"Resources": {"M": resource}, "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["M", "Arn"]}}}}
    stacks = cloud.client("cloudformation")
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.2})
    [output] = stacks.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    client = cloud.client("stepfunctions", config=SYNC)
    told = client.start_sync_execution(stateMachineArn=output["OutputValue"])
    assert told["output"] == '"hello"'
    assert lines(cloud, log, "ExecutionSucceeded")
    properties["DefinitionSubstitutions"] = {"word": "bye"}
    stacks.update_stack(StackName=name, TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 0.2})
    assert client.start_sync_execution(stateMachineArn=output["OutputValue"])["output"] == '"bye"'


def test_a_traced_execution_is_one_trace_with_its_functions(cloud: Any, steps: Steps, make: Any) -> None:
    """A segment for the state machine, a subsegment for each state; the function's segments are below it."""
    function = make("def handler(event, context): return 1")
    function.update(TracingConfig={"Mode": "PassThrough"})
    call = {"FunctionName": function.name}
    states = {
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": call,
            "Next": "No",
        },
        "No": {"Type": "Fail"},
    }
    allowed = ("lambda:InvokeFunction", "xray:PutTraceSegments")
    header = f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    machine = steps(states, *allowed, tracingConfiguration={"enabled": True})
    steps.end(machine.start(traceHeader=header))
    xray = cloud.client("xray")
    deadline = time.monotonic() + 60
    while True:
        [trace] = xray.batch_get_traces(TraceIds=[header.removeprefix("Root=")])["Traces"] or [
            {"Segments": []}
        ]
        documents = [json.loads(segment["Document"]) for segment in trace["Segments"]]
        found = {document["origin"]: document for document in documents}
        if {"AWS::StepFunctions::StateMachine", "AWS::Lambda"} <= found.keys():
            break
        assert time.monotonic() < deadline, found.keys()
        time.sleep(0.05)
    own = found["AWS::StepFunctions::StateMachine"]
    assert [one["name"] for one in own["subsegments"]] == ["Call", "No"]
    assert own["fault"] is True
    assert found["AWS::Lambda"]["parent_id"] == own["id"]
