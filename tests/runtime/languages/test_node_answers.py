"""How Node.js handlers answer and fail: promises, callbacks, streams and errors that nobody catches."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .functions import function, launch_of, run
from .node_functions import BOTH, ID, NEEDS_NODE, NEW, OLD, TIME, call

pytestmark = NEEDS_NODE


THROWING = """
class OrderError extends Error {
  constructor(message) { super(message); this.name = "OrderError"; this.orderId = 7; }
}
const throwers = [
  () => { throw new OrderError("no stock \\u00e9", {}); },
  () => { throw "text"; },
  () => { throw {code: 1}; },
  () => { throw undefined; },
  () => { throw new Error("outer", {cause: new Error("inner")}); },
  () => 10n,
  () => { const a = {}; a.a = a; return a; },
  () => { const deep = () => deep(); return deep(); },
];
export const handler = async (event) => throwers[event]();
"""


@BOTH
def test_a_handler_that_throws_is_answered_with_awss_error(
    runtime: str, tmp_path: Path, cache_dir: Path
) -> None:
    """errorType, errorMessage and trace; what is no Error is named by its type; the next event is served."""
    done = call(tmp_path, cache_dir, THROWING, tuple(range(8)), runtime=runtime)
    assert [post.what for post in done.posts] == ["error"] * 8
    stringify = "Error" if runtime == OLD else "Runtime.JSONStringifyError"
    assert [(error["errorType"], error["errorMessage"]) for error in done.answers] == [
        ("OrderError", "no stock é"),
        ("string", "text"),
        ("object", "[object Object]"),
        ("string", "handled") if runtime == OLD else ("undefined", "undefined"),
        ("Error", "outer"),
        (stringify, "Unable to stringify response body"),
        (stringify, "Unable to stringify response body"),
        ("RangeError", "Maximum call stack size exceeded"),
    ]
    assert done.answers[0]["trace"][0] == "OrderError: no stock é"
    assert f"file://{tmp_path}/task/app.mjs:6:" in done.answers[0]["trace"][1]
    assert done.answers[1]["trace"] == []
    cause = json.loads(done.posts[0].headers["lambda-runtime-function-xray-error-cause"].encode("latin-1"))
    assert cause["exceptions"][0]["type"] == "OrderError"
    line = next(line for line in done.log.decode().split("\n") if "OrderError" in line)
    head, _, details = line.partition("\tInvoke Error \t")
    assert re.fullmatch(rf"{TIME}\t{ID}\tERROR", head)
    logged = json.loads(details)
    assert (logged["errorType"], logged["orderId"], logged["stack"][0]) == (
        "OrderError", 7, "OrderError: no stock é",
    )  # fmt: skip


CALLBACKS = """
exports.handler = (event, context, callback) => {
  const kinds = {
    answer: () => callback(null, "called back"),
    fails: () => callback(new TypeError("told")),
    failsWithText: () => callback("told"),
    throws: () => { throw new TypeError("thrown"); },
    waits: () => { callback(null, "waited"); setTimeout(() => console.log("was waited for"), 150); },
    hurries: () => {
      context.callbackWaitsForEmptyEventLoop = false;
      setTimeout(() => console.log("nobody waits"), 60000);
      callback(null, "hurried");
    },
    never: () => setTimeout(() => console.log("last words"), 50),
    twice: () => { callback(null, "first"); callback(null, "second"); },
    succeed: () => context.succeed("succeeded"),
    fail: () => context.fail(new Error("failed")),
    failWithNothing: () => context.fail(),
    done: () => context.done(null, "done"),
    later: () => setTimeout(() => callback(null, "later"), 20),
    value: () => "returned value",
    promise: () => Promise.resolve("promised"),
  };
  return kinds[event]();
};
"""
CALLED_BACK = {
    "answer": "called back",
    "fails": ("TypeError", "told"),
    "failsWithText": ("string", "told"),
    "throws": ("TypeError", "thrown"),
    "waits": "waited",
    "never": None,
    "twice": "first",
    "succeed": "succeeded",
    "fail": ("Error", "failed"),
    "failWithNothing": ("string", "handled"),
    "done": "done",
    "later": "later",
    "value": None,
    "promise": "promised",
    "hurries": "hurried",
}


def test_callbacks_work_up_to_22(tmp_path: Path, cache_dir: Path) -> None:
    """The first way to answer counts; by default the answer waits for an empty event loop."""
    done = call(tmp_path, cache_dir, "", tuple(CALLED_BACK), files={"app.js": CALLBACKS}, runtime=OLD)
    answers = [
        answer if post.what == "response" else (answer["errorType"], answer["errorMessage"])
        for post, answer in zip(done.posts, done.answers, strict=True)
    ]
    assert dict(zip(CALLED_BACK, answers, strict=True)) == CALLED_BACK
    log = done.log.decode()
    assert "was waited for" in log
    assert "last words" in log
    assert "nobody waits" not in log
    assert "WARN\tAWS Lambda plans to remove support for callback-based function handlers" in log


def test_callbacks_are_refused_from_24_on(tmp_path: Path, cache_dir: Path) -> None:
    """A third parameter is enough: the function cannot start."""
    done = call(tmp_path, cache_dir, "", files={"app.js": CALLBACKS})
    [post] = done.posts
    assert (post.what, post.json["errorType"]) == ("init/error", "Runtime.CallbackHandlerDeprecated")
    assert post.json["errorMessage"].startswith("ERROR: AWS Lambda has removed support for callback-based")
    assert '"name":"Runtime.CallbackHandlerDeprecated"' in done.lines[-1]


def test_a_value_that_is_returned_without_a_promise_is_the_answer_from_24_on(
    tmp_path: Path, cache_dir: Path
) -> None:
    """Up to 22 only promises and callbacks answer, and the caller gets null."""
    source = "export const handler = (event) => event"
    assert call(tmp_path, cache_dir, source, (5,)).answers == [5]
    assert call(tmp_path / "old", cache_dir, source, (5,), runtime=OLD).answers == [None]


@BOTH
def test_a_promise_that_nobody_can_settle_is_an_error(runtime: str, tmp_path: Path, cache_dir: Path) -> None:
    """The event loop is empty and the answer will never come; the next event is served."""
    source = "export const handler = async (event) => event || new Promise(() => {})"
    done = call(tmp_path, cache_dir, source, (0, 1), runtime=runtime)
    assert done.answers[0]["errorType"] == "Runtime.NodeJsExit"
    assert "a Promise that was never settled" in done.answers[0]["errorMessage"]
    assert done.answers[1] == 1


LOOSE = {
    "rejection": "Promise.reject(new TypeError('loose'))",
    "exception": "setTimeout(() => { throw new TypeError('loose') })",
}


@pytest.mark.parametrize("kind", LOOSE)
@BOTH
def test_an_error_that_nobody_catches_ends_the_process(
    kind: str, runtime: str, tmp_path: Path, cache_dir: Path
) -> None:
    """Up to 22 it is the answer, too; from 24 on Node.js ends the process by itself."""
    wait = "await new Promise((resolve) => setTimeout(resolve, 9000))"
    source = f"export const handler = async () => {{ {LOOSE[kind]}; {wait} }}"
    done = call(tmp_path, cache_dir, source, runtime=runtime)
    if runtime == NEW:
        assert (done.posts, done.exit_code) == ([], 1)
        assert "TypeError: loose" in done.log.decode()
        return
    [post] = done.posts
    [line] = done.log.decode().strip().split("\n")
    if kind == "rejection":
        assert done.exit_code == 128
        assert post.json["errorType"] == "Runtime.UnhandledPromiseRejection"
        assert post.json["errorMessage"] == "TypeError: loose"
        logged = json.loads(line.partition("\tERROR\tUnhandled Promise Rejection \t")[2])
        assert logged["reason"]["errorType"] == "TypeError"
    else:
        assert done.exit_code == 129
        assert (post.json["errorType"], post.json["errorMessage"]) == ("TypeError", "loose")
        assert "\tERROR\tUncaught Exception \t" in line


STREAMING = """
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
const kinds = {
  plain: async (stream) => {
    stream.setContentType("text/plain");
    stream.write("one ");
    stream.write("two");
    stream.end();
  },
  http: async (stream) => {
    const metadata = { statusCode: 201, headers: { "X-A": "1" } };
    stream = awslambda.HttpResponseStream.from(stream, metadata);
    await pipeline(Readable.from(["a", "b"]), stream);
  },
  object: async (stream) => { stream.write({ a: 1 }); stream.end(); },
  fails: async (stream) => { stream.write("begun"); throw new TypeError("midway"); },
  open: async (stream) => { stream.write("begun"); },
  sync: (stream) => { stream.end(); },
};
export const handler = awslambda.streamifyResponse((event, stream, context) => kinds[event](stream));
"""


@BOTH
def test_an_error_after_the_answer_ends_the_process_at_once(
    runtime: str, tmp_path: Path, cache_dir: Path
) -> None:
    """Not only when the next event comes: the platform then starts anew."""
    source = "export const handler = async () => { setTimeout(() => Promise.reject(new Error('late')), 50) }"
    spec = function(tmp_path, {"app.mjs": source}, runtime=runtime)
    done = run(spec, launch_of(spec, cache_dir), linger_s=20)
    assert done.posts[0].what == "response"
    assert done.exit_code == (128 if runtime == OLD else 1)
    assert "late" in done.log.decode()


@BOTH
def test_a_streamed_response_arrives_as_it_was_written(runtime: str, tmp_path: Path, cache_dir: Path) -> None:
    """In chunks; errors come as trailers, since the answer had begun."""
    events = ("plain", "http", "object", "fails", "open", "sync", "plain")
    posts = call(tmp_path, cache_dir, STREAMING, events, runtime=runtime).posts
    by_event = dict(zip(events, posts, strict=True))
    assert {post.what for post in posts} == {"response"}
    assert {post.headers["lambda-runtime-function-response-mode"] for post in posts} == {"streaming"}
    assert by_event["plain"].body == b"one two"
    assert by_event["plain"].headers["content-type"] == "text/plain"
    metadata, body = by_event["http"].body.split(bytes(8))
    assert (json.loads(metadata), body) == ({"statusCode": 201, "headers": {"X-A": "1"}}, b"ab")
    kind = "application/vnd.awslambda.http-integration-response"
    assert by_event["http"].headers["content-type"] == kind
    assert by_event["object"].body == b'{"a":1}'
    trailers = by_event["fails"].trailers
    assert trailers["lambda-runtime-function-error-type"] == "TypeError"
    assert by_event["open"].trailers["lambda-runtime-function-error-type"] == "string"
