"""Function errors in words: what an error payload means and what to do about it. Knows no cloud."""

from __future__ import annotations

import re
from typing import NamedTuple

from labkit.checks.functions import Answer, Function
from labkit.checks.look import NotYet


class Fault(NamedTuple):
    """An error that beginners meet: a pattern over ``type: message``, and what to do."""

    pattern: str
    next_step: str


# The first that fits is told. Groups of the pattern may be used in the advice.
FAULTS = (
    Fault(
        r"Runtime\.ImportModuleError.*No module named '(?P<module>[^']+)'",
        "The package does not have the module {module}. Put its file beside the handler, package and update.",
    ),
    Fault(r"Runtime\.ImportModuleError", "The handler's file cannot be imported: the message says why."),
    Fault(
        r"Runtime\.HandlerNotFound",
        "The Handler setting is file.function: make it agree with the file in the package.",
    ),
    Fault(
        r"Runtime\.UserCodeSyntaxError", "The handler's file is no valid Python. Mend it, update the code."
    ),
    Fault(
        r"Decimal is not JSON serializable",
        "DynamoDB gives numbers as Decimal, which json.dumps refuses. Turn them into int or float first, for "
        "instance with the argument default= of json.dumps.",
    ),
    Fault(
        r"set is not JSON serializable",
        "DynamoDB's sets are Python sets, which json.dumps refuses. Turn them into lists first.",
    ),
    Fault(
        r"Runtime\.MarshalError",
        "The answer has to be what JSON knows: dictionaries, lists, texts, numbers. A generator or what map "
        "gives is no list yet: list(…) makes it one.",
    ),
    Fault(
        r"not authorized to perform: (?P<action>\S+) on resource: (?P<resource>\S+)",
        "Allow its role exactly that: Action {action}, Resource {resource}.",
    ),
    Fault(
        r"not authorized to perform: (?P<action>\S+)",
        "Allow its role exactly that: Action {action} on the one resource that it needs.",
    ),
    Fault(
        r"ResourceNotFoundException.*(table|Requested resource)",
        "The table that the function asks for does not exist. Look at its environment variables.",
    ),
    Fault(
        r"KeyError: '?(?P<key>TABLE_NAME)",
        "The function has no environment variable {key}. Set it.",
    ),
    Fault(
        r"Attempt to overwrite '(?P<key>[^']+)' in LogRecord",
        "Python's logging uses {key} itself: name that key of extra otherwise.",
    ),
    Fault(
        r"KeyError: '(?P<key>[^']+)'",
        "The handler takes {key!r} from something that does not have it. An event names the photo as "
        "event['photo_id']; DynamoDB's answer has no 'Item' for an unknown key.",
    ),
    Fault(
        r"Task timed out|Sandbox\.Timedout",
        "The function did not answer within its Timeout. Raise it, or find what it waits for.",
    ),
    Fault(
        r"Runtime\.ExitError|signal: killed",
        "The function's process ended. Give it more memory, and read its log.",
    ),
)


def advice(error_text: str) -> str:
    """What to do about a function error."""
    for fault in FAULTS:
        if found := re.search(fault.pattern, error_text, re.S):
            return fault.next_step.format(**found.groupdict())
    return "Read the function's log, mend the code, update the function and invoke it again."


def no_error(function: Function, answer: Answer, doing: str) -> Answer:
    """The answer, if the function did not fail.

    Args:
        doing: what it was asked for, as in ``asked for a photo that exists``.

    Raises:
        NotYet: it failed; says how, and what to do.
    """
    if answer.error is None:
        return answer
    raise NotYet(
        f"{function.name}, {doing}, ended in a function error: {answer.error_text}",
        "an answer",
        advice(answer.error_text),
    )
