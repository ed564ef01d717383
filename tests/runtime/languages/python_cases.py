"""Python functions, and their events, for the differential test: what is returned, raised, logged, broken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .runtime_api import Event


@dataclass(frozen=True)
class Case:
    """A function and the events that it is given."""

    name: str
    files: Mapping[str, str]
    events: tuple[Any, ...] = ({},)
    settings: Mapping[str, Any] = field(default_factory=dict)


def returning(*expressions: str) -> str:
    """A handler that answers event 0 with the first expression, and so on."""
    answers = ", ".join(f"lambda: {expression}" for expression in expressions)
    return f"{PRELUDE}\nANSWERS = [{answers}]\ndef handler(event, context):\n    return ANSWERS[event]()\n"


PRELUDE = """
import collections, datetime, decimal, enum, logging, sys
D = decimal.Decimal
P = collections.namedtuple("P", "x y")
class Level(enum.IntEnum):
    HIGH = 3
class Odd:
    def __str__(self):
        return "odd one"
"""
RETURNS = (
    "None", "True", "0", "-1.5e300", "2**70", "'text'", "[]", "{}", "[1, [2, {'a': None}]]", "(1, 2)",
    "P(1, 2)",
    "'é 日本 \\U0001f600 \\x00 \\u2028'", "b'raw \\xff'", "bytearray(b'abc')", "{'in': b'side'}", "D('1.10')",
    "D('NaN')", "D('-NaN')", "D('Infinity')", "{'d': [D('1E+3')]}", "float('nan')", "-float('inf')",
    "{1: 2, None: 3, True: 4, 1.5: 6}", "{(1, 2): 3}", "{1, 2}", "object", "Odd()",
    "datetime.datetime(2026, 1, 2)", "Level.HIGH", "(i for i in 'ab')", "'x' * 300_000",
    "sys.stdout.write('written')", "{'a': {'b': {'c': [1, 2.0, '3']}}}",
)  # fmt: skip
RAISES = """
def chained():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise KeyError("outer") from error

def deep(n):
    return deep(n - 1) if n else 1 / 0

class Custom(ValueError):
    def __init__(self, a, b):
        super().__init__(a, b)

class Group(Exception):
    pass

def multi():
    raise ValueError("first line\\n    second line\\n\\nlast")

def unicode():
    raise RuntimeError("é 日本 \\U0001f600")

def empty():
    raise ValueError

def custom():
    raise Custom("one", 2)

def group():
    raise ExceptionGroup("several", [ValueError(1), TypeError(2)])

def nested():
    exec("raise OSError(2, 'no such thing', 'file')")

def recursion():
    return recursion()

RAISERS = [chained, lambda: deep(3), multi, unicode, empty, custom, group, nested, recursion]

def handler(event, context):
    return RAISERS[event]()
"""
LOGGING = """
import logging
log = logging.getLogger("shop.orders")
logging.warning("at import")

def handler(event, context):
    root = logging.getLogger()
    root.setLevel(event.get("level", root.level))
    logging.debug("debug"); logging.info("info %s", 1); logging.warning("warn é")
    logging.error("error\\nsecond line"); logging.critical("critical")
    logging.log(15, "between"); logging.log(99, "beyond")
    log.warning({"order": 7, "nested": {"a": [1]}})
    log.warning("extra", extra={"order_id": 7, "when": Odd()})
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("failed %s", "here")
        log.warning({"a": 1}, exc_info=True)
    print("printed", end=""); print(" é"); print("to stderr", file=__import__("sys").stderr)
    context.log("logged by context\\n")
    return root.level

class Odd:
    def __str__(self):
        return "odd one"
"""
CONTEXT = """
import os, time
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    client = context.client_context
    return [
        repr(context), 0 <= left <= 60_000, type(left).__name__, context.w3c(), context.tenant_id,
        client and [client.custom, client.env, client.client and client.client.app_title],
        context.identity.cognito_identity_id, os.environ.get("_X_AMZN_TRACE_ID"),
        event if event else repr(event),
    ]
"""
W3C = {"traceparent": "00-1", "x": "y", "baggage": 3}
CLIENT_CONTEXT = json.dumps({"client": {"app_title": "é"}, "custom": {"a": 1}, "env": {}, "w3c": W3C})
IDENTITY = json.dumps({"cognitoIdentityId": "id", "cognitoIdentityPoolId": "pool"})
CONTEXT_EVENTS = (
    {},
    Event(
        b"{}", {"Lambda-Runtime-Client-Context": CLIENT_CONTEXT, "Lambda-Runtime-Cognito-Identity": IDENTITY}
    ),
    Event(b"{}", {"Lambda-Runtime-Trace-Id": "Root=1-2-3;Sampled=1", "Lambda-Runtime-Aws-Tenant-Id": "blue"}),
    Event(b"{}", {"Lambda-Runtime-Trace-Id": "", "Lambda-Runtime-Invocation-Id": "again"}),
    Event(b"{}", {"Lambda-Runtime-Client-Context": "{no json"}),
    Event(b"{}", {"Lambda-Runtime-Cognito-Identity": "[1"}),
    Event(b"{}", {"Lambda-Runtime-Deadline-Ms": "1000"}),
    Event(b"not json"),
    Event(b""),
    Event(b'{"a": NaN, "b": 1.50, "c": "\xc3\xa9", "d": [1e400]}'),
    Event(b"\xff\xfe", {"Content-Type": "application/octet-stream"}),
)
ECHO = "def handler(event, context):\n    return event\n"
INIT_FAILURES = {
    "no such module": {"handler": "missing.handler"},
    "no such function": {"handler": "app.other"},
    "no dot": {"handler": "app"},
    "built-in module": {"handler": "sys.exit"},
    "empty module": {"handler": ".handler"},
    "two dots": {"handler": "..handler"},
    "folder": {"handler": "pkg/inner.handler"},
    "folder with dots": {"handler": "pkg.inner.handler"},
    "dotted function": {"handler": "app.Class.method"},
}
# Plain ASCII: from Python 3.12 on awslambdaric posts an init error in Latin-1, and ours in UTF-8.
BROKEN_MODULES = {
    "import error": "import not_packaged\n" + ECHO,
    "import error raised": "raise ImportError('no')\n",
    "name from module": "from json import nothing\n",
    "syntax error": "def handler(event, context)\n    return 1\n",
    "indentation": "def handler():\nreturn 1\n",
    "null byte": "x = '\0'\n",
    "raises": "def helper():\n    raise ValueError('at import')\nhelper()\n",
    "raises nothing": "raise KeyError\n",
    "exits": "import sys\nprint('bye')\nsys.exit(3)\n",
    "exits with text": "import sys\nsys.exit('no way é')\n",
    "os exit": "import os\nprint('gone', flush=True)\nos._exit(7)\n",
}
ENDING = "import os, sys\ndef handler(event, context):\n    {}\n    return event\n"
EXITS = {
    "sys.exit in handler": "print('before'); sys.exit(event)",
    "os._exit in handler": "print('before'); os._exit(5)",
    "killed": "print('x' * 70_000); os.kill(os.getpid(), 9)",
    "stdout closed": "sys.stdout.close()",
}
LOG_SETTINGS: dict[str, dict[str, Any]] = {
    "logging, text": {},
    "logging, JSON": {"log_format": "JSON"},
    "logging, JSON from DEBUG": {"log_format": "JSON", "application_log_level": "DEBUG"},
    "logging, JSON from TRACE": {"log_format": "JSON", "application_log_level": "TRACE"},
}

CASES = [
    Case("returns", {"app.py": returning(*RETURNS)}, tuple(range(len(RETURNS)))),
    Case(
        "returns in plain UTF-8", {"app.py": returning("'é'", "D('1.0')")}, (0, 1), {"runtime": "python3.13"}
    ),
    Case("raises", {"app.py": RAISES}, tuple(range(9))),
    Case("raises, JSON log", {"app.py": RAISES}, tuple(range(9)), {"log_format": "JSON"}),
    Case("context and events", {"app.py": CONTEXT}, CONTEXT_EVENTS),
    Case(
        "large event", {"app.py": "def handler(event, context):\n    return len(event)\n"}, ("x" * 5_000_000,)
    ),
    Case(
        "large answer", {"app.py": "def handler(event, context):\n    return 'x' * event\n"}, (5_000_000, 1)
    ),
    *(Case(name, {"app.py": LOGGING}, ({}, {"level": 10}), more) for name, more in LOG_SETTINGS.items()),
    Case("init fails, JSON log", {"app.py": "import not_packaged\n"}, ({},), {"log_format": "JSON"}),
    *(
        Case(name, {"app.py": ECHO, "pkg/inner.py": ECHO}, ({"a": 1},), settings)
        for name, settings in INIT_FAILURES.items()
    ),
    *(Case(name, {"app.py": source}) for name, source in BROKEN_MODULES.items()),
    *(Case(name, {"app.py": ENDING.format(body)}, (0, 3)) for name, body in EXITS.items()),
]
