"""What boto3 did in one cloud, done again in another one by the real AWS CLI from our commands alone.

Identifiers that a cloud invents (of an API, a mapping, a URL) are read from the CLI's own answers, as a
person copies them from one command into the next.
"""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

from labkit.awscli import Command, Recorder

Clients = Callable[[str], Any]
#: Answers that name or date a single creation.
VOLATILE = {
    "AlarmArn",
    "AlarmConfigurationUpdatedTimestamp",
    "CodeSha256",
    "CreateDate",
    "CreatedDate",
    "CreationDate",
    "CreationTime",
    "CreationDateTime",
    "LastModified",
    "LastModifiedTime",
    "LastModifiedDate",
    "LastModificationDate",
    "LatestStreamLabel",
    "LatestStreamArn",
    "ResponseMetadata",
    "RevisionId",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
    "TableId",
    "VersionId",
    "VersionIdsToStages",
    "createdDate",
    "creationDate",
    "creationTime",
    "revisionId",
    "updateDate",
}


class Recorded:
    """A session's changing calls as commands, and what each was answered."""

    def __init__(self, session: Any) -> None:
        self._recorder = Recorder()
        self._recorder.attach(session)
        self.answers: list[dict[str, Any]] = []
        session.events.register_last("after-call", self._answered)

    def _answered(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if len(self._recorder.calls()) > len(self.answers):
            self.answers.append(json.loads(json.dumps(parsed, default=str)))

    def commands(self) -> tuple[Command, ...]:
        made = self._recorder.commands(waits=False)
        assert len(made) == len(self.answers), "each call differs from the one before it"
        return made


def run_elsewhere(recorded: Recorded, endpoints: tuple[str, str], folder: Path) -> dict[str, str]:
    """Run the commands against the second endpoint; what has another name there than at the first."""
    driver, names = create_clidriver(), {endpoints[0]: endpoints[1]}
    with _inside(folder):
        for command, answer in zip(recorded.commands(), recorded.answers, strict=True):
            for file in command.files:
                file.save(folder)
            argv = [renamed(word, names) for word in command.argv[1:]]
            said = _said(driver, ["--endpoint-url", endpoints[1], *argv])
            if said.lstrip().startswith("{"):
                names |= dict(_differing(answer, json.loads(said)))
    return names


def _said(driver: Any, argv: list[str]) -> str:
    """What the CLI writes; again while something that was just made is not ready to be changed."""
    deadline = time.monotonic() + 60
    while True:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = driver.main(argv)
        if code == 0:
            return said.getvalue()
        assert "InUse" in said.getvalue() and time.monotonic() < deadline, f"{argv}\n{said.getvalue()}"
        time.sleep(0.1)


def steady(value: Any, names: dict[str, str]) -> Any:
    """An answer without what differs from one creation to the next, in the words of the second cloud."""
    if isinstance(value, dict):
        return {renamed(key, names): steady(one, names) for key, one in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [steady(item, names) for item in value]
    if isinstance(value, str):
        return renamed(value, names)
    return "a time" if isinstance(value, datetime) else value


def renamed(text: str, names: dict[str, str]) -> str:
    for here, there in sorted(names.items(), key=lambda pair: -len(pair[0])):  # a URL before its host
        text = text.replace(here, there)
    return text


def _differing(one: Any, other: Any) -> Iterator[tuple[str, str]]:
    """Pairs of texts that stand in the same place of two answers and are long enough to be identifiers."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() & other.keys() - VOLATILE:
            yield from _differing(one[key], other[key])
    elif isinstance(one, list) and isinstance(other, list):
        for pair in zip(one, other, strict=False):
            yield from _differing(*pair)
    elif isinstance(one, str) and isinstance(other, str) and one != other and len(one) >= 6:
        yield one, other


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield
