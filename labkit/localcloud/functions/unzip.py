"""Unpacks a deployment package: nothing lands outside its folder, and nothing in it can be written to."""

from __future__ import annotations

import errno
import io
import lzma
import os
import shutil
import stat
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path, PurePosixPath

# The machine's fault, not the package's: a full disk is no bad zip file.
_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.EIO}
)


class BadPackage(Exception):
    """The bytes are no zip file, or one that does not stay inside its folder."""


class EmptyPackage(BadPackage):
    """The zip file holds no file."""


class PackageTooLarge(BadPackage):
    """More bytes than allowed once unpacked."""


def unpack(package: bytes, target: Path, limit_bytes: int) -> int:
    """Unpack into ``target``, a folder that does not exist yet; read-only afterwards.

    Files keep their execute bits. Symbolic links stay when they lead to somewhere inside the folder.

    Returns:
        The size of all files in bytes.

    Raises:
        BadPackage: broken, encrypted, leads outside; nothing is left behind.
        OSError: this machine cannot store it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            entries = _entries(archive)
            if (size := sum(entry.file_size for entry in entries.values())) > limit_bytes:
                raise PackageTooLarge(f"{size} bytes unpacked")
            target.mkdir(parents=True)
            _write(archive, entries, target)
    except BadPackage:
        remove(target)
        raise
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError) as problem:
        # zipfile raises RuntimeError for encrypted entries; its NotImplementedError is one too.
        remove(target)
        raise BadPackage(str(problem)) from problem
    except OSError as problem:
        remove(target)
        if problem.errno in _MACHINE:
            raise
        raise BadPackage(str(problem)) from problem
    return size


def remove(folder: Path) -> None:
    """Delete an unpacked package, read-only as it is."""
    for directory, _, _ in os.walk(folder):
        os.chmod(directory, 0o755)
    shutil.rmtree(folder, ignore_errors=True)


def _entries(archive: zipfile.ZipFile) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """Files and links by their path; of two with the same path the later one counts."""
    entries = {_inside(entry.filename): entry for entry in archive.infolist() if not entry.is_dir()}
    if not entries:
        raise EmptyPackage("no files")
    return entries


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise BadPackage(f"{name!r} leads outside the package")
    return path


def _write(archive: zipfile.ZipFile, entries: dict[PurePosixPath, zipfile.ZipInfo], target: Path) -> None:
    links: list[tuple[Path, str]] = []
    for path, entry in entries.items():
        mode = entry.external_attr >> 16
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISLNK(mode):
            links.append((place, os.fsdecode(archive.read(entry))))
            continue
        with archive.open(entry) as source, place.open("xb") as copy:
            shutil.copyfileobj(source, copy)
        place.chmod(0o555 if mode & 0o111 else 0o444)
    # Links come last, so that no file can be written through one.
    for place, leads_to in links:
        place.symlink_to(leads_to)
    root = target.resolve()
    for place, leads_to in links:
        if not place.resolve().is_relative_to(root):
            raise BadPackage(f"{place.name!r} links to {leads_to!r}, outside the package")
        with suppress(FileNotFoundError):
            place.stat()  # links that go round in circles end here, with an OSError
    for directory, _, _ in os.walk(target):
        os.chmod(directory, 0o555)
