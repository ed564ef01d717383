"""Deployment packages: where they come from, how large they may be, and that nothing escapes from them."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from lambda_world import ROLE, Cloud, make_zip, refused, settled

from labkit.localcloud.functions.unzip import BadPackage, PackageTooLarge, remove, unpack

INVALID = "InvalidParameterValueException"
BROKEN = "Could not unzip uploaded file. Please check your file, then try to upload again."
LIMIT = 1 << 20


def _zip(*entries: tuple[str, str, int]) -> bytes:
    """Entries of name, content and Unix mode, as they are: nothing is checked."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content, mode in entries:
            info = zipfile.ZipInfo("x")
            info.filename, info.external_attr = name, mode << 16
            archive.writestr(info, content)
    return buffer.getvalue()


FILE, LINK = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777

HOSTILE = {
    "parent": _zip(("../evil", "x", FILE)),
    "deep parent": _zip(("a/../../evil", "x", FILE)),
    "absolute": _zip(("/tmp/evil", "x", FILE)),
    "backslashes": _zip(("..\\..\\evil", "x", FILE)),
    "link outside": _zip(("link", "../..", LINK)),
    "absolute link": _zip(("link", "/etc", LINK)),
    "file through a link": _zip(("link", "/tmp", LINK), ("link/evil", "x", FILE)),
    "link through a link": _zip(("a", ".", LINK), ("b", "a/..", LINK)),
    "link to itself": _zip(("loop", "loop", LINK)),
    "file and folder": _zip(("a", "x", FILE), ("a/b", "x", FILE)),
    "no zip": b"PK\x03\x04 nonsense",
    "text": b"def handler(): pass",
    "truncated": make_zip()[:-30],
    "name too long": _zip(("n" * 300, "x", FILE)),
}


@pytest.mark.parametrize("package", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_package_leaves_nothing_behind(package: bytes, tmp_path: Path) -> None:
    target = tmp_path / "in" / "files"
    with pytest.raises(BadPackage):
        unpack(package, target, LIMIT)
    assert [path for path in tmp_path.rglob("*") if path.name != "in"] == []


def test_files_are_read_only_and_keep_their_execute_bits(tmp_path: Path) -> None:
    package = _zip(
        ("bootstrap", "#!/bin/sh\n", stat.S_IFREG | 0o755),
        ("lib/data.json", "{}", FILE),
        ("nomode", "x", 0),
        ("empty/", "", stat.S_IFDIR | 0o755),
        ("inner", "lib/data.json", LINK),
    )
    assert unpack(package, tmp_path / "files", LIMIT) == sum(
        len(text) for text in ("#!/bin/sh\n", "{}", "x", "lib/data.json")
    )

    def mode(name: str) -> int:
        return stat.S_IMODE((tmp_path / "files" / name).lstat().st_mode)

    assert (mode("bootstrap"), mode("lib/data.json"), mode("nomode")) == (0o555, 0o444, 0o444)
    assert (mode("lib"), mode(".")) == (0o555, 0o555)
    assert (tmp_path / "files/inner").is_symlink()
    assert (tmp_path / "files/inner").read_text() == "{}"
    remove(tmp_path / "files")
    assert not (tmp_path / "files").exists()


def test_the_size_is_limited_before_anything_is_written(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(LIMIT + 1))
    with pytest.raises(PackageTooLarge):
        unpack(buffer.getvalue(), tmp_path / "files", LIMIT)
    assert list(tmp_path.iterdir()) == []


def _zeros(size: int, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive, archive.open("zeros", "w") as entry:
        for _ in range(size >> 20):
            entry.write(bytes(1 << 20))
        entry.write(bytes(size & 0xFFFFF))
    return buffer.getvalue()


def test_a_package_over_50_mb_does_not_go_through_the_api(create: Any) -> None:
    found = refused(create, Code={"ZipFile": os.urandom(1024) * 51_201})
    assert found == ("RequestEntityTooLargeException", "Zipped size must be smaller than 52428800 bytes", 413)


def test_a_package_over_250_mb_unpacked_is_refused(create: Any) -> None:
    found = refused(create, Code={"ZipFile": _zeros(262_144_001)})
    assert found == (INVALID, "Unzipped size must be smaller than 262144000 bytes", 400)


def test_code_and_layers_share_the_250_mb(create: Any, api: Any, cloud: Cloud) -> None:
    version = api.publish_layer_version(LayerName="big", Content={"ZipFile": _zeros(200 << 20)})
    text = (
        "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. "
        f"The actual size is {260 << 20} bytes."
    )
    half = {"ZipFile": _zeros(60 << 20)}
    layers = [version["LayerVersionArn"]]
    assert refused(create, Code=half, Layers=layers) == (INVALID, text, 400)
    create(Layers=layers)
    assert refused(api.update_function_code, FunctionName="orders", **half) == (INVALID, text, 400)
    create("other", Code=half)
    assert refused(api.update_function_configuration, FunctionName="other", Layers=layers)[1] == text


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ({"ZipFile": b"no zip"}, (INVALID, BROKEN, 400)),
        ({"ZipFile": make_zip({})}, (INVALID, "Uploaded file must be a non-empty zip", 400)),
        ({"ZipFile": b""}, (INVALID, "Uploaded file must be a non-empty zip", 400)),
        ({}, (INVALID, "Please provide a source for function code.", 400)),
        ({"S3Bucket": "bucket"}, (INVALID, "Please provide a source for function code.", 400)),
        (
            {"ZipFile": make_zip(), "S3Bucket": "bucket", "S3Key": "k"},
            (INVALID, "Please do not provide other FunctionCode parameters when providing a ZipFile.", 400),
        ),
        (
            {"S3Bucket": "bucket", "S3Key": "missing"},
            (
                INVALID,
                "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
                "S3 Error Message: The specified key does not exist.",
                400,
            ),
        ),
    ],
)
def test_wrong_code(code: dict[str, Any], error: tuple[str, str, int], create: Any, api: Any) -> None:
    assert refused(create, Code=code) == error
    create()
    assert refused(api.update_function_code, FunctionName="orders", **code) == error
    assert refused(api.publish_layer_version, LayerName="shared", Content=code) == error


def test_code_from_s3_may_be_larger_than_50_mb(create: Any, api: Any, cloud: Cloud) -> None:
    cloud.objects["bucket", "big.zip"] = _zeros(51 << 20, zipfile.ZIP_STORED)
    answer = create(Code={"S3Bucket": "bucket", "S3Key": "big.zip"})
    assert answer["CodeSize"] > 52_428_800
    cloud.objects["bucket", "small.zip"] = make_zip({"small.py": ""})
    api.update_function_code(FunctionName="orders", S3Bucket="bucket", S3Key="small.zip")
    settled(cloud, api)
    assert os.listdir(cloud.resolve("orders").spec.code_dir) == ["small.py"]


def test_equal_packages_are_kept_once_and_a_new_service_starts_empty(tmp_path: Path, cloud: Cloud) -> None:
    from labkit.localcloud.functions.code import CodeStore

    async def none(bucket: str, key: str, version: str | None) -> bytes:
        raise AssertionError("not asked for")

    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "someone-elses").mkdir()
    (tmp_path / "code" / "unpacking-crashed").mkdir()

    async def run() -> None:
        import asyncio

        store = CodeStore(tmp_path / "code", none)
        package = make_zip()
        taken = await asyncio.gather(*(store.take({"ZipFile": package}) for _ in range(8)))
        assert len(set(taken)) == 1
        kept = {path.name for path in (tmp_path / "code").iterdir()}
        assert kept == {taken[0].sha256, "someone-elses"}
        assert store.read(taken[0].sha256) == package
        for wrong in ("0" * 64, "../someone-elses", ""):
            with pytest.raises(KeyError):
                store.read(wrong)
        CodeStore(tmp_path / "code", none)
        assert [path.name for path in (tmp_path / "code").iterdir()] == ["someone-elses"]

    cloud.run(run())


def test_a_full_disk_is_not_the_packages_fault(
    create: Any, monkeypatch: pytest.MonkeyPatch, api: Any
) -> None:
    import errno

    import labkit.localcloud.functions.unzip as unzip

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unzip.shutil, "copyfileobj", full)
    code, message, status = refused(create, Code={"ZipFile": make_zip({"full.py": ""})})
    assert (code, status) == ("ServiceException", 500)
    assert "No space left on device" in message


def test_the_role_is_checked_with_the_code_at_hand(create: Any, api: Any) -> None:
    """A new role may not be assumable yet: the same request succeeds a moment later."""
    assert "cannot be assumed by Lambda" in refused(create, Role=f"{ROLE.rpartition('/')[0]}/stranger")[1]
    create()
