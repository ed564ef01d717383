"""The files that commands read: zips, payloads, secrets. Their names, and where each comes from."""

from __future__ import annotations

import io
import json
import re
import shlex
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from labkit.awscli.call import Note

_INLINE_CHARACTERS = 4000
_LISTED_ENTRIES = 5


@dataclass(frozen=True)
class File:
    """A file that a command reads.

    Attributes:
        name: its name in the folder where the commands run.
        content: its bytes; None when the recorder did not keep them.
        lines: shell lines that come before the command: one that writes a short text, or comments that say
            where a zip comes from.
    """

    name: str
    content: bytes | None
    lines: tuple[str, ...]

    def save(self, folder: str | Path) -> Path:
        """Write the file into ``folder`` and return its path.

        Raises:
            ValueError: the bytes were not kept.
        """
        if self.content is None:
            raise ValueError(
                f"The {self.name} of this call was too large to be kept: make it again from its source"
            )
        path = Path(folder) / self.name
        path.write_bytes(self.content)
        return path


class Files:
    """Names the files of one script: equal contents share a name, different contents never do."""

    def __init__(self) -> None:
        self._by_name: dict[str, File] = {}

    def blob(self, stem: str, content: bytes | Note) -> File:
        """A file for bytes that an API call carried."""
        if isinstance(content, Note):
            name = Path(content.name).name or f"{stem}.bin"
            return self._named(name, None, (_not_kept(name, content),))
        text = _short_text(content)
        if content.startswith(b"PK"):
            return self._named(f"{stem}.zip", content, None)
        if text is None:
            return self._named(f"{stem}.bin", content, None)
        return self._named(f"{stem}.{'json' if _is_json(text) else 'txt'}", content, None)

    def text(self, stem: str, value: str) -> File:
        """A file for a text that cannot stand on a command line as it is."""
        return self._named(f"{stem}.txt", value.encode(), None)

    def secret(self, stem: str, value: bytes) -> File:
        """A file for what should not stay in the history of a shell."""
        lines = (
            "# {name} holds the secret and nothing else, no line end either. On the command line it would",
            "# stay in the history of the shell.",
        )
        return self._named(f"{stem}.txt", value, lines)

    def _named(self, name: str, content: bytes | None, lines: Sequence[str] | None) -> File:
        for candidate in _variants(name):
            known = self._by_name.get(candidate)
            if known is None:
                made = _how_made(candidate, content) if lines is None else lines
                file = File(candidate, content, tuple(line.replace("{name}", candidate) for line in made))
                self._by_name[candidate] = file
                return file
            if content is not None and known.content == content:
                return File(candidate, content, ())  # it is there already: no second line that writes it
        raise AssertionError("names never run out")


def _variants(name: str) -> Iterator[str]:
    yield name
    path = Path(name)
    for number in count(2):
        yield f"{path.stem}-{number}{path.suffix}"


def _how_made(name: str, content: bytes | None) -> tuple[str, ...]:
    content = content or b""
    if content.startswith(b"PK"):
        return (f"# {name}: {len(content):,} bytes{_entries(name, content)}",)
    text = _short_text(content)
    if text is None:
        return (f"# {name}: {len(content):,} bytes, as they were sent",)
    return (f"printf '%s' {shlex.quote(text)} > {name}",)


def _entries(name: str, content: bytes) -> str:
    """The names in a zip, as the command that packs them again."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [entry for entry in archive.namelist() if not entry.endswith("/")]
    except (zipfile.BadZipFile, NotImplementedError):
        return ", as they were sent"
    if not names:
        return ", an empty zip"
    if len(names) > _LISTED_ENTRIES:
        shown = ", ".join(map(_harmless, names[:_LISTED_ENTRIES]))
        return f", with {shown} and {len(names) - _LISTED_ENTRIES} more files"
    return f", made by: zip {name} {' '.join(map(_harmless, names))}"


def _harmless(name: str) -> str:
    """A name that can stand in a comment of any shell, also of those that do not know comments."""
    return re.sub(r"[^\w./@+-]", "_", name)


def _not_kept(name: str, note: Note) -> str:
    size = "bytes" if note.size is None else f"{note.size:,} bytes"
    return f"# {name}: {size}, too many to be kept here"


def _short_text(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    printable = all(character.isprintable() or character in "\n\t" for character in text)
    return text if printable and len(text) <= _INLINE_CHARACTERS else None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
