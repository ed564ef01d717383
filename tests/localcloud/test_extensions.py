"""Extensions through boto3: processes from layers that live beside the function, as AWS runs them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.localcloud.conftest import Functions, zipped
from tests.localcloud.extension_sources import EXTENSION, HANDLER, extension, layered, until


def test_an_extension_starts_first_and_gets_every_invocation(make: Functions) -> None:
    """EXTENSION line before START; INVOKE events with AWS's members; its output is in the function's log."""
    function = layered(make, {"watcher": extension(REGISTERED="print(text)")})
    first, second = function.invoke({"n": 1}), function.invoke({"n": 2})
    assert first["Payload"] == {"n": 1} and second["Payload"] == {"n": 2}
    log = until(function, lambda log: log.count("watcher got") == 2)
    ready = "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n"
    assert log.index("INIT_START") < log.index(ready) < log.index("START RequestId")
    assert json.loads(re.search(r'\{"functionName.*\}', log)[0]) == {  # type: ignore[index]
        "functionName": function.name, "functionVersion": "$LATEST", "handler": "app.handler"
    }  # fmt: skip
    event = json.loads(re.search(r"watcher got (\{.*\})", log)[1])  # type: ignore[index]
    assert set(event) == {"eventType", "deadlineMs", "requestId", "invokedFunctionArn", "tracing"}
    assert event["requestId"] == first["ResponseMetadata"]["RequestId"]
    assert event["tracing"]["type"] == "X-Amzn-Trace-Id" and "Root=1-" in event["tracing"]["value"]


def test_an_invocation_ends_when_runtime_and_extensions_are_done(make: Functions, cloud: Any) -> None:
    """Duration includes the extension's work after the answer; PostRuntimeExtensionsDuration is counted."""
    function = layered(make, {"slow": extension(EVENT="time.sleep(0.3)")})
    answer = function.invoke()
    duration = float(re.search(r"\tDuration: ([\d.]+) ms", answer["LogResult"])[1])  # type: ignore[index]
    assert duration >= 300
    metrics = cloud.client("cloudwatch").list_metrics(
        Namespace="AWS/Lambda", MetricName="PostRuntimeExtensionsDuration",
        Dimensions=[{"Name": "FunctionName", "Value": function.name}],
    )["Metrics"]  # fmt: skip
    assert metrics


def test_shutdown_is_told_with_its_reason_and_waited_for(make: Functions) -> None:
    """New configuration ends the environment: SHUTDOWN, spindown; the extension finishes what it does."""
    at_the_end = "if event['eventType'] == 'SHUTDOWN':\n    time.sleep(0.2)\n    print('tidied up')"
    function = layered(make, {"tidy": extension(EVENT=at_the_end)})
    function.invoke()
    function.update(Description="new")
    log = until(function, lambda log: "tidied up" in log)
    event = json.loads(re.search(r'tidy got (\{"eventType": "SHUTDOWN".*\})', log)[1])  # type: ignore[index]
    assert event["shutdownReason"] == "spindown"
    assert set(event) == {"eventType", "deadlineMs", "shutdownReason"}


def test_a_timeout_resets_extensions_too(make: Functions) -> None:
    """SHUTDOWN with reason timeout; the next invocation starts everything again."""
    handler = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'in time'"
    function = layered(make, {"watcher": extension()}, handler, Timeout=1)
    assert function.invoke(30)["Payload"]["errorType"] == "Sandbox.Timedout"
    assert function.invoke(0)["Payload"] == "in time"
    log = until(function, lambda log: log.count("State: Ready") == 2)
    assert '"shutdownReason": "timeout"' in log


@pytest.mark.parametrize(
    ("parts", "kind", "state", "reason"),
    [
        ({"BEFORE": "sys.exit(3)"}, "Extension.Crash", "Started", "exit status 3"),
        ({"REGISTERED": "sys.exit(0)"}, "Extension.Crash", "Registered", "exit code 0"),
        (
            {"REGISTERED": "call('POST', BASE + 'init/error', {}, Lambda_Extension_Identifier=ID, "
                           "Lambda_Extension_Function_Error_Type='Demo.NoKey')\nsys.exit(1)"},
            "Extension.InitError", "InitError", "exit status 1",
        ),
    ],
)  # fmt: skip
def test_an_extension_that_fails_at_the_start_fails_the_function(
    make: Functions, parts: dict[str, str], kind: str, state: str, reason: str
) -> None:
    """INIT_REPORT and REPORT name the type, the caller gets it with the reason, EXTENSION the state."""
    function = layered(make, {"broken": extension(**parts)})
    answer = function.invoke()
    assert answer["FunctionError"] == "Unhandled" and answer["Payload"]["errorType"] == kind
    assert answer["Payload"]["errorMessage"].endswith(f"Error: {reason}")
    log = "".join(function.log())
    assert f"Phase: init\tStatus: error\tError Type: {kind}\n" in log
    assert f"EXTENSION\tName: broken\tState: {state}\tEvents: [" in log
    assert f"Status: error\tError Type: {kind}\n" in answer["LogResult"].partition("REPORT")[2]


def test_an_extension_that_crashes_while_it_runs_leaves_the_answer_and_marks_the_report(
    make: Functions,
) -> None:
    """The handler's answer stands; REPORT ends with Extension.Crash; the next invocation works."""
    function = layered(make, {"frail": extension(EVENT="time.sleep(0.2)\nos._exit(1)")})
    answer = function.invoke({"n": 1})
    assert answer["Payload"] == {"n": 1} and "FunctionError" not in answer
    assert "Status: error\tError Type: Extension.Crash" in answer["LogResult"]
    assert function.invoke({"n": 2})["Payload"] == {"n": 2}


def test_what_cannot_be_started_is_a_launch_error(make: Functions) -> None:
    """A file in /opt/extensions that is no executable."""
    layer = make.lambda_.publish_layer_version(
        LayerName="flat", Content={"ZipFile": zipped({"extensions/flat": "text"})}
    )
    answer = make(HANDLER, Layers=[layer["LayerVersionArn"]]).invoke()
    assert answer["Payload"]["errorType"] == "Extension.LaunchError"
    assert "permission denied" in answer["Payload"]["errorMessage"]
    line = "EXTENSION\tName: flat\tState: LaunchError\tEvents: []\tError Type: PermissionDenied\n"
    assert line in answer["LogResult"]


def test_eleven_extensions_are_one_too_many(make: Functions) -> None:
    """Ten start; with eleven the environment does not."""
    source = extension()
    assert layered(make, {f"e{n:02}": source for n in range(10)}, MemorySize=1024).invoke(1)["Payload"] == 1
    answer = layered(make, {f"e{n:02}": source for n in range(11)}).invoke()
    assert answer["Payload"]["errorType"] == "Extension.LaunchError"
    assert "Name: e10\tState: LaunchError\tEvents: []\tError Type: TooManyExtensions" in answer["LogResult"]


INTERNAL = (
    EXTENSION.partition("#BEFORE")[0].replace("basename(__file__)", "basename('inside')")
    + """
import threading
seen = []
def live():
    global ID
    answer, text = register(["INVOKE"], "inside")
    ID = answer.getheader("Lambda-Extension-Identifier")
    registered.set()
    while True:
        seen.append(ask()["requestId"])
registered = threading.Event()
threading.Thread(target=live, daemon=True).start()
registered.wait()
late = lambda: register(["INVOKE"], "late")
def handler(event, context):
    if event == "late":
        return json.loads(late()[1])
    return seen
"""
)


def test_an_internal_extension_is_a_part_of_the_runtime_process(make: Functions) -> None:
    """It registers for INVOKE only, before the init is over, and gets each event."""
    function = make(INTERNAL)
    first = function.invoke()
    request_id = first["ResponseMetadata"]["RequestId"]
    assert "EXTENSION\tName: inside\tState: Ready\tEvents: [INVOKE]\n" in first["LogResult"]
    assert request_id in function.invoke()["Payload"]
    assert function.invoke("late")["Payload"] == {
        "errorMessage": "Extension registration closed already", "errorType": "Extension.RegistrationClosed"
    }  # fmt: skip


NOBODY = "01234567-89ab-cdef-0123-456789abcdef"
CALLS = [
    # method, path, body, headers, status, error type, message
    ("POST", "register", {"events": []}, {}, 403, "Extension.InvalidExtensionName", "Empty extension name"),
    (
        "POST", "register", {"events": ["BOOM"]}, {"Lambda-Extension-Name": "x"}, 403,
        "Extension.InvalidEventType", "BOOM: ErrorInvalidEventType",
    ),
    (
        "POST", "register", {"events": ["SHUTDOWN"]}, {"Lambda-Extension-Name": "x"}, 403,
        "Extension.InvalidEventType", "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension",
    ),
    (
        "GET", "event/next", None, {}, 403,
        "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header",
    ),
    (
        "GET", "event/next", None, {"Lambda-Extension-Identifier": "me"}, 403,
        "Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier",
    ),
    (
        "GET", "event/next", None, {"Lambda-Extension-Identifier": NOBODY}, 403,
        "Extension.UnknownExtensionIdentifier", f"Unknown extension {NOBODY}",
    ),
]  # fmt: skip


def test_wrong_calls_are_refused_with_awss_errors(make: Functions) -> None:
    """Names, types and texts of the Extensions API's refusals."""
    function = make(
        """
        import http.client, json, os
        def handler(calls, context):
            answers = []
            for method, path, body, headers in calls:
                link = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
                link.request(method, "/2020-01-01/extension/" + path, json.dumps(body), headers)
                answer = link.getresponse()
                error = json.loads(answer.read())
                answers.append([answer.status, error["errorType"], error["errorMessage"]])
            return answers
        """
    )
    answers = function.invoke([call[:4] for call in CALLS])["Payload"]
    assert answers == [list(call[4:]) for call in CALLS]
