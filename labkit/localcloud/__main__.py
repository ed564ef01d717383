"""``python -m labkit.localcloud``: the local cloud of one workspace, as a process.

Exit codes: 0 stopped, 3 the workspace has a running cloud already, 4 the port is taken,
5 the workspace is not writable.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m labkit.localcloud")
    parser.add_argument("--workspace", type=Path, default=Path.cwd())
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--region", default="us-east-1", help="what clients use unless they name another")
    parser.add_argument("--ready-fd", type=int, default=None, help="one line is written here when it answers")
    parser.add_argument("--role-delay-s", type=float, default=0, help="how long a new role is not assumable")
    options = parser.parse_args()
    import uvloop

    from labkit.localcloud.server import StartFailed, serve

    async def run() -> None:
        place = options.workspace.resolve()
        await serve(place, options.port, options.region, options.ready_fd, options.role_delay_s)
        logging.shutdown()
        os._exit(0)  # a thread may still wait for a download; nothing of it matters any more

    try:
        uvloop.run(run())
    except StartFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return failure.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
