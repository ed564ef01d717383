"""What this machine can work off at once. Knows no moto: it is asked before that is loaded."""

from __future__ import annotations

import os

# AWS goes up to 1,250 batches of a queue at once; every one of them would be a process of this machine.
MACHINE_BATCHES = 8 * (os.cpu_count() or 1)
