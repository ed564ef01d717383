"""The design record of a workspace: what earlier phases decided, for later phases to use. One JSON file."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.errors import RecordError

#: The record's file in a workspace's state folder.
RECORD = "lab.json"
_NOTHING = object()
_BY = "_by"  # key -> the lab that decided it


@dataclass(frozen=True)
class DesignRecord:
    """A small dictionary on disk, shared by all labs of a workspace."""

    path: Path

    def save(self, key: str, value: Any, by: str | None = None) -> None:
        """Keeps a value, whole or not at all, also when two notebooks save at once.

        Args:
            by: the lab that decides it, if it is a decision; `forget` goes by that.

        Raises:
            RecordError: the value is not JSON, or the file cannot be read or written.
        """
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise RecordError(
                f"{key!r} cannot be kept: {error}. Keep numbers, texts, lists and dictionaries."
            ) from error

        def kept(before: dict[str, Any]) -> dict[str, Any]:
            decided = {_BY: {**before.get(_BY, {}), key: by}} if by else {}
            return {**before, **decided, key: value}

        self._change(kept)

    def forget(self, lab: str) -> None:
        """Forgets what a lab has decided.

        Raises:
            RecordError: the file cannot be read or written.
        """

        def without(before: dict[str, Any]) -> dict[str, Any]:
            decided = before.get(_BY, {})
            kept = {key: value for key, value in before.items() if decided.get(key) != lab}
            return kept | {_BY: {key: by for key, by in decided.items() if by != lab}}

        if lab in self.all().get(_BY, {}).values():
            self._change(without)

    def _change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(self.path.with_suffix(".lock"), "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                fresh = self.path.with_suffix(".new")
                fresh.write_text(json.dumps(change(self.all()), indent=1, sort_keys=True) + "\n")
                os.replace(fresh, self.path)
        except OSError as error:
            raise RecordError(
                f"The design record {self.path} cannot be written ({error.strerror or error})."
            ) from error

    def load(self, key: str, default: Any = _NOTHING) -> Any:
        """The value kept under a key, or the default.

        Raises:
            RecordError: there is neither.
        """
        kept = self.all()
        if key in kept:
            return kept[key]
        if default is not _NOTHING:
            return default
        known = ", ".join(sorted(name for name in kept if not name.startswith("_"))) or "nothing yet"
        raise RecordError(
            f"The design record has no {key!r} (it has: {known}). An earlier phase decides it: "
            f"finish that one, or set it here with lab.save({key!r}, ...)."
        )

    def all(self) -> dict[str, Any]:
        """Everything that is kept."""
        try:
            kept = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise RecordError(
                f"The design record {self.path} cannot be read ({error}). "
                "Mend it, or delete it to start afresh."
            ) from error
        return dict(kept)
