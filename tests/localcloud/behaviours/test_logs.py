"""Lines of the log that are not the platform's alone."""

from __future__ import annotations

import re
import uuid

import pytest

from tests.localcloud.conftest import BASIC, Functions

XRAY = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"


def test_logging_has_lambdas_line_and_begins_at_warning(make: Functions) -> None:
    """Level, time, request id and text between tabs; info is dropped until somebody lowers the level."""
    function = make(
        """
        import logging
        def handler(event, context):
            logging.getLogger().info("unheard")
            logging.getLogger().warning("low on %s", "tea")
            print("plain")
        """
    )
    request_id = function.invoke()["ResponseMetadata"]["RequestId"]
    lines = [line for line in function.log() if not line.startswith(("INIT", "START", "END", "REPORT"))]
    assert len(lines) == 2 and lines[1] == "plain\n"
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(rf"\[WARNING\]\t{moment}\t{request_id}\tlow on tea\n", lines[0])


def test_a_traced_report_has_the_trace_in_its_second_line(make: Functions) -> None:
    """XRAY TraceId, SegmentId and Sampled in the same log event as REPORT."""
    function = make(
        "def handler(event, context): pass", policies=(BASIC, XRAY), TracingConfig={"Mode": "Active"}
    )
    function.invoke()
    report = next(line for line in function.log() if line.startswith("REPORT"))
    trace = r"XRAY TraceId: 1-[0-9a-f]{8}-[0-9a-f]{24}\tSegmentId: [0-9a-f]{16}\tSampled: true\t\n"
    assert re.fullmatch(rf"REPORT [^\n]*\t\n{trace}", report)


@pytest.mark.parametrize("level", ["DEBUG", "ERROR"])
def test_the_application_log_level_is_the_loggers(make: Functions, level: str) -> None:
    """In JSON the level of LoggingConfig decides what the handler's logger writes."""
    word = uuid.uuid4().hex
    function = make(
        f"import logging\ndef handler(event, context): logging.getLogger('mine').debug('{word}')",
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": level},
    )
    function.invoke()
    assert (word in "".join(function.log())) is (level == "DEBUG")
