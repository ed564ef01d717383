"""What a kernel shows of errors that end cells: the learner's own lines, and what to do next.

`labkit start` has IPython load it in every kernel, before any cell has run.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any

RUN_ABOVE = (
    "If {name!r} comes from a cell above: a kernel that was restarted knows nothing of what ran before. "
    "Choose Run > Run All Above Selected Cell, then run this cell again. Cells may be run twice; your files, "
    "your progress and what you built in the cloud are still there."
)
NOT_THERE = (
    "It is not there: not made yet, deleted, or gone with a cloud that was stopped. Run the cells above that "
    "make it (they may be run again), then this one. Names in a lab begin with its prefix: "
    'lab.name("photos") gives the whole name.'
)
ABSENT = ("NotFound", "NoSuch", "DoesNotExist", "NonExistent")
# What AWS and its SDK say, and what beginners need to hear beside it.
SAID = {
    r"does not have permissions to call": (
        "The function's own role must be allowed that first: give it a policy (iam.put_role_policy with a "
        "name of its own, or iam.attach_role_policy), then run this cell again. If you have just done so, "
        "IAM needs some seconds: lab.eventually(call, …) makes a call again until it is accepted."
    ),
    r"Unable to validate the following destination configurations": (
        "S3 asks first whether it may call what the notification names. Give it the permission before: for "
        'this bucket, by its whole name (lab.name("uploads")), and for this account.'
    ),
    r"\(\w*(Conflict|AlreadyExists)\w*\).*already exists?": (
        "It is there already, perhaps from an earlier run of this cell. Leave this call out, or change what "
        "is there: beside create_… a client has update_… and delete_…."
    ),
    r"An update is in progress for resource": (
        "The last change is still under way. Wait for it before the next one: "
        'lab.wait("lambda", "function_updated_v2", FunctionName=…).'
    ),
    r"type: <class 'float'>, valid types: <class 'int'>": (
        "This parameter is a whole number: math.ceil(…) rounds up."
    ),
    r"UnreservedConcurrentExecution below its minimum": (
        "That is more than the account can spare: some are always left for functions without a reservation. "
        "Is the number right? A duration in ms is a thousand times what it is in seconds."
    ),
    r"type: <class 'dict'>, valid types: <class 'str'>": (
        "This parameter is text: json.dumps(…) turns a dict into JSON text."
    ),
    r"Invalid type for parameter (?:Item|Key)\.": (
        'DynamoDB\'s client wants each value with its type: {"S": "a text"}, {"N": "2"}, {"BOOL": True}.'
    ),
    r"failed to satisfy constraint: .*regular expression pattern: \S*arn:": (
        "The whole ARN is wanted here, neither a name nor a URL."
    ),
}
NOT_THE_LEARNERS = ("IPython", "boto3", "botocore", "labkit")


def next_step(error: BaseException) -> str | None:
    """What to do about an error that ended a cell; None if it says enough itself."""
    if isinstance(error, NameError) and error.name:
        return RUN_ABOVE.format(name=error.name)
    response = getattr(error, "response", None)  # botocore's ClientError, without importing botocore
    said = response.get("Error", {}) if isinstance(response, dict) else {}
    if any(word in str(said.get("Code", "")) for word in ABSENT):
        return NOT_THERE
    if not _of_the_sdk(error):
        return None
    return next((step for pattern, step in SAID.items() if re.search(pattern, str(error))), None)


def own_lines(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without what goes on inside boto3 and labkit; the whole of it if that leaves nothing."""
    kept, part = [], trace
    while part is not None:
        if part.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in NOT_THE_LEARNERS:
            kept.append(part)
        part = part.tb_next
    shown = None
    for part in reversed(kept):
        shown = TracebackType(shown, part.tb_frame, part.tb_lasti, part.tb_lineno)
    return shown or trace


def load_ipython_extension(shell: Any) -> None:
    """Adds the next step to errors that end cells, and leaves out the insides of the SDK."""

    def show(shell: Any, kind: Any, error: BaseException, trace: Any, tb_offset: int | None = None) -> None:
        if step := next_step(error):
            error.add_note(step)
        if _of_the_sdk(error):
            trace, tb_offset = own_lines(trace), 0
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset, running_compiled_code=True)

    shell.set_custom_exc((Exception,), show)


def _of_the_sdk(error: BaseException) -> bool:
    """Told without importing it."""
    return type(error).__module__.startswith("botocore.")
