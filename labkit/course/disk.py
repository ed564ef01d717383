"""Files of the course: found in a folder, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

LEFT_OUT = {"__pycache__", "node_modules"}


def course_files(folder: Path) -> Iterator[Path]:
    """All files in a folder: notebooks, handlers in ``functions/``, pictures; nothing hidden."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") or part in LEFT_OUT for part in parts):
            yield path


def write(path: Path, content: str | bytes) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        fresh.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
