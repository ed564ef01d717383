"""The init phase: its limit, its second attempt, what the log says of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.localcloud.conftest import BASIC, Functions

SLOW_ONCE = """
import os, tempfile, time
marker = tempfile.gettempdir() + "/tried"
print("loading")
if not os.path.exists(marker):
    open(marker, "w").close()
    time.sleep(30)
def handler(event, context): return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
"""


def test_an_init_over_ten_seconds_is_tried_again_by_the_invocation(make: Functions) -> None:
    """INIT_REPORT with Status: timeout at 10 s; the second attempt counts into Duration; /tmp is kept."""
    function = make(SLOW_ONCE, Timeout=20)
    answer = function.invoke()
    assert answer["Payload"] == "on-demand"
    log = "".join(function.log())
    report = re.search(r"INIT_REPORT Init Duration: (\d+\.\d\d) ms\tPhase: init\tStatus: timeout\n", log)
    assert report is not None and 10_000 <= float(report[1]) < 15_000
    assert log.count("loading\n") == 2
    assert log.rindex("loading\n") < log.index("START RequestId"), "the second attempt comes before START"
    final = log[log.index("REPORT RequestId") :]
    assert "Init Duration" not in final and "Status" not in final


def test_the_second_attempt_is_under_the_functions_timeout(make: Functions) -> None:
    """INIT_REPORT with Phase: invoke and Status: timeout; the caller gets the timeout."""
    source = """
        import os, tempfile, time
        marker = tempfile.gettempdir() + "/tried"
        if not os.path.exists(marker):
            open(marker, "w").close()
            os._exit(1)
        time.sleep(30)
        """
    answer = make(source, Timeout=1).invoke()
    assert answer["Payload"]["errorType"] == "Sandbox.Timedout"
    assert answer["Payload"]["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    log = answer["LogResult"]
    assert re.search(r"INIT_REPORT Init Duration: 1\d{3}\.\d\d ms\tPhase: invoke\tStatus: timeout\n", log)
    assert log.endswith("\tStatus: timeout\n")


def test_a_process_that_ends_in_its_init_is_an_exit_error(make: Functions) -> None:
    """Both attempts are reported; REPORT has the error type; the caller gets AWS's sentence."""
    function = make("import sys\nsys.exit(7)\ndef handler(event, context): pass")
    answer = function.invoke()
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Runtime.ExitError"
    assert answer["Payload"]["errorMessage"].endswith("Error: Runtime exited with error: exit status 7")
    log = "".join(function.log())
    phases = re.findall(r"Phase: (\w+)\tStatus: error\tError Type: Runtime.ExitError", log)
    assert phases == ["init", "invoke"]
    assert log.index("Phase: invoke") < log.index("START RequestId") < log.index("END RequestId")


def test_provisioned_environments_always_report_their_init(make: Functions) -> None:
    """INIT_REPORT with Phase: init and no status, in the environment's stream, before any invocation."""
    function = make("print('loading')\ndef handler(event, context): pass")
    lambda_, name = function.lambda_, function.name
    version = lambda_.publish_version(FunctionName=name)["Version"]
    provisioned = {"FunctionName": name, "Qualifier": version}
    lambda_.put_provisioned_concurrency_config(**provisioned, ProvisionedConcurrentExecutions=1)
    while lambda_.get_provisioned_concurrency_config(**provisioned)["Status"] != "READY":
        pass
    log = "".join(function.log())
    assert re.search(r"loading\nINIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\n", log)
    lambda_.delete_provisioned_concurrency_config(**provisioned)


LEVELS = [
    ("DEBUG", ["initStart", "initRuntimeDone", "initReport", "start", "runtimeDone", "report"]),
    ("INFO", ["initStart", "start", "report"]),
    ("WARN", []),
]


@pytest.mark.parametrize(("level", "kinds"), LEVELS, ids=[row[0] for row in LEVELS])
def test_the_system_log_level_decides_which_records_are_written(
    make: Functions, level: str, kinds: list[str]
) -> None:
    """platform.runtimeDone and the init's records need DEBUG; WARN shows failures only."""
    source = "import os\ndef handler(event, context): return os._exit(1) if event == 'crash' else 1"
    function = make(source, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": level})
    function.invoke()
    records = [json.loads(line) for line in function.log()]
    assert [record["type"] for record in records] == [f"platform.{kind}" for kind in kinds]
    function.invoke("crash")
    crash = [record for record in map(json.loads, function.log()) if record not in records]
    problems = {record["type"]: record["record"] for record in crash}
    assert problems["platform.report"]["status"] == "error"
    assert problems["platform.report"]["errorType"] == "Runtime.ExitError"
    assert problems["platform.runtimeDone"]["errorType"] == "Runtime.ExitError"


def test_traced_json_records_carry_their_trace(make: Functions) -> None:
    """tracing with spanId, type and value in platform.start and platform.report."""
    function = make(
        "def handler(event, context): pass",
        policies=(BASIC, "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"),
        LoggingConfig={"LogFormat": "JSON"}, TracingConfig={"Mode": "Active"},
    )  # fmt: skip
    function.invoke()
    records: dict[str, Any] = {}
    for line in function.log():
        record = json.loads(line)
        records[record["type"]] = record["record"]
    for kind in ("platform.start", "platform.report"):
        tracing = records[kind]["tracing"]
        assert tracing["type"] == "X-Amzn-Trace-Id" and re.fullmatch("[0-9a-f]{16}", tracing["spanId"])
        assert re.fullmatch(r"Root=1-\S+;Parent=[0-9a-f]{16};Sampled=1", tracing["value"])
