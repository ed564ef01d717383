"""A short soak in front of every release; the long one is ``python benchmarks/soak.py``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[3] / "benchmarks" / "soak.py"


def test_nothing_is_lost() -> None:
    """400 mixed invocations from eight threads: all answered, all logged, all processes gone."""
    done = subprocess.run(
        [sys.executable, str(SOAK), "--count", "400"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("nothing lost\n")
