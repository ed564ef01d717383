"""Deletes what a ledger says was made: newest first, again where something was in the way, then looks.

Believes the cloud, not the ledger: an entry is closed only when a look shows that it is gone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labkit.errors import LabError, TeardownError
from labkit.ledger.journal import Entry, Ledger
from labkit.ledger.kinds import Clients, Kind
from labkit.ledger.table import KINDS, inside

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0
# Errors that go away when something else is gone, or with time. Others are tried only a few times.
PASSING = re.compile(r"Conflict|InUse|Throttl|TooMany|Limit|Unavailable|Internal|NotEmpty|Concurrent|Timeout")
HOPELESS_AFTER_ROUNDS = 4


@dataclass(frozen=True)
class Teardown:
    """What a teardown did.

    Attributes:
        deleted: labels of what was there and is not any more, in the order of deletion.
        absent: labels of what was in the ledger but no longer, or never, in the cloud.
        kept: labels of what was there before the lab and was left alone.
        untracked: what the lab made that labkit cannot follow: look for it by hand.
    """

    lab: str
    deleted: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()

    def __repr__(self) -> str:
        lines = [f"Teardown of {self.lab}: {len(self.deleted)} deleted, nothing left behind."]
        lines += [f"  - {label}" for label in self.deleted]
        lines += [f"  = {label} was there before this lab and stays" for label in self.kept]
        unknown = "labkit does not follow this kind; delete it by hand"
        lines += [f"  ? {label}: {unknown}" for label in self.untracked]
        return "\n".join(lines)


@dataclass
class _Work:
    """What is still to be deleted, what was done about it, and why it is not gone."""

    ledger: Ledger
    clients: Clients
    todo: list[Entry]
    deleted: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)
    hopeless: set[str] = field(default_factory=set)

    def blame(self, entry: Entry, error: Exception) -> None:
        """Notes why an entry is not gone, and whether it is worth trying for long."""
        self.reasons[entry.id] = str(error)
        code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
        (self.hopeless.discard if PASSING.search(code) else self.hopeless.add)(entry.id)


def teardown(
    ledger: Ledger,
    clients: Clients,
    *,
    timeout_s: float = 120.0,
    settle_s: float = 0.0,
    progress: Callable[[str], None] | None = None,
) -> Teardown:
    """Deletes everything in the ledger that belongs to its home, and verifies it.

    Args:
        timeout_s: how long to go on trying; deletions of tables and streams take their time.
        settle_s: how long to wait before looking once more for log groups: AWS delivers the last lines
            of a function's log after the function is gone, and that makes its group anew.
        progress: is told the label of each resource that is gone.

    Raises:
        TeardownError: something is still there, or cannot be seen; ``survivors`` lists it with the reason.
    """
    live = list(reversed(ledger.live()))
    parts = {child.id for child in live for parent in live if inside(child, parent)}
    work = _Work(ledger, clients, [entry for entry in live if entry.id not in parts])
    wholes = list(work.todo)
    _until_gone(work, live, timeout_s, progress or (lambda label: None))
    if settle_s and any(entry.kind == "logs.group" for entry in wholes):
        time.sleep(settle_s)
        work.todo += [entry for entry in wholes if entry.kind == "logs.group" and entry not in work.todo]
        _until_gone(work, live, timeout_s, lambda label: None)
    entries = [entry for entry in ledger.entries() if entry.home == ledger.home]
    if work.todo:
        raise _left_behind(ledger, work)
    return Teardown(
        ledger.lab,
        tuple(dict.fromkeys(work.deleted)),
        tuple(work.absent),
        tuple(dict.fromkeys(entry.label for entry in entries if entry.state == "existing")),
        tuple(dict.fromkeys(entry.label for entry in entries if entry.state == "untracked")),
    )


def _until_gone(work: _Work, live: list[Entry], timeout_s: float, progress: Callable[[str], None]) -> None:
    """Rounds of deleting and looking. What was in the way in one round is gone in the next."""
    deadline, pause_s = time.monotonic() + timeout_s, FIRST_PAUSE_S
    for round_number in count(1):
        for entry in list(work.todo):
            if _gone(work, entry):
                _close(work, live, entry)
                progress(entry.label)
        hopeless = round_number >= HOPELESS_AFTER_ROUNDS and all(e.id in work.hopeless for e in work.todo)
        if hopeless or not work.todo or time.monotonic() > deadline:
            return
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def _gone(work: _Work, entry: Entry) -> bool:
    """Deletes a resource if it is there and looks. Whatever goes wrong is noted and stops nothing else."""
    try:
        kind = KINDS[entry.kind]
        client = work.clients(kind.service, entry.region)
        found = list(_instances(kind, client, entry))
        for ids in found:
            work.seen.add(entry.id)
            try:
                kind.remove(client, ids)
                work.reasons.pop(entry.id, None)
                work.hopeless.discard(entry.id)
            except (ClientError, BotoCoreError) as error:
                work.blame(entry, error)
        return not any(kind.exists(client, ids) for ids in found)
    except (ClientError, BotoCoreError, LabError, KeyError) as error:
        work.blame(entry, error)
        return False


def _instances(kind: Kind, client: Any, entry: Entry) -> list[dict[str, Any]]:
    """The resources behind an entry that exist. Several only if an answer was lost and it was retried."""
    if kind.complete(entry.ids):
        return [dict(entry.ids)] if kind.exists(client, entry.ids) else []
    if kind.find:
        return list(kind.search(client, kind.find, entry.ids, datetime.fromisoformat(entry.at)))
    raise LabError("it is not known whether it was made; look for it by hand")


def _close(work: _Work, live: list[Entry], entry: Entry) -> None:
    """Closes an entry, and its parts, which went with it; a part that did not is worked on by itself."""
    work.todo.remove(entry)
    (work.deleted if entry.id in work.seen else work.absent).append(entry.label)
    work.ledger.update(entry, "deleted")
    for part in (child for child in live if inside(child, entry)):
        if _went_along(work, part):
            work.ledger.update(part, "deleted")
        else:
            work.todo.append(part)


def _went_along(work: _Work, part: Entry) -> bool:
    kind = KINDS[part.kind]
    try:
        client = work.clients(kind.service, part.region)
        return not (kind.visible(part.ids) and kind.exists(client, part.ids))
    except (ClientError, BotoCoreError):
        return False


def _left_behind(ledger: Ledger, work: _Work) -> TeardownError:
    survivors = tuple(
        f"{entry.label} ({entry.region}): {work.reasons.get(entry.id, 'still being deleted')}"
        for entry in work.todo
    )
    listed = "\n".join(f"  ! {line}" for line in survivors)
    return TeardownError(
        f"Teardown of {ledger.lab} deleted {len(work.deleted)} resources but {len(survivors)} are left:\n"
        f"{listed}\nMend the cause and run it again; it goes on from here. "
        "What was deleted by hand is seen to be gone.",
        survivors,
    )
