"""Which architecture a function's code was built for, and when. AWS's API and its logs tell only the present.

Each answer of the Lambda API about a function names its architecture, so what the session's clients are told
is written down: calls of before a change are priced as what they were.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.hooks import BaseEventHooks
from botocore.model import OperationModel

CHANGES = {"CreateFunction", "UpdateFunctionCode", "PublishVersion"}
TOLD = ("FunctionArn", "Version", "LastModified", "Architectures")
LATEST = "$LATEST"
DEFAULT = "x86_64"
_VERSION = re.compile(r"\[(\$LATEST|\d+)\]")  # of a log stream's name


@dataclass(frozen=True)
class Change:
    """From when on a version was of an architecture.

    Attributes:
        at: the function's LastModified then, on the cloud's clock.
        made: told by the call that made it so; else seen later, and true at that time at the latest.
    """

    at: datetime
    architecture: str
    made: bool


@dataclass(frozen=True)
class History:
    """What is known of one function: its versions, each with its changes, oldest first."""

    versions: Mapping[str, Sequence[Change]]

    def of(self, stream: str, began_at: datetime) -> tuple[str, bool]:
        """The architecture of an execution environment, and whether that is certain.

        Args:
            stream: the name of its log stream, which names the version.
            began_at: when it began.
        """
        found = _VERSION.search(stream)
        version = found[1] if found else LATEST
        changes = self.versions.get(version) or self.versions.get(LATEST)
        if not changes:
            return DEFAULT, False
        before = [change for change in changes if change.at <= began_at]
        after = next((change for change in changes if change.at > began_at), None)
        if before:
            return before[-1].architecture, after is None or after.made
        return changes[0].architecture, changes[0].made


@dataclass(frozen=True)
class Architectures:
    """Listens to a session's clients and writes down what they are told, a JSON line for each change.

    Attributes:
        path: the file; only ever appended to, so that two notebooks can write at once.
    """

    path: Path
    _heard: dict[tuple[str, str], str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def beside(cls, ledger: Path) -> Architectures:
        """Those of the lab that has this ledger."""
        return cls(ledger.parent.with_name("architectures") / ledger.name)

    def attach(self, events: BaseEventHooks) -> None:
        """Starts listening to the clients that the session makes from now on."""
        events.register("after-call.lambda", self._listen, unique_id="labkit-architectures")

    def history(self, function_arn: str) -> History:
        """What was heard of a function, whatever qualifier its ARN has."""
        versions: dict[str, list[Change]] = defaultdict(list)
        wanted = _unqualified(function_arn)
        for line in self.path.read_text().splitlines() if self.path.exists() else ():
            function, version, at, architecture, made = json.loads(line)
            known = versions[version]
            if function == wanted and not (known and known[-1].architecture == architecture):
                known.append(Change(datetime.fromisoformat(at), architecture, made))
        return History(versions)

    def _listen(self, http_response: Any, parsed: dict[str, Any], model: OperationModel, **_: Any) -> None:
        told = parsed.get("Configuration", parsed)
        if http_response.status_code < 300 and all(name in told for name in TOLD):
            self._keep(told, model.name in CHANGES)

    def _keep(self, told: Mapping[str, Any], made: bool) -> None:
        which, architecture = (_unqualified(told["FunctionArn"]), told["Version"]), told["Architectures"][0]
        if self._heard.get(which) == architecture:
            return
        line = json.dumps([*which, told["LastModified"], architecture, made])
        with suppress(OSError):  # a full disk stops no call; the bill then says that it assumes
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(self.path, "a") as file:
                file.write(line + "\n")
            self._heard[which] = architecture


def _unqualified(function_arn: str) -> str:
    return ":".join(function_arn.split(":")[:7])
