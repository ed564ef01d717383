"""What a Node.js handler is told by its context, and what its console writes, as on AWS."""

from __future__ import annotations

import json
import re
from pathlib import Path

from .node_functions import BOTH, ID, NEEDS_NODE, OLD, TIME, call
from .runtime_api import Event

pytestmark = NEEDS_NODE


CONTEXT = """
export const handler = async (event, context) => {
  const left = context.getRemainingTimeInMillis();
  const {awsRequestId, functionName, functionVersion, memoryLimitInMB, logGroupName, logStreamName} = context;
  const {invokedFunctionArn, clientContext, identity, tenantId} = context;
  return [awsRequestId, functionName, functionVersion, memoryLimitInMB, logGroupName, logStreamName,
    invokedFunctionArn, clientContext, identity, tenantId, left > 0 && left <= 60000,
    process.env._X_AMZN_TRACE_ID, event, process.cwd()];
};
"""


@BOTH
def test_the_context_is_awss(runtime: str, tmp_path: Path, cache_dir: Path) -> None:
    """From the variables and the headers of the invocation; the trace header where the X-Ray SDK looks."""
    headers = {
        "Lambda-Runtime-Client-Context": json.dumps({"custom": {"é": 1}}),
        "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId": "id"}',
        "Lambda-Runtime-Trace-Id": "Root=1-2-3",
        "Lambda-Runtime-Aws-Tenant-Id": "blue",
    }
    done = call(tmp_path, cache_dir, CONTEXT, ({"é": 1}, Event(b"2", headers)), runtime=runtime)
    common = ["probe", "$LATEST", "128", "/aws/lambda/probe"]
    assert done.answers[0][:5] == [ID, *common]
    assert done.answers[0][6].startswith("arn:aws:lambda:")
    assert done.answers[0][7:] == [None, None, None, True, None, {"é": 1}, str(tmp_path / "task")]
    assert done.answers[1][7:13] == [
        {"custom": {"é": 1}}, {"cognitoIdentityId": "id"}, "blue", True, "Root=1-2-3", 2,
    ]  # fmt: skip


CONSOLE = """
console.log("at init %s", 1);
export const handler = async () => {
  console.trace("t"); console.debug("d"); console.info("i\\nsecond"); console.warn({a: [1]}); console.log();
  console.error("e", new TypeError("bad")); console.fatal("f");
  process.stdout.write("raw\\n"); console.log("%s and %d", "text", 5, {rest: true});
};
"""


@BOTH
def test_the_console_writes_awss_text_lines(runtime: str, tmp_path: Path, cache_dir: Path) -> None:
    """Time, request id, level and text between tabs; line breaks inside a message become \\r."""
    done = call(tmp_path, cache_dir, CONSOLE, runtime=runtime)
    outside = "undefined" if runtime == OLD else "-"
    lines = [re.sub(TIME, "TIME", line) for line in done.log.decode().split("\n")[:-1]]
    assert lines[0] == f"TIME\t{outside}\tINFO\tat init 1"
    head = f"TIME\t{ID}\t"
    assert lines[1:6] == [
        f"{head}TRACE\tt", f"{head}DEBUG\td", f"{head}INFO\ti\rsecond", f"{head}WARN\t{{ a: [ 1 ] }}",
        f"{head}INFO\tundefined",
    ]  # fmt: skip
    assert lines[6].startswith(f"{head}ERROR\te TypeError: bad\r    at Runtime.handler (file:///")
    assert lines[7:] == [f"{head}FATAL\tf", "raw", f"{head}INFO\ttext and 5 {{ rest: true }}"]


def test_the_console_writes_awss_json_lines(tmp_path: Path, cache_dir: Path) -> None:
    """One object a line; objects stay objects, errors get their three fields."""
    settings = {"log_format": "JSON", "application_log_level": "DEBUG"}
    done = call(tmp_path, cache_dir, CONSOLE, runtime=OLD, **settings)
    records = [json.loads(line) for line in done.lines if line != "raw"]
    assert all(re.fullmatch(TIME, record.pop("timestamp")) for record in records)
    assert records[0] == {"level": "INFO", "message": "at init 1"}
    assert [record["level"] for record in records[1:]] == [
        "DEBUG",
        "INFO",
        "WARN",
        "INFO",
        "ERROR",
        "FATAL",
        "INFO",
    ]
    assert records[2]["message"] == "i\nsecond"
    assert records[3] == {"level": "WARN", "requestId": ID, "message": {"a": [1]}}
    assert records[5]["errorType"] == "TypeError"
    assert records[5]["errorMessage"] == "bad"
    assert records[5]["stackTrace"][0] == "TypeError: bad"


def test_the_console_keeps_what_is_below_the_level_to_itself(tmp_path: Path, cache_dir: Path) -> None:
    """The application log level of the function."""
    settings = {"log_format": "JSON", "application_log_level": "WARN"}
    done = call(tmp_path, cache_dir, CONSOLE, **settings)
    levels = [json.loads(line)["level"] for line in done.lines if line != "raw"]
    assert levels == ["WARN", "ERROR", "FATAL"]
