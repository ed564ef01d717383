"""The Telemetry API through boto3: what an extension is told of the environment it lives in."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest

from tests.localcloud.conftest import Functions
from tests.localcloud.extension_sources import HANDLER, extension, layered, until

LISTENER = """
import http.server, threading
class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        for event in json.loads(self.rfile.read(int(self.headers["Content-Length"]))):
            received.append(event)
            say(f"received {json.dumps(event)}") if event["type"] != "extension" else None
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_): pass
received = []
server = http.server.ThreadingHTTPServer(("sandbox.localdomain", 4243), Listener)
threading.Thread(target=server.serve_forever, daemon=True).start()
def subscribe(**changes):
    body = {"schemaVersion": "2022-12-13", "types": ["platform", "function", "extension"],
            "buffering": {"timeoutMs": 25},
            "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:4243"}} | changes
    answer, text = call("PUT", PATH, body, Lambda_Extension_Identifier=ID)
    print("subscribed", answer.status, text)
PATH = "/2022-07-01/telemetry"
subscribe()
"""


@pytest.fixture(scope="module")
def own_name(cloud: Any) -> None:
    """Where there are no namespaces, nobody can listen on sandbox.localdomain."""
    topics = {row["topic"]: row["local"] for row in cloud.state.call("GET", "/_labkit/fidelity")["rows"]}
    if not topics["files"].startswith("own root"):
        pytest.skip(topics["files"])


@pytest.mark.usefixtures("own_name")
def test_telemetry_reaches_the_extension_from_the_first_event_on(make: Functions) -> None:
    """platform.* events in AWS's schema, function lines; TELEMETRY line in the log."""
    handler = "import time\nprint('loading')\n" + HANDLER.replace("return", "time.sleep(0.1)\n    return")
    function = layered(make, {"telemetry": extension(REGISTERED=LISTENER)}, handler)
    function.invoke({"n": 1})
    # What is left is delivered when the environment runs again, as on AWS.
    log = until(function, lambda log: bool(function.invoke()) and '"platform.report"' in log)
    assert 'subscribed 200 "OK"' in log
    assert "TELEMETRY\tName: telemetry\tState: Subscribed\tTypes: [Platform, Function, Extension]\n" in log
    events = [json.loads(text) for text in re.findall(r"received (\{.*\})", log)]
    kinds = [event["type"] for event in events]
    wanted = [
        "platform.initStart", "platform.telemetrySubscription", "function", "platform.initRuntimeDone",
        "platform.extension", "platform.initReport", "platform.start", "platform.runtimeDone",
        "platform.report",
    ]  # fmt: skip
    assert [kind for kind in dict.fromkeys(kinds) if kind in wanted] == wanted
    done = next(event for event in events if event["type"] == "platform.runtimeDone")["record"]
    assert set(done) == {"requestId", "status", "metrics", "spans"} and done["status"] == "success"
    assert done["metrics"]["producedBytes"] == len('{"n": 1}') and done["metrics"]["durationMs"] > 0
    assert [span["name"] for span in done["spans"]] == [
        "responseLatency",
        "responseDuration",
        "runtimeOverhead",
    ]
    assert "handled\n" in [event["record"] for event in events if event["type"] == "function"]


REFUSED = [
    ("subscribe(types=['everything'])", 400, "types must be an array of some of platform"),
    ("subscribe(schemaVersion='1999-01-01')", 400, "schemaVersion must be one of"),
    ("subscribe(buffering={'maxItems': 1})", 400, "buffering.maxItems must be a number from 1000 to 10000"),
    ("subscribe(destination={'protocol': 'HTTP', 'URI': 'http://example.com'})", 400, "sandbox.localdomain"),
    ("subscribe(destination={'protocol': 'UDP'})", 400, "HTTP or TCP"),
    ("PATH = '/2020-08-15/logs'\nsubscribe()", 403, "Subscribe with the Telemetry API"),
]


def test_subscriptions_that_cannot_be_are_refused(make: Functions) -> None:
    """Wrong types, schemas, buffers and destinations; the Logs API, with what to use instead."""
    calls = "\n".join(row[0] for row in REFUSED)
    source = LISTENER.partition("server =")[0] + LISTENER.partition("daemon=True).start()")[2]
    function = layered(
        make, {"wrong": extension(REGISTERED=source.replace("\nsubscribe()\n", f"\n{calls}\n"))}
    )
    function.invoke()
    said = [line for line in function.log() if line.startswith("subscribed")]
    for line, (_, status, text) in zip(said, REFUSED, strict=True):
        assert line.startswith(f"subscribed {status}") and text in line


@pytest.mark.usefixtures("own_name")
def test_two_environments_listen_on_the_same_port(make: Functions) -> None:
    """sandbox.localdomain is an address of its own in each environment."""
    handler = "import time\ndef handler(event, context):\n    time.sleep(0.5)\n    return 'done'"
    function = layered(make, {"telemetry": extension(REGISTERED=LISTENER)}, handler)
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(function.invoke()["Payload"])) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["done", "done"]
