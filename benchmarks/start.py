"""How long the second `make start` takes, beside plain `jupyter lab` to the line that says it is ready.

Run: ``python benchmarks/start.py``. Floor and candidate take turns, so that the machine's drift hits both.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5


def seconds_until(said: str, command: Sequence[str | Path], folder: Path) -> float:
    """From the start of a command to the line it says when it is ready; then it is stopped."""
    begin = time.perf_counter()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(command, cwd=folder, start_new_session=True, **pipes)
    assert process.stdout is not None
    heard = []
    for line in process.stdout:
        heard.append(line)
        if said in line:
            break
    else:
        raise SystemExit(f"{command[0]} ended before it was ready:\n{''.join(heard)}")
    took = time.perf_counter() - begin
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate()
    return took


def main() -> None:
    """Prints both medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        ours = ["make", "start", f"ARGS=--no-browser --port 0 --workspace {workspace}"]
        root = ["--allow-root"] if os.geteuid() == 0 else []
        jupyter = Path(sys.executable).with_name("jupyter")
        plain = [jupyter, "lab", "--no-browser", "--port", "0", "--ServerApp.port_retries=0", *root]
        rounds = []
        for turn in range(ROUNDS + 1):
            times = (
                seconds_until("is running at:", plain, Path(folder)),
                seconds_until("The workbook is open at", ours, ROOT),
            )
            rounds += [times] if turn else []  # the first makes the workspace and warms the disk's cache
    floor, start = (statistics.median(column) for column in zip(*rounds, strict=True))
    what = "make start, the second time"
    print(f"{what:<58} {start:>9.2f} s    floor {floor:>9.2f}  ratio {start / floor:5.2f}")


if __name__ == "__main__":
    main()
