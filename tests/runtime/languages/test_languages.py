"""Which runtimes run here, which do not and what to do instead, and what is found and kept for them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from labkit.errors import LabError, RuntimeUnavailable
from labkit.runtime.languages import available, cache, check, interpreters, launch_for, node
from labkit.runtime.languages.surroundings import readable

from .functions import function, plain_view

REFUSED = {
    "java21": "Java functions need AWS",
    "java8.al2": "Java functions need AWS",
    "dotnet10": "native executable named bootstrap for provided.al2023",
    "dotnetcore3.1": ".NET functions need AWS",
    "ruby3.4": "start Ruby from a bootstrap script",
    "go1.x": "use provided.al2023",
    "custom": "use provided.al2023",
    "python3.15": "preview on AWS, without support",
    "nodejs26.x": "preview on AWS, without support",
    "python3.8": "ended on 2024-10-14",
    "nodejs16.x": "ended on 2024-06-12",
    "provided": "ended on 2024-01-08",
    "cobol85": "Here run python3.9",
    "": "deploy a zip here",
}


@pytest.mark.parametrize(("runtime", "advice"), REFUSED.items())
def test_what_cannot_run_here_is_refused_with_what_to_do_instead(
    runtime: str, advice: str, tmp_path: Path, cache_dir: Path
) -> None:
    """Both before a function is made and when one is started."""
    spec = function(tmp_path, {"app.py": ""}, runtime=runtime)
    with pytest.raises(RuntimeUnavailable) as refused:
        launch_for(spec, plain_view(spec), cache_dir)
    assert advice in str(refused.value)
    assert runtime in str(refused.value)
    with pytest.raises(RuntimeUnavailable):
        check(runtime)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """With what to do: not a traceback of the operating system."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    spec = function(tmp_path, {"app.py": ""})
    with pytest.raises(LabError, match=rf"cannot be put into {blocked}.*Make the folder writable"):
        launch_for(spec, plain_view(spec), blocked)


def test_the_doctors_rows_name_each_runtime_once() -> None:
    """With the interpreter that runs it, or why there is none."""
    rows = available()
    names = [row.runtime for row in rows]
    assert {"python3.13", "python3.14", "nodejs22.x", "nodejs24.x", "provided.al2023"} <= set(names)
    assert len(names) == len(set(names))
    assert all(row.interpreter or row.note for row in rows)


def shim(folder: Path, name: str, body: str) -> str:
    """A program that pretends."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return str(file)


PRETENDERS = {
    "a shim that points nowhere": "echo 'pyenv: python3.12: command not found' >&2; exit 127",
    "a shim that says nothing": "exit 0",
    "another implementation": 'echo \'[[3, 12, 0], "pypy", "pypy312", "/x", "/x", "/x"]\'',
    "no JSON": "echo Python 3.12.0",
}


@pytest.mark.parametrize("body", PRETENDERS.values(), ids=PRETENDERS)
def test_what_is_not_a_working_python_is_not_taken_for_one(body: str, tmp_path: Path) -> None:
    """A name on PATH proves nothing: the candidate has to run."""
    assert interpreters._ask(shim(tmp_path, "python3.12", body)) is None


def test_a_virtual_environment_leads_to_the_python_below_it() -> None:
    """Functions must not see the environment that labkit runs in."""
    found = interpreters.own()
    assert not (Path(found.path).parent.parent / "pyvenv.cfg").exists()
    assert Path(found.path).is_relative_to(found.prefix)


def test_the_nearest_newer_python_comes_before_the_nearest_older_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code for an older Python mostly runs on a newer one."""
    real = interpreters.own()
    there = {minor: interpreters.Interpreter("/p", (3, minor, 1), "t", "/", ()) for minor in (11, 13)}
    monkeypatch.setattr(interpreters, "exact", lambda minor: there.get(int(minor.split(".")[1])))
    nearest = interpreters.nearest.__wrapped__
    assert [nearest(f"3.{minor}").version[1] for minor in (9, 11, 12, 13, 14)] == [11, 11, 13, 13, 13]
    there.clear()
    assert nearest("3.12") == real


def test_a_node_that_is_too_old_or_absent_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Naming the version to install."""
    for nodes in ((), (node.Node("/usr/bin/node", (18, 19, 0)),)):
        monkeypatch.setattr(node, "_installed", lambda nodes=nodes: nodes)
        with pytest.raises(RuntimeUnavailable, match=r"nodejs24\.x needs Node\.js.*install Node\.js 24"):
            node.find("nodejs24.x")


def test_the_matching_node_comes_first_then_newer_then_older_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """And of one major version the newest."""
    versions = [(20, 1, 0), (22, 5, 0), (22, 11, 0), (26, 0, 0)]
    nodes = tuple(node.Node(f"/{version}", version) for version in versions)
    monkeypatch.setattr(node, "_installed", lambda: nodes)
    assert node.find("nodejs22.x").version == (22, 11, 0)
    assert node.find("nodejs24.x").version == (26, 0, 0)
    monkeypatch.setattr(node, "_installed", lambda: nodes[:1])
    assert node.find("nodejs24.x").version == (20, 1, 0)


def test_a_home_directory_is_never_shown_as_a_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Even where an interpreter was installed right into it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "me"))
    home = tmp_path / "home" / "me"
    assert readable(home) == (home / "bin", home / "lib")
    assert readable(tmp_path) == (tmp_path / "bin", tmp_path / "lib")
    assert readable(home / ".pyenv") == (home / ".pyenv",)


def test_what_several_want_is_built_once(tmp_path: Path) -> None:
    """Threads that ask at the same moment wait for the one that builds, and see the thing whole."""
    builds: list[Path] = []

    def build(part: Path) -> None:
        builds.append(part)
        (part / "whole").write_text("yes")

    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append((cache.kept(tmp_path, "x", build) / "whole").read_text()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(builds), seen) == (1, ["yes"] * 8)


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """The next one begins anew."""

    def build(part: Path) -> None:
        (part / "half").write_text("")
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        cache.kept(tmp_path, "x", build)
    assert [entry.name for entry in cache.folder(tmp_path).iterdir()] == [".x.lock"]


def test_what_nobody_used_for_long_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older versions of labkit leave their runtime directories; what is in use stays."""
    cache.kept(tmp_path, "old", lambda part: None)
    cache.kept(tmp_path, "new", lambda part: None)
    now = time.time()
    monkeypatch.setattr(cache.time, "time", lambda: now + cache.UNUSED_S + 10)
    import os

    os.utime(cache.folder(tmp_path) / "new", (now + cache.UNUSED_S, now + cache.UNUSED_S))
    cache.sweep(tmp_path)
    assert [entry.name for entry in cache.folder(tmp_path).iterdir() if entry.is_dir()] == ["new"]
