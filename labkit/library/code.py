"""What the photo library is made of on disk: the finished code of its functions, and the course's picture."""

from __future__ import annotations

from pathlib import Path

from labkit.errors import LabError

HERE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder with the finished code of one of the photo library's functions, such as ``get_photo``.

    Raises:
        LabError: there is none of this name.
    """
    return _found(HERE / "handlers" / name, "function")


def picture(name: str = "lighthouse") -> bytes:
    """A picture of the course's: PNG, 240 × 160 (``lighthouse``) or 120 × 80 (``lighthouse-small``).

    Raises:
        LabError: there is none of this name.
    """
    return _found(HERE / "pictures" / f"{name}.png", "picture").read_bytes()


def _found(path: Path, what: str) -> Path:
    if not path.exists():
        there = ", ".join(sorted(one.stem for one in path.parent.iterdir()))
        raise LabError(f"The photo library has no {what} {path.stem!r}. It has: {there}.")
    return path
