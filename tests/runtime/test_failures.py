"""What a function can do wrong, and what the caller, the log and the next invocation then see."""

from __future__ import annotations

import json
import re

import pytest

from labkit.runtime import processes
from tests.runtime.conftest import Bench

MISBEHAVIOUR = [
    ("import sys\ndef handler(e, c): sys.exit(3)", "exit status 3", "Runtime.ExitError"),
    ("import os\ndef handler(e, c): os._exit(0)", "without providing a reason", "Runtime.ExitError"),
    ("import ctypes\ndef handler(e, c): ctypes.string_at(0)", "segmentation fault", "Runtime.ExitError"),
    (
        "import os, signal\ndef handler(e, c): os.kill(os.getpid(), signal.SIGABRT)",
        "aborted",
        "Runtime.ExitError",
    ),
    (
        "def handler(e, c):\n a = []\n while True: a.append(bytearray(1 << 20))",
        "killed",
        "Runtime.OutOfMemory",
    ),
]


@pytest.mark.parametrize(("source", "reason", "status"), MISBEHAVIOUR, ids=[row[1] for row in MISBEHAVIOUR])
def test_a_runtime_that_ends_is_reported_as_on_lambda(
    bench: Bench, source: str, reason: str, status: str
) -> None:
    """The caller gets errorType and reason; REPORT ends with the status and the error type."""
    outcome = bench.invoke(bench.function(source))
    failure = json.loads(outcome.payload)
    assert outcome.function_error == "Unhandled"
    assert failure["errorType"] == "Runtime.ExitError"
    assert re.fullmatch(
        rf"RequestId: [0-9a-f-]{{36}} Error: Runtime exited .*{reason}", failure["errorMessage"]
    )
    assert outcome.log_tail.decode().endswith(f"\tStatus: error\tError Type: {status}\n")


def test_a_timeout_kills_and_says_after_how_many_seconds(bench: Bench) -> None:
    """Seconds with two decimals, REPORT with Status: timeout, billed for the whole time."""
    outcome = bench.invoke(bench.function("import time\ndef handler(e, c): time.sleep(60)", timeout_s=1))
    failure = json.loads(outcome.payload)
    assert failure["errorType"] == "Sandbox.Timedout"
    assert failure["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert "\tStatus: timeout\n" in outcome.log_tail.decode()
    assert outcome.duration_ms >= 1000 and outcome.billed_ms >= 1000


def test_the_next_invocation_after_a_crash_pays_a_suppressed_init_and_keeps_tmp(bench: Bench) -> None:
    """No Init Duration and the same log stream, init inside Duration, /tmp still there."""
    spec = bench.function(
        """
        import os, tempfile
        folder = tempfile.gettempdir()
        def handler(event, context):
            if event == "look":
                return os.path.exists(folder + "/kept")
            open(folder + "/kept", "w").close()
            os._exit(1)
        """
    )
    crashed, looked = bench.invoke(spec, "crash"), bench.invoke(spec, "look")
    assert crashed.init_ms is not None
    assert looked.init_ms is None and looked.log_stream == crashed.log_stream
    assert looked.payload == b"true"
    assert looked.duration_ms > 5, "the suppressed init is part of Duration"


@pytest.mark.parametrize(
    ("source", "handler", "kind"),
    [
        ("def other(e, c): pass", "app.handler", "Runtime.HandlerNotFound"),
        ("import nowhere", "app.handler", "Runtime.ImportModuleError"),
        ("def handler(e, c: pass", "app.handler", "Runtime.UserCodeSyntaxError"),
        ("", "no_dot", "Runtime.MalformedHandlerName"),
        ("", "absent.handler", "Runtime.ImportModuleError"),
        ("raise ValueError('at import')", "app.handler", "ValueError"),
    ],
)
def test_an_init_that_fails_is_tried_again_in_the_invocation(
    bench: Bench, source: str, handler: str, kind: str
) -> None:
    """INIT_REPORT once for the init phase and once for the invoke phase, then the error to the caller."""
    outcome = bench.invoke(bench.function(source, handler=handler))
    log = "".join(bench.logs[outcome.log_stream])
    assert json.loads(outcome.payload)["errorType"] == kind
    assert f"Phase: init\tStatus: error\tError Type: {kind}" in log
    assert f"Phase: invoke\tStatus: error\tError Type: {kind}" in log
    assert log.index("Phase: init") < log.index("Phase: invoke") < log.index("START RequestId")


def test_a_handler_that_writes_half_a_line_or_closes_stdout_loses_nothing(bench: Bench) -> None:
    """What was written is in the log before END, and the answer still arrives."""
    half = bench.invoke(bench.function("import sys\ndef handler(e, c): sys.stdout.write('half')"))
    assert "half" in half.log_tail.decode()
    assert half.log_tail.decode().index("half") < half.log_tail.decode().index("END RequestId")
    closed = bench.invoke(
        bench.function("import os\ndef handler(e, c):\n os.close(1)\n os.close(2)\n return 7")
    )
    assert closed.payload == b"7"


def test_fifty_megabytes_of_output_arrive_whole_and_in_order(bench: Bench) -> None:
    """Output larger than any pipe neither blocks nor loses a line."""
    spec = bench.function(
        "def handler(e, c):\n for n in range(50_000): print(n, 'x' * 1000)", timeout_s=60, memory_mb=1769
    )
    outcome = bench.invoke(spec)
    numbers = [int(line.split()[0]) for line in bench.logs[outcome.log_stream] if line.endswith("x\n")]
    assert numbers == list(range(50_000))
    assert len(outcome.log_tail) == 4096


def test_what_is_no_json_is_a_marshal_error(bench: Bench) -> None:
    """Returning a set fails as on Lambda, and the environment stays good."""
    spec = bench.function("def handler(e, c): return {1, 2} if e else 'fine'")
    assert json.loads(bench.invoke(spec, 1).payload)["errorType"] == "Runtime.MarshalError"
    again = bench.invoke(spec, 0)
    assert again.payload == b'"fine"' and again.init_ms is None


def test_processes_that_a_handler_leaves_behind_end_with_the_environment(isolated_bench: Bench) -> None:
    """A detached child cannot outlive its environment."""
    spec = isolated_bench.function(
        """
        import subprocess
        def handler(event, context):
            return subprocess.Popen(["sleep", "300"], start_new_session=True).pid
        """
    )
    isolated_bench.invoke(spec)
    left = processes.descendants(isolated_bench.fleet.environments(spec.arn)[0].keeper_pid)
    assert len(left) == 2
    isolated_bench.retire(spec)
    assert [pid for pid in left if processes.resident_bytes([pid])] == []
