"""A real browser, and the workbook as `make start` opens it, in a workspace of its own."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

BROWSERS = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LABKIT = Path(sys.executable).with_name("labkit")


@dataclass(frozen=True)
class Workbook:
    """A workbook that `labkit start` serves."""

    address: str
    workspace: Path
    process: subprocess.Popen[str]


@pytest.fixture(scope="session")
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS[:4])} is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def workbook(browser, workspace: Path) -> Iterator[Workbook]:
    """Started as `make start ARGS="--no-browser --port 0"` starts it; stopped as by Ctrl-C."""
    command = [LABKIT, "start", "--no-browser", "--port", "0", "--workspace", workspace, "--stop-with-parent"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = []
    address = None
    for line in process.stdout or ():
        said.append(line)
        if "The workbook is open at" in line:
            address = line.split()[-1]
            break
    assert address, "".join(said)
    yield Workbook(address, workspace, process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
