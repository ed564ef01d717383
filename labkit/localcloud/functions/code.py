"""Deployment packages and layer contents: from a request or from S3, checked, kept unpacked by their hash."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from labkit.localcloud.functions import limits
from labkit.localcloud.functions.errors import ServiceError, invalid, unsupported
from labkit.localcloud.functions.state import CodePackage
from labkit.localcloud.functions.unzip import BadPackage, EmptyPackage, PackageTooLarge, remove, unpack

FetchS3 = Callable[[str, str, str | None], Awaitable[bytes]]


_OWN = re.compile(r"[0-9a-f]{64}|unpacking-.*")


class CodeStore:
    """Packages under one folder: ``<hash>/package.zip`` and ``<hash>/files/``. Equal packages are kept once.

    A package stays until the next store takes the folder over: environments may still run from it.
    """

    def __init__(self, folder: Path, fetch_s3: FetchS3) -> None:
        self._folder = folder
        self._fetch_s3 = fetch_s3
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_over in folder.iterdir():
            if _OWN.fullmatch(left_over.name):
                remove(left_over)

    async def take(self, source: Mapping[str, Any]) -> CodePackage:
        """The package that a request brings or points to, checked and unpacked in a worker thread.

        Args:
            source: ``ZipFile`` (bytes) or ``S3Bucket``, ``S3Key`` and ``S3ObjectVersion``.

        Raises:
            ServiceError: no source or two, too large, no zip file; whatever reading from S3 raises.
        """
        package = await self._read(source)
        return await asyncio.to_thread(self._keep, package)

    def read(self, sha256: str) -> bytes:
        """The zip file with this hash (hexadecimal).

        Raises:
            KeyError: there is none.
        """
        try:
            return (self._folder / Path(sha256).name / "package.zip").read_bytes()
        except OSError:
            raise KeyError(sha256) from None

    async def _read(self, source: Mapping[str, Any]) -> bytes:
        if source.get("S3ObjectStorageMode", "COPY") != "COPY":
            raise unsupported("S3ObjectStorageMode REFERENCE", "Leave it out: Lambda then keeps a copy.")
        given = {name for name in ("ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion") if source.get(name)}
        if "ZipFile" in given and len(given) > 1:
            raise invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
        if "ZipFile" in given:
            limits.check_upload(len(source["ZipFile"]))
            return bytes(source["ZipFile"])
        if not {"S3Bucket", "S3Key"} <= given:
            if source.get("ZipFile") == b"":
                raise _empty()
            raise invalid("Please provide a source for function code.")
        return await self._fetch_s3(source["S3Bucket"], source["S3Key"], source.get("S3ObjectVersion"))

    def _keep(self, package: bytes) -> CodePackage:
        """Runs in a worker thread. Two threads may unpack the same package: the first rename wins."""
        digest = hashlib.sha256(package)
        place = self._folder / digest.hexdigest()
        size_file = place / "unpacked_bytes"
        if not size_file.exists():
            unfinished = Path(tempfile.mkdtemp(prefix="unpacking-", dir=self._folder))
            try:
                size = unpack(package, unfinished / "files", limits.unpacked_max_bytes())
                (unfinished / "package.zip").write_bytes(package)
                (unfinished / size_file.name).write_text(str(size))
                if not place.exists():
                    os.rename(unfinished, place)
            except EmptyPackage:
                raise _empty() from None
            except PackageTooLarge:
                raise limits.too_large_unpacked() from None
            except BadPackage:
                raise invalid(
                    "Could not unzip uploaded file. Please check your file, then try to upload again."
                ) from None
            except OSError:
                # Another thread may have put the same package in place between the check and the rename.
                if not size_file.exists():
                    raise
            finally:
                remove(unfinished)
        return CodePackage(
            sha256=digest.hexdigest(),
            sha256_base64=base64.b64encode(digest.digest()).decode(),
            zipped_bytes=len(package),
            unpacked_bytes=int(size_file.read_text()),
            directory=place / "files",
        )


def _empty() -> ServiceError:
    return invalid("Uploaded file must be a non-empty zip")
