"""InvokeWithResponseStream through boto3: what arrives, when, and how it ends."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.conftest import Function, Functions

node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not on this machine")
NODE = {"Runtime": "nodejs22.x", "Handler": "index.handler"}
# Speaks the streaming Runtime API: a first piece at once, then what the event says.
BOOTSTRAP = """\
#!/usr/bin/python3 -u
import http.client, json, os, socket, time
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    link = http.client.HTTPConnection(api)
    link.request("GET", "/2018-06-01/runtime/invocation/next")
    work = link.getresponse()
    event, request_id = json.loads(work.read()), work.getheader("Lambda-Runtime-Aws-Request-Id")
    link = http.client.HTTPConnection(api)
    link.putrequest("POST", f"/2018-06-01/runtime/invocation/{request_id}/response")
    link.putheader("Lambda-Runtime-Function-Response-Mode", event.get("mode", "streaming"))
    link.putheader("Transfer-Encoding", "chunked")
    link.putheader("Content-Type", "text/plain")
    link.putheader("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
    link.endheaders()
    def send(text):
        link.send(b"%x\\r\\n%b\\r\\n" % (len(text), text))
    send(b"first ")
    if event.get("wait_for"):
        socket.create_connection(("127.0.0.1", event["wait_for"])).recv(1)
    if event.get("exit"):
        os._exit(3)
    if event.get("sleep"):
        time.sleep(event["sleep"])
    send(b"x" * event.get("size", 0) + b"last")
    link.send(b"0\\r\\n")
    if event.get("trailers"):
        link.send(b"Lambda-Runtime-Function-Error-Type: Demo.Broken\\r\\n"
                  b"Lambda-Runtime-Function-Error-Body: eyJlcnJvclR5cGUiOiJEZW1vLkJyb2tlbiJ9\\r\\n")
    link.send(b"\\r\\n")
    print("answer", link.getresponse().read().decode())
"""


@pytest.fixture(scope="module")
def streaming(make: Functions) -> Function:
    """A custom runtime that streams."""
    return make({"bootstrap": BOOTSTRAP}, Runtime="provided.al2023", Handler="any", Timeout=3)


def open_stream(function: Function, event: Any = None, **options: Any) -> Any:
    return function.lambda_.invoke_with_response_stream(
        FunctionName=function.name, Payload=json.dumps(event).encode(), **options
    )


def read(function: Function, event: Any = None, **options: Any) -> tuple[bytes, dict[str, Any]]:
    """All that was streamed, and the members of InvokeComplete."""
    events = list(open_stream(function, event, **options)["EventStream"])
    assert [name for event in events[:-1] for name in event] == ["PayloadChunk"] * (len(events) - 1)
    return b"".join(event["PayloadChunk"]["Payload"] for event in events[:-1]), events[-1]["InvokeComplete"]


def test_a_function_that_does_not_stream_answers_in_one_piece(make: Functions) -> None:
    """One PayloadChunk, then InvokeComplete with the log; the headers are Invoke's."""
    function = make("def handler(event, context): return event")
    answer = open_stream(function, {"n": 1}, LogType="Tail")
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    chunk, complete = list(answer["EventStream"])
    assert json.loads(chunk["PayloadChunk"]["Payload"]) == {"n": 1}
    log = base64.b64decode(complete["InvokeComplete"]["LogResult"]).decode()
    assert set(complete["InvokeComplete"]) == {"LogResult"} and "REPORT RequestId" in log


def test_a_failure_before_the_first_piece_is_only_an_unhandled_end(make: Functions) -> None:
    """No chunk; ErrorCode Unhandled, ErrorDetails the error object."""
    body, complete = read(make("def handler(event, context): raise ValueError('no')"))
    assert body == b"" and complete["ErrorCode"] == "Unhandled"
    assert json.loads(complete["ErrorDetails"])["errorType"] == "ValueError"


def test_the_first_piece_arrives_before_the_function_is_done(streaming: Function) -> None:
    """The function goes on only after its first piece was read."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        events = iter(open_stream(streaming, {"wait_for": port})["EventStream"])
        assert next(events)["PayloadChunk"]["Payload"] == b"first "
        with door.accept()[0] as waiting:
            waiting.sendall(b"!")
        assert [next(iter(event)) for event in events] == ["PayloadChunk", "InvokeComplete"]


@pytest.mark.parametrize(
    ("event", "code", "details"),
    [
        ({"trailers": True}, "Unhandled", "Demo.Broken"),
        ({"exit": True}, "Runtime.TruncatedResponse", "Runtime.ExitError"),
        ({"sleep": 30}, "Sandbox.Timedout", "Sandbox.Timedout"),
    ],
)
def test_what_breaks_a_stream_off_is_told_at_its_end(
    streaming: Function, event: dict[str, Any], code: str, details: str
) -> None:
    """The pieces before it arrive; InvokeComplete names the reason."""
    body, complete = read(streaming, event)
    assert body.startswith(b"first ")
    assert complete["ErrorCode"] == code
    assert json.loads(complete["ErrorDetails"])["errorType"] == details


def test_a_plain_invoke_collects_what_is_streamed(streaming: Function) -> None:
    """The same function answers Invoke with all pieces in one body, up to 6 MB."""
    answer = streaming.lambda_.invoke(FunctionName=streaming.name, Payload=b'{"size": 100000}')
    assert answer["Payload"].read() == b"first " + b"x" * 100_000 + b"last"
    large = streaming.invoke({"size": 7_000_000})
    assert large["FunctionError"] == "Unhandled"
    assert large["Payload"]["errorType"] == "Function.ResponseSizeTooLarge"
    failed = streaming.invoke({"trailers": True})
    assert failed["FunctionError"] == "Unhandled" and failed["Payload"] == {"errorType": "Demo.Broken"}


def test_another_response_mode_is_refused(streaming: Function) -> None:
    """Only ``streaming`` may be named."""
    answer = streaming.invoke({"mode": "trickling"})
    assert answer["Payload"]["errorType"] == "Runtime.InvalidResponseModeHeader"


def test_many_streams_at_once_keep_their_bytes_apart(streaming: Function) -> None:
    """Four callers, megabytes each, all whole."""
    bodies: list[bytes] = []
    size = {"size": 3_000_000}
    threads = [threading.Thread(target=lambda: bodies.append(read(streaming, size)[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [b"first " + b"x" * 3_000_000 + b"last"] * 4


def test_the_function_runs_on_when_its_reader_goes_away(streaming: Function) -> None:
    """As on AWS: the invocation ends well, and its environment takes the next one."""
    answer = open_stream(streaming, {"size": 3_000_000})
    request_id = answer["ResponseMetadata"]["RequestId"]
    answer["EventStream"].close()
    start, deadline = f"REPORT RequestId: {request_id}", time.monotonic() + 60
    while not (reports := [line for line in streaming.log() if line.startswith(start)]):
        assert time.monotonic() < deadline, "the invocation did not end"
    assert "Status" not in reports[0]
    assert read(streaming, {})[0] == b"first last"


def test_dry_run_throttle_and_wrong_names_answer_before_any_stream(make: Functions) -> None:
    """204 without running; 429 and 404 as Invoke has them; Event is not an invocation type of streams."""
    function = make("def handler(event, context): return 1")
    answer = open_stream(function, InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        function.lambda_.invoke_with_response_stream(FunctionName="nobody")
    function.lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        open_stream(function)


@node
def test_node_streams_with_streamify_response(make: Functions) -> None:
    """awslambda.streamifyResponse, pipeline and HttpResponseStream with its prelude."""
    source = """
        const { pipeline } = require('node:stream/promises');
        const { Readable } = require('node:stream');
        exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
          if (event.fail) { stream.write('begun '); throw new TypeError('later'); }
          if (event.http) stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
          else stream.setContentType('text/plain');
          await pipeline(Readable.from(['a', 'b', 'c']), stream);
        });
        """
    function = make({"index.js": source}, **NODE)
    assert read(function, {}) == (b"abc", {})
    assert read(function, {"http": True})[0] == b'{"statusCode":201}' + bytes(8) + b"abc"
    body, complete = read(function, {"fail": True})
    assert body == b"begun " and complete["ErrorCode"] == "Unhandled"
    assert json.loads(complete["ErrorDetails"])["errorType"] == "TypeError"
    assert function.lambda_.invoke(FunctionName=function.name)["Payload"].read() == b"abc"
