"""The file of a lab's ledger: JSON lines, only ever appended to, each on disk before the next step is taken.

Knows nothing of AWS; an entry's ``kind`` and ``ids`` mean something to ``kinds`` only.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from labkit.errors import LedgerError

State = Literal["intended", "implied", "created", "failed", "existing", "untracked", "deleted"]
# What teardown has to look at: perhaps made, perhaps made by AWS on the way, certainly made.
LIVE = frozenset[str]({"intended", "implied", "created"})


@dataclass(frozen=True)
class Entry:
    """One resource in the ledger.

    Attributes:
        at: when it was written down, before the create call was sent (ISO 8601, UTC).
        state: ``intended`` (the call may or may not have arrived), ``implied`` (AWS makes it by itself
            when it is needed: a function's log group), ``created``, ``failed``, ``existing`` (was there
            before the lab and is never deleted), ``untracked`` (labkit cannot delete it), ``deleted``.
        kind: for example ``lambda.function``.
        ids: what identifies it, with the parameter names of the AWS API.
        home: which account, or which run of the local cloud, it lives in.
    """

    id: str
    at: str
    state: State
    kind: str
    ids: Mapping[str, Any]
    region: str
    home: str
    note: str = ""

    @property
    def live(self) -> bool:
        """Whether it may exist and is the lab's to delete."""
        return self.state in LIVE

    @property
    def label(self) -> str:
        """The resource in words, such as ``lambda.alias orders / live``."""
        names = [_last_part(str(value)) for value in self.ids.values() if value not in (None, "")]
        return f"{self.kind} {' / '.join(dict.fromkeys(names))}"


@dataclass(frozen=True)
class Ledger:
    """What one lab has made, in the order it was made.

    Attributes:
        path: the file; written with mode 0600.
        lab: name of the lab, as in ``02-create``.
        home: the account or local cloud that new entries belong to.
    """

    path: Path
    lab: str
    home: str
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __repr__(self) -> str:
        entries = self.entries()
        live = sum(entry.live for entry in entries)
        return f"<Ledger {self.lab} live={live} deleted={sum(e.state == 'deleted' for e in entries)}>"

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    def entries(self) -> tuple[Entry, ...]:
        """All entries in their latest state, oldest first. Read anew each time: other kernels write too."""
        return read(self.path)

    def live(self) -> tuple[Entry, ...]:
        """The entries of this home that may exist and are the lab's to delete, oldest first."""
        return tuple(entry for entry in self.entries() if entry.live and entry.home == self.home)

    def add(self, state: State, kind: str, ids: Mapping[str, Any], region: str, note: str = "") -> Entry:
        """Writes a new entry; on disk when this returns.

        Raises:
            LedgerError: it cannot be written, so nothing may be created.
        """
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = Entry(uuid.uuid4().hex[:12], at, state, kind, dict(ids), region, self.home, note)
        self._append(asdict(entry))
        return entry

    def update(
        self, entry: Entry, state: State, *, ids: Mapping[str, Any] | None = None, note: str = ""
    ) -> Entry:
        """Writes the new state of an entry, and what else is now known to identify it."""
        change: dict[str, Any] = {"id": entry.id, "state": state}
        if ids is not None and ids != entry.ids:
            change["ids"] = dict(ids)
        if note:
            change["note"] = note
        self._append(change)
        return replace(entry, **{key: value for key, value in change.items() if key != "id"})

    def forget_other_clouds(self) -> int:
        """Marks what lived in earlier runs of the local cloud as deleted: their state was in memory."""
        lost = [e for e in self.entries() if e.live and e.home.startswith("local:") and e.home != self.home]
        for entry in lost:
            self.update(entry, "deleted", note="its local cloud has ended")
        return len(lost)

    def _append(self, line: Mapping[str, Any]) -> None:
        data = json.dumps(line, default=str, separators=(",", ":")).encode() + b"\n"
        try:
            with self._lock:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _append_durably(self.path, data)
        except OSError as error:
            raise LedgerError(
                f"The ledger {self.path} cannot be written ({error.strerror or error}), and nothing is "
                "created that is not written down first. Free space or make the workspace writable."
            ) from error


def read(path: Path) -> tuple[Entry, ...]:
    """The entries of a ledger file in their latest state, oldest first; none if there is no file.

    A line that a killed kernel left half-written is skipped: its call was never sent.

    Raises:
        LedgerError: the file is there but cannot be read.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise LedgerError(f"The ledger {path} cannot be read ({error.strerror or error}).") from error
    entries: dict[str, Entry] = {}
    for line in lines:
        try:
            change = json.loads(line)
            known = entries.get(change["id"])
            entries[change["id"]] = replace(known, **change) if known else Entry(**change)
        except (ValueError, KeyError, TypeError):
            continue
    return tuple(entries.values())


def _append_durably(path: Path, data: bytes) -> None:
    """One write, flushed to the disk. Starts a fresh line if a killed writer left half of one."""
    fresh = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if (size := os.fstat(descriptor).st_size) and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if fresh:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # else a new file's name may be lost though its content is safe
        finally:
            os.close(folder)


def _last_part(value: str) -> str:
    if value.startswith("arn:"):
        resource = value.split(":", 5)[-1].partition("/stream/")[0]  # a table's stream has a time for a name
        return resource.rpartition(":")[2].rpartition("/")[2]
    return value.rpartition("/")[2] if value.startswith("http") else value
