"""Extensions in Python for tests: what they do at which moment is filled in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.localcloud.conftest import Function, Functions, zipped

# Registers, then prints each event; EXTRA goes where it says.
EXTENSION = """\
#!/usr/bin/python3 -u
import http.client, json, os, sys, time
API, NAME = os.environ["AWS_LAMBDA_RUNTIME_API"], os.path.basename(__file__)
def call(method, path, body=None, **headers):
    link = http.client.HTTPConnection(API)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    link.request(method, path, body=json.dumps(body) if body is not None else None, headers=headers)
    answer = link.getresponse()
    return answer, answer.read().decode()
def say(line):  # in one piece: another thread may be writing, too
    sys.stdout.write(line + "\\n")
BASE = "/2020-01-01/extension/"
def register(events, name=NAME, **headers):
    return call("POST", BASE + "register", {"events": events}, Lambda_Extension_Name=name, **headers)
def ask():
    return json.loads(call("GET", BASE + "event/next", Lambda_Extension_Identifier=ID)[1])
#BEFORE
answer, text = register(EVENTS)
ID = answer.getheader("Lambda-Extension-Identifier")
#REGISTERED
while True:
    event = ask()
    say(f"{NAME} got {json.dumps(event)}")
    #EVENT
    if event["eventType"] == "SHUTDOWN":
        sys.exit(0)
"""
HANDLER = "def handler(event, context):\n    print('handled')\n    return event"


def extension(events: str = '["INVOKE", "SHUTDOWN"]', **parts: str) -> str:
    """The source of an extension with code at its marked places."""
    text = EXTENSION.replace("register(EVENTS)", f"register({events})")
    for marker, code in parts.items():
        indent = "    " if marker == "EVENT" else ""
        text = text.replace(f"{indent}#{marker}", "\n".join(indent + line for line in code.splitlines()))
    return text


def layered(make: Functions, sources: dict[str, str], handler: str = HANDLER, **settings: Any) -> Function:
    """A function with a layer of extensions: name and source."""
    files = {f"extensions/{name}": source for name, source in sources.items()}
    layer = make.lambda_.publish_layer_version(
        LayerName="extensions", Content={"ZipFile": zipped(files, executable="extensions/")}
    )
    return make(handler, Layers=[layer["LayerVersionArn"]], **settings)


def until(function: Function, found: Callable[[str], bool], seconds: float = 60) -> str:
    """The function's log once something is in it."""
    deadline = time.monotonic() + seconds
    while not found(log := "".join(function.log())):
        assert time.monotonic() < deadline, log
    return log
