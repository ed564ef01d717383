"""`labkit start` as a child of a test: started as make does it, with its address once it serves."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LABKIT = Path(sys.executable).with_name("labkit")


@dataclass(frozen=True)
class Workbook:
    """A running `labkit start`."""

    address: str
    workspace: Path
    process: subprocess.Popen[str]

    def stop(self, how: signal.Signals = signal.SIGINT) -> str:
        """Ends it and returns what it said from its address on."""
        self.process.send_signal(how)
        said, _ = self.process.communicate(timeout=60)
        return said


def start_command(workspace: Path, *options: str) -> list[str]:
    return [str(LABKIT), "start", "--no-browser", "--port", "0", "--workspace", str(workspace), *options]


@contextmanager
def open_workbook(workspace: Path, *options: str) -> Iterator[Workbook]:
    """Serves until the block ends, then stops as by Ctrl-C, if it still runs."""
    command = start_command(workspace, "--stop-with-parent", *options)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = []
        for line in process.stdout or ():
            said.append(line)
            if line.startswith("  Ctrl-C stops it"):
                break
        opened = [line.split()[-1] for line in said if "The workbook is open at" in line]
        assert opened, "".join(said)
        yield Workbook(opened[0], workspace, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
