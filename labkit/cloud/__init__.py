"""The local cloud of a workspace, seen from outside: found, started and stopped as a process.

Never imports the server; knows its command line, state file, lock and HTTP address.
"""

from labkit.cloud.process import log_tail, start, stop
from labkit.cloud.state import (
    DEFAULT_REGION,
    STATE_DIR,
    Cloud,
    Status,
    exports,
    find,
    state_dir,
    status,
    workspace_dir,
)

__all__ = [
    "DEFAULT_REGION",
    "STATE_DIR",
    "Cloud",
    "Status",
    "exports",
    "find",
    "log_tail",
    "start",
    "state_dir",
    "status",
    "stop",
    "workspace_dir",
]
