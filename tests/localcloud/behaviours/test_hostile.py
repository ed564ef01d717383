"""Handlers that do their worst: what the caller is told, and that nobody else is hurt."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.localcloud.conftest import Function, Functions

# Runs what the event says: one environment meets all of it, one thing after the other.
OBEY = """
def handler(event, context):
    scope = {"context": context}
    exec(event, scope)
    return scope.get("answer")
"""
ENDS: list[tuple[str, str, str]] = [
    # what the handler does, the error type, the end of the message
    ("import os; os._exit(0)", "Runtime.ExitError", "Runtime exited without providing a reason"),
    ("import sys; sys.exit(2)", "Runtime.ExitError", "Runtime exited with error: exit status 2"),
    ("import os; os.kill(os.getpid(), 9)", "Runtime.ExitError", "signal: killed"),
    ("import os; os.abort()", "Runtime.ExitError", "signal: aborted"),
    ("import ctypes; ctypes.string_at(0)", "Runtime.ExitError", "signal: segmentation fault"),
    ("b = []\nwhile True: b.append(bytearray(1 << 22))", "Runtime.ExitError", "signal: killed"),
    ("while True: pass", "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
    ("import time; time.sleep(60)", "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
    ("def f(): f()\nf()", "RecursionError", "maximum recursion depth exceeded"),
    ("raise MemoryError", "MemoryError", ""),
    ("answer = {1, 2}", "Runtime.MarshalError", "Object of type set is not JSON serializable"),
    ("answer = []\nfor _ in range(99_999): answer = [answer]", "Runtime.MarshalError", ""),
]
LIVES: list[tuple[str, Any]] = [
    ("import os; os.closerange(3, 1024)", None),
    ("import os; os.close(1); os.close(2); answer = 7", 7),
    ("print('\\x00\\x07', flush=True); import os; os.write(1, b'\\xff\\xfe half'); answer = 1", 1),
    ("print('x' * 1_000_000); answer = 2", 2),
    ("import os, signal\nfor pid in (os.getppid(), 1):\n  try: os.kill(pid, signal.SIGTERM)\n"
     "  except OSError: pass\nanswer = 3", 3),
    ("import os\nfor _ in range(3):\n  if os.fork() == 0:\n    while True: pass\nanswer = 4", 4),
    ("import threading as t, time\nfor _ in range(200): t.Thread(target=time.sleep, args=(60,)).start()\n"
     "answer = 5", 5),
    ("import os\ntry:\n  while True: os.dup(1)\nexcept OSError as error: answer = error.errno\n"
     "os.closerange(100, 1024)", 24),
]  # fmt: skip


@pytest.fixture(scope="module")
def victim(make: Functions) -> Function:
    """A well-behaved function that must not notice anything."""
    return make("def handler(event, context): return event")


@pytest.fixture(scope="module")
def obey(make: Functions) -> Function:
    return make(OBEY, Timeout=2, MemorySize=256)


@pytest.mark.parametrize(("code", "kind", "reason"), ENDS, ids=[row[0][:40] for row in ENDS])
def test_the_caller_is_told_and_the_next_invocation_works(
    obey: Function, code: str, kind: str, reason: str
) -> None:
    """AWS's error type and reason; the same function answers right afterwards."""
    answer = obey.invoke(code)
    assert answer["FunctionError"] == "Unhandled" and answer["Payload"]["errorType"] == kind
    assert reason in answer["Payload"]["errorMessage"]
    assert obey.invoke("answer = 'fine'")["Payload"] == "fine"


@pytest.mark.parametrize(("code", "expected"), LIVES, ids=[row[0][:40] for row in LIVES])
def test_what_only_makes_a_mess_is_survived(obey: Function, code: str, expected: Any) -> None:
    """The answer arrives, and the next one too, from a process that is not spoilt."""
    assert obey.invoke(code)["Payload"] == expected
    obey.invoke("import os; os._exit(1)")
    assert obey.invoke("answer = 'fine'")["Payload"] == "fine"


def test_others_are_answered_while_one_forks_and_spins(make: Functions, victim: Function) -> None:
    """A hundred spinning processes in one environment; another function is invoked all the while."""
    bomb = make(OBEY, Timeout=3, MemorySize=512)
    code = "import os\nfor _ in range(100):\n  if os.fork() == 0:\n    while True: pass\nwhile True: pass"
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(bomb.invoke(code)))
    thread.start()
    calls = 0
    while thread.is_alive():
        assert victim.invoke({"n": calls})["Payload"] == {"n": calls}
        calls += 1
    assert answers[0]["Payload"]["errorType"] in ("Sandbox.Timedout", "Runtime.ExitError")
    assert calls > 3


def test_an_event_is_handed_out_once(obey: Function) -> None:
    """A handler that asks for the next event itself is refused: it has not answered this one yet."""
    code = """
import http.client, os
link = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
link.request("GET", "/2018-06-01/runtime/invocation/next")
answer = link.getresponse()
answer = [answer.status, answer.read().decode()]
"""
    status, text = obey.invoke(code)["Payload"]
    assert status == 403 and "InvalidStateTransition" in text


def test_an_environment_whose_keeper_was_killed_is_replaced(make: Functions) -> None:
    """Where a function can reach the process above it, killing that costs only this environment."""
    function = make(OBEY, Timeout=2)
    function.invoke("import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    assert function.invoke("answer = 'fine'")["Payload"] == "fine"
    assert function.invoke("answer = 'fine'")["Payload"] == "fine"
