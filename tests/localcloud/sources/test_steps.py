"""Step Functions: state machines run, wait on the lesson clock, and call with their own role."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from steps_world import TRUST, Steps, advance

INVOKE = "lambda:InvokeFunction"
ADD = "def handler(event, context):\n    return {'sum': event['a'] + event['b']}\n"
FLAKY = """
    import os, pathlib
    class Busy(Exception): pass
    def handler(event, context):
        marks = pathlib.Path('/tmp/marks')
        marks.write_text((marks.read_text() if marks.exists() else '') + '.')
        if len(marks.read_text()) < event['good_at']:
            raise Busy('not yet')
        return len(marks.read_text())
"""


@pytest.fixture(scope="module")
def steps(cloud: Any) -> Steps:
    return Steps(cloud)


def test_a_lambda_task_in_both_forms(steps: Steps, make: Any) -> None:
    """The optimised integration wraps the answer, the function's ARN gives it as it is."""
    function = make(ADD)
    arn = function.lambda_.get_function_configuration(FunctionName=function.name)["FunctionArn"]
    machine = steps(
        {
            "Plain": {"Type": "Task", "Resource": arn, "ResultPath": "$.plain", "Next": "Optimised"},
            "Optimised": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": function.name, "Payload": {"a.$": "$.plain.sum", "b": 10}},
                "OutputPath": "$.Payload",
                "End": True,
            },
        },
        INVOKE,
    )
    told = machine.run({"a": 1, "b": 2})
    assert (told["status"], told["output"]) == ("SUCCEEDED", {"sum": 13})
    assert json.loads(told["input"]) == {"a": 1, "b": 2}
    assert steps.events(told["executionArn"]) == [
        "ExecutionStarted",
        "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded",
        "TaskStateExited",
        "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
        "ExecutionSucceeded",
    ]  # fmt: skip


def test_retry_waits_on_the_lesson_clock(cloud: Any, steps: Steps, make: Any) -> None:
    """One and two hours later, within one advance that returns when the execution is over."""
    function = make(FLAKY)
    retry = {"ErrorEquals": ["Busy"], "IntervalSeconds": 3600, "BackoffRate": 2, "MaxAttempts": 3}
    machine = steps(
        {
            "Try": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": function.name, "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "Retry": [retry],
                "End": True,
            }
        },
        INVOKE,
    )
    execution = machine.start({"good_at": 3})
    steps.until(execution, "TaskFailed")
    advance(cloud, 3 * 3600 + 60)
    told = steps.client.describe_execution(executionArn=execution)
    assert (told["status"], told.get("output")) == ("SUCCEEDED", "3")
    assert 3 * 3600 <= (told["stopDate"] - told["startDate"]).total_seconds() < 3 * 3600 + 60


WAITS = {
    "Seconds": {"Seconds": 86400},
    "SecondsPath": {"SecondsPath": "$.seconds"},
    "Timestamp": {"TimestampPath": "$.when"},
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_wait_waits_on_the_lesson_clock(wait: dict[str, Any], cloud: Any, steps: Steps) -> None:
    """A day goes by in an advance; the execution is over before the advance returns."""
    machine = steps({"Wait": {"Type": "Wait", **wait, "Next": "Done"}, "Done": {"Type": "Succeed"}})
    now = datetime.fromisoformat(cloud.state.call("GET", "/_labkit/clock")["now"])
    when = f"{now + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    execution = machine.start({"seconds": 86400, "when": when})
    steps.until(execution, "WaitStateEntered")
    advance(cloud, 86000)
    assert steps.client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    advance(cloud, 401)
    assert steps.client.describe_execution(executionArn=execution)["status"] == "SUCCEEDED"


def echo(value: Any) -> dict[str, Any]:
    """A last state with a result."""
    return {"Type": "Pass", "Result": value, "End": True}


def test_an_error_is_caught_by_name_with_its_cause(steps: Steps, make: Any) -> None:
    """Error and Cause are the function's; what is not caught fails the execution with them."""
    function = make("class Refused(Exception): pass\ndef handler(event, context): raise Refused('no card')")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function.name},
        "End": True,
    }
    catch = {"ErrorEquals": ["Refused"], "ResultPath": "$.error", "Next": "Apologise"}
    caught = steps({"Try": {**task, "Catch": [catch]}, "Apologise": {"Type": "Succeed"}}, INVOKE).run(
        {"order": 7}
    )
    assert (caught["status"], caught["output"]["order"]) == ("SUCCEEDED", 7)
    assert caught["output"]["error"]["Error"] == "Refused"
    assert json.loads(caught["output"]["error"]["Cause"])["errorMessage"] == "no card"
    failed = steps({"Try": task}, INVOKE).run()
    assert (failed["status"], failed["error"]) == ("FAILED", "Refused")
    assert "no card" in failed["cause"]


def test_map_parallel_choice_and_intrinsic_functions(steps: Steps) -> None:
    """Branches and iterations keep their order; the choice sees what they made."""
    machine = steps(
        {
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "Left", "States": {"Left": echo("l")}},
                    {
                        "StartAt": "Each",
                        "States": {
                            "Each": {
                                "Type": "Map",
                                "ItemsPath": "$.items",
                                "MaxConcurrency": 2,
                                "ItemProcessor": {
                                    "StartAt": "Add",
                                    "States": {
                                        "Add": {
                                            "Type": "Pass",
                                            "Parameters": {"n.$": "States.MathAdd($, 1)"},
                                            "End": True,
                                        }
                                    },
                                },
                                "End": True,
                            }
                        },
                    },
                ],
                "Next": "Many",
            },
            "Many": {
                "Type": "Choice",
                "Choices": [{"Variable": "$[1][2].n", "NumericGreaterThan": 3, "Next": "Yes"}],
                "Default": "No",
            },
            "Yes": {
                "Type": "Pass",
                "Parameters": {"all.$": "$", "text.$": "States.Format('{}!', $[0])"},
                "End": True,
            },
            "No": {"Type": "Fail", "Error": "TooFew"},
        }
    )
    told = machine.run({"items": [1, 2, 3]})
    assert told.get("output") == {
        "all": ["l", [{"n": 2}, {"n": 3}, {"n": 4}]],
        "text": "l!",
    }, told.get("cause")
    few = machine.run({"items": [1, 1, 1]})
    assert (few["status"], few["error"]) == ("FAILED", "TooFew")


def test_jsonata_with_variables(steps: Steps) -> None:
    """QueryLanguage JSONata: expressions, Assign, texts with quotes, and the functions that AWS adds."""
    states = {
        "Keep": {"Type": "Pass", "Assign": {"name": "{% $states.input.name %}"}, "Next": "Make"},
        "Make": {
            "Type": "Pass",
            "Output": {
                "total": "{% $sum($states.input.prices) %}",
                "greeting": "{% 'Hi ' & $name %}",
                "pairs": "{% $partition([1,2,3], 2) %}",
            },
            "End": True,
        },
    }
    machine = steps(states, top={"QueryLanguage": "JSONata"})
    assert machine.run({"prices": [1, 2.5], "name": 'a "b"'})["output"] == {
        "total": 3.5,
        "greeting": 'Hi a "b"',
        "pairs": [[1, 2], [3]],
    }


def test_a_jsonata_error_fails_the_state(steps: Steps) -> None:
    """States.QueryEvaluationError, which names the expression's problem."""
    machine = steps(
        {"Bad": {"Type": "Pass", "Output": "{% $sum('x') %}", "End": True}}, top={"QueryLanguage": "JSONata"}
    )
    told = machine.run()
    assert (told["status"], told["error"]) == ("FAILED", "States.QueryEvaluationError")


def test_tasks_without_permission_fail_with_the_role_named(steps: Steps, make: Any) -> None:
    """The call is the role's, not that of whoever started the execution."""
    function = make(ADD)
    parameters = {"FunctionName": function.name}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": parameters,
        "End": True,
    }
    machine = steps({"Call": task})
    told = machine.run()
    assert (told["status"], told["error"]) == ("FAILED", "Lambda.AccessDeniedException")
    name = machine.role_arn.split("/")[-1]
    assert (
        f"assumed-role/{name}/StepFunctions is not authorized to perform: lambda:InvokeFunction"
        in told["cause"]
    )


def test_a_state_machine_is_made_only_with_a_role_that_trusts_step_functions(steps: Steps) -> None:
    """Neither another service's role nor one that does not exist."""
    lambdas = {
        **TRUST,
        "Statement": [{**TRUST["Statement"][0], "Principal": {"Service": "lambda.amazonaws.com"}}],
    }  # type: ignore[dict-item]
    for role_arn in (steps.role(trust=lambdas), "arn:aws:iam::123456789012:role/nobody"):
        with pytest.raises(
            ClientError, match=r"states\.amazonaws\.com, nor the regional one is authorized to assume"
        ):
            steps({"Done": {"Type": "Succeed"}}, roleArn=role_arn)


def test_services_are_called_with_the_role(cloud: Any, steps: Steps) -> None:
    """DynamoDB, SQS, SNS, EventBridge, and any call of the SDK."""
    unique = f"t-{uuid.uuid4().hex[:8]}"
    cloud.client("dynamodb").create_table(
        TableName=unique,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName=unique)["QueueUrl"]
    topic = cloud.client("sns").create_topic(Name=unique)["TopicArn"]
    entry = {"Source": "shop", "DetailType": "order", "Detail": {"id.$": "$.id"}}
    tasks = {
        "Put": ("dynamodb:putItem", {"TableName": unique, "Item": {"id": {"S.$": "$.id"}}}),
        "Get": ("dynamodb:getItem", {"TableName": unique, "Key": {"id": {"S.$": "$.id"}}}),
        "Send": ("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": {"order.$": "$.id"}}),
        "Publish": ("sns:publish", {"TopicArn": topic, "Message": "done"}),
        "Tell": ("events:putEvents", {"Entries": [entry]}),
        "Sdk": ("aws-sdk:sqs:getQueueAttributes", {"QueueUrl": queue, "AttributeNames": ["All"]}),
    }
    names = [*tasks, None]
    states: dict[str, Any] = {
        name: {
            "Type": "Task",
            "Resource": f"arn:aws:states:::{resource}",
            "Parameters": parameters,
            "ResultPath": f"$.{name}",
            **({"Next": after} if after else {"End": True}),
        }
        for (name, (resource, parameters)), after in zip(tasks.items(), names[1:], strict=True)
    }
    allowed = (
        "dynamodb:*Item",
        "sqs:SendMessage",
        "sqs:GetQueueAttributes",
        "sns:Publish",
        "events:PutEvents",
    )
    told = steps(states, *allowed).run({"id": "o-1"})
    assert told["status"] == "SUCCEEDED", told
    output = told["output"]
    assert output["Get"]["Item"] == {"id": {"S": "o-1"}}
    assert output["Publish"]["MessageId"]
    assert output["Tell"]["FailedEntryCount"] == 0
    assert output["Sdk"]["Attributes"]["ApproximateNumberOfMessages"] == "1"
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"]) == {"order": "o-1"}


def waiting_for_token(cloud: Any, steps: Steps, **more: Any) -> tuple[str, Any]:
    """A machine that sends its token to a queue and waits; with the queue's address."""
    queue = cloud.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
        **more,
    }
    return queue, steps({"Ask": ask}, "sqs:SendMessage")


def token_from(cloud: Any, queue: str) -> str:
    sqs = cloud.client("sqs")
    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return str(json.loads(message["Body"])["token"])


def test_a_task_token_is_waited_for_and_ends_the_task(cloud: Any, steps: Steps) -> None:
    """With an output, or with an error and its cause; a token is good once."""
    queue, machine = waiting_for_token(cloud, steps)
    execution = machine.start()
    token = token_from(cloud, queue)
    advance(cloud, 3600)
    assert steps.client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    steps.client.send_task_success(taskToken=token, output='{"approved": true}')
    assert steps.end(execution)["output"] == {"approved": True}
    with pytest.raises(steps.client.exceptions.TaskTimedOut):
        steps.client.send_task_success(taskToken=token, output="{}")
    execution = machine.start()
    steps.client.send_task_failure(taskToken=token_from(cloud, queue), error="Denied", cause="too dear")
    told = steps.end(execution)
    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "Denied", "too dear")
    with pytest.raises(steps.client.exceptions.InvalidToken):
        steps.client.send_task_success(taskToken="nonsense", output="{}")


def test_heartbeats_keep_a_token_alive(cloud: Any, steps: Steps) -> None:
    """Without one the task times out, on the lesson clock."""
    queue, machine = waiting_for_token(cloud, steps, HeartbeatSeconds=600, TimeoutSeconds=3600)
    execution = machine.start()
    token = token_from(cloud, queue)
    advance(cloud, 500)
    steps.client.send_task_heartbeat(taskToken=token)
    advance(cloud, 500)
    assert steps.client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    advance(cloud, 200)
    told = steps.end(execution)
    assert (told["status"], told["error"]) == ("FAILED", "States.Timeout")
    assert "TaskTimedOut" in steps.events(execution)


def test_timeouts_are_on_the_lesson_clock(cloud: Any, steps: Steps) -> None:
    """A task's is an error that can be caught; the state machine's ends the execution."""
    catch = [{"ErrorEquals": ["States.Timeout"], "ResultPath": None, "Next": "Late"}]
    queue = cloud.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody": "x"},
        "TimeoutSeconds": 900,
        "Catch": catch,
        "End": True,
    }
    machine = steps({"Ask": ask, "Late": echo("late")}, "sqs:SendMessage")
    execution = machine.start()
    steps.until(execution, "TaskSubmitted")
    advance(cloud, 901)
    assert steps.end(execution)["output"] == "late"
    whole = steps({"Wait": {"Type": "Wait", "Seconds": 1000, "End": True}}, top={"TimeoutSeconds": 100})
    execution = whole.start()
    steps.until(execution, "WaitStateEntered")
    advance(cloud, 101)
    assert steps.end(execution)["status"] == "TIMED_OUT"
    assert steps.events(execution)[-1] == "ExecutionTimedOut"


def test_a_child_execution_is_waited_for(cloud: Any, steps: Steps) -> None:
    """`.sync:2` gives its output as JSON, also after days; a child that fails fails the task."""
    child = steps({"Wait": {"Type": "Wait", "Seconds": 172800, "Next": "Made"}, "Made": echo({"made": 1})})
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": child.arn, "Input": {"from.$": "$$.Execution.Id"}},
        "OutputPath": "$.Output",
        "End": True,
    }
    parent = steps({"Child": task}, "states:StartExecution", "states:DescribeExecution")
    execution = parent.start()
    steps.until(execution, "TaskSubmitted")
    advance(cloud, 172801)
    assert steps.end(execution)["output"] == {"made": 1}
    failing = steps({"No": {"Type": "Fail", "Error": "E", "Cause": "c"}})
    task["Parameters"] = {"StateMachineArn": failing.arn}
    told = steps({"Child": task}, "states:StartExecution", "states:DescribeExecution").run()
    assert (told["status"], told["error"]) == ("FAILED", "States.TaskFailed")
    assert '"status": "FAILED"' in told["cause"].replace("Status", "status")
