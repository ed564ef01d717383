"""Makes .venv and installs the package with its pins, or sees in a moment that this is done.

Standard library only. What was installed is remembered as a hash in .venv: a second run needs no network.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
import tomllib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from setup import fits, version_of

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "labkit-setup.json"
LOG = VENV / "labkit-setup.log"
INSTALL = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
INSTALL += ["--no-compile", "--constraint", "constraints.txt", "--editable", ".[test,lint]"]
# pip does this on one core, which is a third of its time.
COMPILE = "import compileall as c, sysconfig as s; c.compile_dir(s.get_path('purelib'), quiet=2, workers=0)"
# Seen in pip's output when there is no way to the package index.
OFFLINE = ("name resolution", "Name or service not known", "nodename nor servname", "NewConnectionError")


class SetupFailed(Exception):
    """Says what went wrong and what to do about it."""


def main() -> int:
    try:
        with one_at_a_time():
            set_up()
    except SetupFailed as failure:
        print(f"setup: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: stopped. What is installed is kept; the next run goes on.", file=sys.stderr)
        return 130
    return 0


def set_up() -> None:
    started = time.monotonic()
    if done():
        say("already installed", started)
        return
    if not usable():
        step(f"making .venv with Python {sys.version.split()[0]}", make_venv)
    step("installing packages (a minute or two the first time)", install)
    step("fetching what functions run on (Node.js and its AWS SDK)", fetch_runtimes)
    remember()
    say("ready", started)


def wanted() -> dict[str, str]:
    """What the installation depends on: a change of any of it installs again."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts = {name: project[name] for name in ("build-system", "project")}
    parts["setuptools"] = project.get("tool", {}).get("setuptools", {})
    declared = json.dumps(parts, sort_keys=True) + (ROOT / "constraints.txt").read_text()
    return {"place": str(ROOT), "packages": hashlib.sha256(declared.encode()).hexdigest()}


def done() -> bool:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    return stamp == wanted() and usable(pip=False)


def remember() -> None:
    STAMP.write_text(json.dumps(wanted(), indent=2) + "\n")


def usable(pip: bool = True) -> bool:
    """Whether .venv is whole: its Python runs, is one we support, and (if asked) has pip."""
    version = version_of(str(PYTHON))
    if version is None or not fits(version):
        return False
    asked = subprocess.run([PYTHON, "-c", "import pip"], capture_output=True) if pip else None
    return asked is None or asked.returncode == 0


def make_venv() -> None:
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, env=environment())
    if made.returncode:
        said = (made.stdout + made.stderr).strip()
        venv = f"python3.{sys.version_info.minor}-venv"
        hint = f"\nOn Debian or Ubuntu: apt install {venv}. Then run it again." if "ensurepip" in said else ""
        raise SetupFailed(f"{sys.executable} could not make {VENV}:\n{said}{hint}")


def install() -> None:
    """Runs pip, then compiles. Shows on a terminal where pip is; keeps everything it says in a log."""
    command = [str(PYTHON), *INSTALL]
    last: deque[str] = deque(maxlen=15)
    with (
        LOG.open("w") as log,
        subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as pip,
    ):
        for line in pip.stdout or ():
            log.write(line)
            last.append(line)
            show_progress(line)
    show_progress("")
    if pip.returncode:
        raise SetupFailed(
            f"pip ended with code {pip.returncode}. Its last lines ({LOG} has all of them):\n"
            f"{''.join(last)}{what_to_do(LOG.read_text())}"
        )
    compile_packages()


def compile_packages() -> None:
    """As pip would, on all cores; files that only another version of Python understands are passed over."""
    subprocess.run([PYTHON, "-c", COMPILE], cwd=ROOT, env=environment(), check=False)


def fetch_runtimes() -> None:
    """Fills labkit's cache. What is still missing is said; the local cloud tries again when it starts."""
    fetched = subprocess.run([PYTHON, "-m", "labkit.runtime.languages"], cwd=ROOT, env=environment())
    if fetched.returncode:
        print("setup: the local cloud tries again when it starts; Python functions run without", flush=True)


def what_to_do(said: str) -> str:
    if any(sign in said for sign in OFFLINE):
        return "The first set-up needs a network to fetch the packages. Run it again when there is one."
    if "No space left" in said:
        return "The disk is full: the packages need about 1 GB. Make room and run it again."
    return "Run it again; if it ends the same way, remove .venv and try once more."


def environment() -> dict[str, str]:
    """Ours, without what would make pip install elsewhere, and with the pins for the build of the package."""
    # Relative to ROOT, where pip runs: pip splits these variables at spaces.
    pins = {"PIP_CONSTRAINT": "constraints.txt", "PIP_BUILD_CONSTRAINT": "constraints.txt"}
    elsewhere = {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_HASHES"}
    return {name: value for name, value in os.environ.items() if name not in elsewhere} | pins


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two `make` in one clone take turns. Locks this folder itself, so nothing is left behind."""
    folder = os.open(Path(__file__).parent, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("setup: another set-up is at work here; waiting for it", flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks: go on as alone
        yield
    finally:
        os.close(folder)


def step(what: str, work: Callable[[], None]) -> None:
    started = time.monotonic()
    print(f"setup: {what} …", flush=True)
    try:
        work()
    except OSError as error:
        raise SetupFailed(f"{what}: {error}. {ROOT} has to be writable.") from error
    say(what.split(" (")[0], started)


def say(what: str, started: float) -> None:
    print(f"setup: {what} · {time.monotonic() - started:.1f} s", flush=True)


def show_progress(line: str) -> None:
    """One line that is written over, on a terminal only."""
    if not sys.stdout.isatty():
        return
    words = line.split()
    if line == "":
        print("\r\033[K", end="", flush=True)
    elif words and words[0] in ("Collecting", "Downloading", "Installing", "Building"):
        print(f"\r\033[K  {' '.join(words[:3])[:70]}", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
