"""tools/setup.py and tools/install.py: the right Python is found, and nothing is installed twice."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"


@pytest.fixture(scope="module")
def setup():
    return runpy.run_path(str(TOOLS / "setup.py"))


# Stands where pip does in the clone's .venv: notes how it was called and ends as it is told to.
PIP = """
import json, os, pathlib, sys
pins = {name: os.environ.get(name) for name in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT")}
pathlib.Path("called.json").write_text(json.dumps({"arguments": sys.argv[1:], "environment": pins}))
print("Collecting labkit")
sys.exit(pathlib.Path("fail").exists())
"""


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone with a space in its name and a .venv, in which nothing is installed yet."""
    place = tmp_path / "a clone"
    shutil.copytree(TOOLS, place / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(TOOLS.parent / name, place)
    venv.create(place / ".venv", symlinks=True)
    pip = next((place / ".venv" / "lib").iterdir()) / "site-packages" / "pip"
    pip.mkdir()
    (pip / "__init__.py").touch()
    (pip / "__main__.py").write_text(PIP)
    return place


def run_setup(clone: Path) -> subprocess.CompletedProcess[str]:
    """Set-up as make runs it."""
    (clone / "called.json").unlink(missing_ok=True)
    return subprocess.run([sys.executable, clone / "tools" / "setup.py"], capture_output=True, text=True)


def pip_called(clone: Path) -> dict | None:
    note = clone / "called.json"
    return json.loads(note.read_text()) if note.exists() else None


def pretend(folder: Path, name: str, answer: str, code: int = 0) -> Path:
    """A command that answers as a Python of some version would."""
    script = folder / name
    script.write_text(f"#!/bin/sh\necho {answer}\nexit {code}\n")
    script.chmod(0o755)
    return script


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ((2, 7, 18), False),
        ((3, 10, 13), False),
        ((3, 11, 0), True),
        ((3, 13, 9), True),
        ((3, 14, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_pythons_that_fit(setup, version, fits):
    assert setup["fits"](version) is fits


def test_the_version_of_a_python_that_does_not_run_is_unknown(setup, tmp_path):
    assert setup["version_of"](str(tmp_path / "missing")) is None
    assert setup["version_of"](str(pretend(tmp_path, "shim", "", code=127))) is None
    assert setup["version_of"](str(pretend(tmp_path, "python3.12", "3 12 4"))) == (3, 12, 4)


def test_unfit_pythons_are_named_with_what_to_do(setup):
    said = setup["what_to_do"]([("python3", (3, 9, 18)), ("python3.14", (3, 14, 0))])
    assert "needs Python 3.11 to 3.13; found: python3 is 3.9.18, python3.14 is 3.14.0." in said
    assert "make setup PYTHON=" in said


def test_everything_is_installed_with_its_pins(clone):
    done = run_setup(clone)
    assert done.returncode == 0
    assert [line.split(" · ")[0] for line in done.stdout.splitlines()] == [
        "setup: installing packages (a minute or two the first time) …",
        "setup: installing packages",
        "setup: fetching what functions run on (Node.js and its AWS SDK) …",
        "setup: the local cloud tries again when it starts; Python functions run without",
        "setup: fetching what functions run on",
        "setup: ready",
    ], "there is no labkit in this clone: what functions run on cannot be had, and that stops nothing"
    called = pip_called(clone)
    assert called["arguments"][-4:] == ["--constraint", "constraints.txt", "--editable", ".[test,lint]"]
    assert set(called["environment"].values()) == {"constraints.txt"}


def test_a_second_run_does_nothing_and_needs_no_network(clone):
    run_setup(clone)
    again = run_setup(clone)
    assert again.stdout.startswith("setup: already installed")
    assert pip_called(clone) is None


@pytest.mark.parametrize(
    ("file", "old", "new", "installs"),
    [
        ("constraints.txt", "boto3==", "# renewed\nboto3==", True),
        ("pyproject.toml", '"click",', '"click>=8",', True),
        ("pyproject.toml", 'labkit = "labkit.cli:main"', 'labkit = "labkit.cli:other"', True),
        ("pyproject.toml", "line-length = 110", "line-length = 111", False),
    ],
)
def test_only_a_change_of_what_is_required_installs_again(clone, file, old, new, installs):
    run_setup(clone)
    text = (clone / file).read_text()
    assert old in text
    (clone / file).write_text(text.replace(old, new))
    run_setup(clone)
    assert (pip_called(clone) is not None) is installs


def test_a_failure_is_shown_and_not_taken_for_done(clone):
    (clone / "fail").touch()
    for _ in range(2):
        failed = run_setup(clone)
        assert failed.returncode == 1
        assert "pip ended with code 1" in failed.stderr
        assert "Collecting labkit" in failed.stderr
        assert "Run it again" in failed.stderr


def test_a_clone_that_was_moved_is_installed_again(clone):
    """The commands in .venv/bin have the old place in their first line."""
    run_setup(clone)
    moved = clone.rename(clone.with_name("elsewhere"))
    run_setup(moved)
    assert pip_called(moved) is not None


@pytest.mark.slow
def test_a_broken_venv_is_made_anew(clone, monkeypatch):
    """As after the Python that it was made with is gone."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    python = clone / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(clone / "gone")
    done = run_setup(clone)
    assert "setup: making .venv with Python" in done.stdout
    assert python.exists()
    assert "pip ended with code 1" in done.stderr, "it is the real pip now, which finds no packages"


def test_ctrl_c_says_that_the_next_run_goes_on(clone):
    marker = clone / "waiting"
    pip = next(clone.glob(".venv/lib/*/site-packages/pip/__main__.py"))
    os.mkfifo(marker)
    pip.write_text("open('waiting', 'w').close(); import signal; signal.pause()")
    command = [sys.executable, clone / "tools" / "setup.py"]
    at_work = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    marker.open().close()  # returns when pip is at work
    os.killpg(at_work.pid, signal.SIGINT)
    _, said = at_work.communicate(timeout=60)
    assert at_work.returncode == 130
    assert "the next run goes on" in said
