"""The life of execution environments: reuse, scale-out, replacement, provisioning, what a handler sees."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal

import pytest

from tests.runtime.conftest import Bench

LOOK = """
import os, sys
def handler(event, context):
    import boto3, awslambdaric
    return {
        "env": dict(os.environ), "cwd": os.getcwd(), "path": sys.path, "stream": context.log_stream_name,
        "memory": context.memory_limit_in_mb, "left": context.get_remaining_time_in_millis(),
        "id": context.aws_request_id, "arn": context.invoked_function_arn,
    }
"""
DOCUMENTED = {
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "LANG", "PATH", "LD_LIBRARY_PATH",
    "PYTHONPATH", "TZ", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS",
}  # fmt: skip
OURS = {
    "AWS_ENDPOINT_URL",
    "AWS_DISABLE_HOST_PREFIX_INJECTION",
    "TMPDIR",
    "LC_CTYPE",
    "__CF_USER_TEXT_ENCODING",
}


def test_the_first_invocation_is_cold_and_the_second_reuses_its_environment(bench: Bench) -> None:
    """Init Duration once, module code once, one log stream; billed is duration plus init, rounded up."""
    spec = bench.function("print('loading')\ndef handler(e, c): return e")
    cold, warm = bench.invoke(spec, {"n": 1}), bench.invoke(spec, {"n": 2})
    assert cold.init_ms is not None and warm.init_ms is None
    assert cold.log_stream == warm.log_stream
    assert "".join(bench.logs[cold.log_stream]).count("loading\n") == 1
    assert json.loads(warm.payload) == {"n": 2}
    report = re.search(
        r"Duration: ([\d.]+) ms\tBilled Duration: (\d+) ms.*Init Duration: ([\d.]+) ms", _report(cold)
    )
    assert report is not None
    duration, billed, init = float(report[1]), int(report[2]), float(report[3])
    assert 0 <= billed - (duration + init) < 1.01


def test_simultaneous_invocations_get_an_environment_each(bench: Bench) -> None:
    """Four at once: four streams, four cold starts; one after another: one of them again."""
    spec = bench.function("import time\ndef handler(e, c): time.sleep(0.3)")
    streams = {outcome.log_stream for outcome in bench.invoke_many(spec, 4)}
    assert len(streams) == 4
    assert bench.invoke(spec).log_stream in streams


def test_new_code_or_configuration_replaces_environments(bench: Bench) -> None:
    """Another revision never runs in an environment of the one before."""
    spec = bench.function("def handler(e, c): return 1")
    first = bench.invoke(spec)
    second = bench.invoke(dataclasses.replace(spec, revision="2"))
    assert second.init_ms is not None and second.log_stream != first.log_stream


def test_a_handler_sees_what_it_would_see_on_aws_and_nothing_of_the_host(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS's variables and the learner's; no others. Context fields are Lambda's."""
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    spec = bench.function(LOOK, environment={"TABLE_NAME": "photos"}, timeout_s=5, memory_mb=1769)
    outcome = bench.invoke(spec)
    seen = json.loads(outcome.payload)
    assert set(seen["env"]) - DOCUMENTED - OURS == {"TABLE_NAME"}
    assert seen["env"]["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert seen["env"]["AWS_LAMBDA_LOG_STREAM_NAME"] == seen["stream"] == outcome.log_stream
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", outcome.log_stream)
    assert seen["memory"] == "1769" and 3000 < seen["left"] <= 5000 and seen["arn"] == spec.arn
    assert seen["cwd"] == seen["env"]["LAMBDA_TASK_ROOT"]
    assert seen["path"][0] == seen["cwd"]
    assert not [path for path in seen["path"] if "site-packages" in path and not path.startswith("/opt")] or (
        "opt" in seen["path"][1]
    )


def test_only_the_packages_of_awss_image_can_be_imported(bench: Bench) -> None:
    """What labkit itself needs (pandas, moto, requests) is not there: packaging is a real lesson."""
    spec = bench.function(
        """
        import importlib.util as u
        def handler(event, context):
            return [name for name in event if u.find_spec(name)]
        """
    )
    names = ["boto3", "botocore", "urllib3", "dateutil", "pandas", "moto", "numpy", "click", "labkit", "pip"]
    assert json.loads(bench.invoke(spec, names).payload) == ["boto3", "botocore", "urllib3", "dateutil"]


def test_layers_are_merged_into_opt_and_later_ones_win(bench: Bench) -> None:
    """/opt/python is importable; the second layer's file hides the first one's."""
    spec = bench.function("import one, two\ndef handler(e, c): return [one.x, two.x]")
    layers = []
    for number, files in enumerate([{"one": 1, "two": 1}, {"two": 2}]):
        folder = spec.code_dir.parent / f"{spec.name}-layer{number}" / "python"
        folder.mkdir(parents=True)
        for name, value in files.items():
            (folder / f"{name}.py").write_text(f"x = {value}")
        layers.append(folder.parent)
    outcome = bench.invoke(dataclasses.replace(spec, layer_dirs=tuple(layers)))
    assert json.loads(outcome.payload) == [1, 2]


def test_isolated_code_is_read_only_and_the_home_directory_is_not_there(isolated_bench: Bench) -> None:
    """AWS's paths, a user that is not root, /tmp of the configured size."""
    spec = isolated_bench.function(
        """
        import os, getpass
        def attempt(path):
            try:
                open(path, "w").close()
                return "written"
            except OSError as error:
                return error.strerror
        def handler(event, context):
            tmp = os.statvfs("/tmp")
            return [attempt("/var/task/x"), attempt("/tmp/x"), os.path.exists(event), getpass.getuser(),
                    tmp.f_frsize * tmp.f_blocks, os.getuid()]
        """,
        ephemeral_storage_mb=600,
    )
    home = os.path.expanduser("~/.profile") if os.path.exists(os.path.expanduser("~/.profile")) else __file__
    result = json.loads(isolated_bench.invoke(spec, home).payload)
    assert result == ["Read-only file system", "written", False, "sbx_user1051", 600 << 20, 993]


def test_nothing_runs_between_invocations(bench: Bench) -> None:
    """An idle environment is frozen: a background thread makes no progress until the next invocation."""
    spec = bench.function(
        """
        import threading, time
        beats = []
        def beat():
            while True:
                beats.append(time.monotonic())
                time.sleep(0.005)
        threading.Thread(target=beat, daemon=True).start()
        def handler(event, context):
            time.sleep(0.05)
            gaps = [b - a for a, b in zip(beats, beats[1:])]
            return max(gaps, default=0)
        """,
        memory_mb=1769,
    )
    bench.invoke(spec)
    pause = bench.function("import time\ndef handler(e, c): time.sleep(0.5)")
    bench.invoke(pause)
    assert float(bench.invoke(spec).payload) > 0.3


def test_cpu_follows_memory_children_included(bench: Bench) -> None:
    """CPU used is memory/1769 of a core over the invocation, however many processes share it."""
    spec = bench.function(
        '''
        import subprocess, sys, time
        BURN = """
        import time
        end = time.monotonic() + 1
        while time.monotonic() < end: pass
        print(time.process_time())
        """.replace(" " * 8, "")
        def burn():
            return subprocess.Popen([sys.executable, "-S", "-c", BURN], stdout=subprocess.PIPE)
        def handler(event, context):
            begin = time.monotonic()
            burning = [burn(), burn()]
            used = sum(float(one.communicate()[0]) for one in burning)
            return used / ((time.monotonic() - begin) * 512 / 1769)
        ''',
        memory_mb=512,
        timeout_s=20,
    )
    # Less than its share is what a busy machine has to give; more is what the limit is there to prevent.
    assert 0.3 < float(bench.invoke(spec).payload) < 1.15


def test_provisioned_environments_start_ahead_and_the_surplus_spills_over(bench: Bench) -> None:
    """No cold start for as many as are provisioned; one more is an ordinary cold start."""
    spec = bench.function(
        """
        import os, time
        def handler(event, context):
            time.sleep(0.2)
            return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
        """,
        version="1",
    )
    assert bench.keep_warm("pool", spec, 2) == [0, 1, 2]
    outcomes = bench.invoke_many(spec, 3, pool="pool")
    kinds = sorted(json.loads(outcome.payload) for outcome in outcomes)
    assert kinds == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]
    assert sum(outcome.init_ms is not None for outcome in outcomes) == 1
    bench.keep_warm("pool", None, 0)
    assert json.loads(bench.invoke(spec).payload) == "on-demand"


def test_a_provisioned_environment_that_is_lost_is_replaced(bench: Bench) -> None:
    """The machine may kill any process: the pool is full again, and nobody waits for an init."""
    spec = bench.function("def handler(event, context): return 'fine'", version="1")
    told = bench.keep_warm("lossy", spec, 2)
    first, second = bench.fleet.environments(spec.arn)
    os.kill(first.keeper_pid, signal.SIGKILL)
    bench.until(lambda: told == [0, 1, 2, 1, 2])
    assert first not in bench.fleet.environments(spec.arn) and second in bench.fleet.environments(spec.arn)
    outcomes = bench.invoke_many(spec, 2, pool="lossy")
    assert [(outcome.payload, outcome.init_ms) for outcome in outcomes] == [(b'"fine"', None)] * 2
    bench.keep_warm("lossy", None, 0)


def test_an_idle_environment_that_is_lost_takes_no_invocation(bench: Bench) -> None:
    """The next one is an ordinary cold start."""
    spec = bench.function("def handler(event, context): return 'fine'")
    bench.invoke(spec)
    (idle,) = bench.fleet.environments(spec.arn)
    os.kill(idle.keeper_pid, signal.SIGKILL)
    bench.until(lambda: idle.lost)
    again = bench.invoke(spec)
    assert again.payload == b'"fine"' and again.init_ms is not None


def _report(outcome: object) -> str:
    return next(line for line in outcome.log_tail.decode().splitlines() if line.startswith("REPORT"))  # type: ignore[attr-defined]


def test_two_updates_in_a_row_leave_later_environments_warm(bench: Bench) -> None:
    """What was replaced unused is forgotten: the newest revision is reused as ever."""
    spec = bench.function("def handler(e, c): return 1")
    bench.invoke(spec)
    newest = dataclasses.replace(spec, revision="3")
    for revision in ("2", "3"):
        bench.retire(spec, keep_revision=revision)
    first, second = bench.invoke(newest), bench.invoke(newest)
    assert first.init_ms is not None and second.init_ms is None


def test_extensions_live_and_end_in_either_shape(bench: Bench) -> None:
    """Registered before the runtime starts, told of the invocation and of the end."""
    spec = bench.function("def handler(e, c): return e")
    folder = spec.code_dir.parent / f"{spec.name}-layer" / "extensions"
    folder.mkdir(parents=True)
    file = folder / "witness"
    file.write_text(WITNESS)
    file.chmod(0o755)
    spec = dataclasses.replace(spec, layer_dirs=(folder.parent,))
    first, second = bench.invoke(spec, 1), bench.invoke(spec, 2)
    assert (first.payload, second.payload) == (b"1", b"2")
    assert first.extensions_ms is not None and second.log_stream == first.log_stream
    bench.retire(spec)
    log = bench.logs[first.log_stream]
    assert "EXTENSION\tName: witness\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n" in log
    assert [line for line in log if line.startswith("saw")] == [
        "saw INVOKE\n",
        "saw INVOKE\n",
        "saw SHUTDOWN\n",
    ]


WITNESS = """\
#!/usr/bin/env python3
import http.client, json, os
def call(method, path, body, **headers):
    link = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    link.request(method, "/2020-01-01/extension/" + path, body, names)
    answer = link.getresponse()
    return answer.getheader("Lambda-Extension-Identifier"), answer.read()
me, _ = call("POST", "register", '{"events": ["INVOKE", "SHUTDOWN"]}', Lambda_Extension_Name="witness")
kind = ""
while kind != "SHUTDOWN":
    kind = json.loads(call("GET", "event/next", None, Lambda_Extension_Identifier=me)[1])["eventType"]
    print("saw", kind, flush=True)
"""
