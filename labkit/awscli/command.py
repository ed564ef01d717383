"""From recorded calls to commands: which words, which files, which waits, in which order."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labkit.awscli.call import Call
from labkit.awscli.files import File, Files
from labkit.awscli.names import command_name, exists, option, subcommand
from labkit.awscli.options import made
from labkit.awscli.values import scalar

_LINE_CHARACTERS = 100

# Until these are done the next command may be refused: boto3 code waits, and so must a script.
# The waiter, and the parameter of the call that it takes over. Source: botocore's waiters-2.json.
_WAITS = {
    ("lambda", "CreateFunction"): ("function-active-v2", "FunctionName"),
    ("lambda", "UpdateFunctionCode"): ("function-updated-v2", "FunctionName"),
    ("lambda", "UpdateFunctionConfiguration"): ("function-updated-v2", "FunctionName"),
    ("iam", "CreateRole"): ("role-exists", "RoleName"),
    ("dynamodb", "CreateTable"): ("table-exists", "TableName"),
    ("dynamodb", "DeleteTable"): ("table-not-exists", "TableName"),
    ("s3", "CreateBucket"): ("bucket-exists", "Bucket"),
    ("kinesis", "CreateStream"): ("stream-exists", "StreamName"),
}


@dataclass(frozen=True)
class Command:
    """One command of the AWS CLI; without words it is only a comment on what the CLI cannot do.

    Attributes:
        groups: the command and its options, one group a line when it is long: ``("--layers", "a", "b")``.
        files: what it reads, in the folder where it runs.
        comments: shell comments that come before it.
    """

    groups: tuple[tuple[str, ...], ...]
    files: tuple[File, ...] = ()
    comments: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """The words as a process gets them, without shell quoting."""
        return tuple(word for group in self.groups for word in group)

    @property
    def line(self) -> str:
        """The command on one line, quoted for a POSIX shell, without comments and files."""
        return shlex.join(self.argv)

    def text(self) -> str:
        """The command as a person would write it: comments, files that it needs, lines that fit."""
        before = [*self.comments, *(line for file in self.files for line in file.lines)]
        return "\n".join([*before, *self._lines()])

    def _lines(self) -> list[str]:
        if len(self.line) <= _LINE_CHARACTERS:
            return [self.line] if self.groups else []
        return [" \\\n  ".join(shlex.join(group) for group in self.groups)]


def commands(
    calls: Iterable[Call], *, endpoint_url: str | None = None, waits: bool = True
) -> tuple[Command, ...]:
    """The commands that do what the calls did, in order.

    Args:
        calls: recorded calls (``Recorder.calls``).
        endpoint_url: added to every command as ``--endpoint-url``; version 1 of the CLI needs it for some
            services where version 2 and boto3 read ``AWS_ENDPOINT_URL``.
        waits: add ``aws … wait …`` after what takes a moment to be ready.
    """
    endpoint = () if endpoint_url is None else ("--endpoint-url", endpoint_url)
    files = Files()
    done: list[Command] = []
    for call in calls:
        done.append(_command(call, files, endpoint))
        if waits and call.refused < call.times and (wait := _wait(call, endpoint)):
            done.append(wait)
    return tuple(done)


def script(wanted: Sequence[Command]) -> str:
    """The commands as one text that a shell runs, a blank line around those that take several lines."""
    parts: list[str] = []
    for command in wanted:
        text = command.text()
        if parts and ("\n" in text or "\n" in parts[-1]):
            parts.append("")
        parts.append(text)
    return "\n".join(parts)


def _command(call: Call, files: Files, endpoint: tuple[str, ...]) -> Command:
    if not exists(call.service, call.operation):
        sentence = f"# the AWS CLI has no command for {call.operation} of {call.service}: use an SDK"
        return Command((), comments=(sentence,))
    members = {} if call.model.input_shape is None else call.model.input_shape.members
    options = [made(call, name, value, files) for name, value in call.params.items() if name in members]
    head = ("aws", *endpoint, command_name(call.service), subcommand(call.operation))
    groups = _with_outfile(call, [group for one in options for group in one.groups])
    comments = [*_call_comments(call), *(comment for one in options for comment in one.comments)]
    return Command((head, *groups), tuple(file for one in options for file in one.files), tuple(comments))


def _wait(call: Call, endpoint: tuple[str, ...]) -> Command | None:
    known = _WAITS.get((call.service, call.operation))
    if known is None or known[1] not in call.params:
        return None
    waiter, member = known
    head = ("aws", *endpoint, command_name(call.service), "wait", waiter)
    return Command((head, (option(call.service, call.operation, member), scalar(call.params[member]))))


def _call_comments(call: Call) -> list[str]:
    comments = []
    if call.times > 1:
        comments.append(f"# called {call.times:,} times with these parameters")
    if call.refused:
        count = "" if call.times == 1 else f"{call.refused:,} of {call.times:,} calls "
        comments.append(f"# {count}failed: {call.error}")
    if call.params.get("LogType") == "Tail":
        comments.append("# for the log: add --query LogResult --output text | base64 --decode")
    return comments


def _with_outfile(call: Call, groups: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Operations that stream their answer want a file for it, where no list of words can swallow its name."""
    if not call.model.has_streaming_output:
        return groups
    outfile = ("response.json",) if call.service == "lambda" else ("response.bin",)
    return [outfile, *groups] if any(len(group) > 2 for group in groups) else [*groups, outfile]
