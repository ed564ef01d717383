"""``python -m labkit.runtime.languages`` fills labkit's cache ahead, at set-up, and says what is missing."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from labkit.runtime.languages import cache, node, node_wheel, prepare

log = logging.getLogger(__name__)


def main() -> int:
    """0 when all that can be fetched is there; else 1, and what is missing is said on stderr."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    place = cache.place(Path.cwd() / ".labkit" / "cache")
    try:
        prepare(place)
    except OSError as error:
        log.error("labkit's cache %s cannot be written: %s", place, error)
        return 1
    rows = [node.available(f"nodejs{major}.x", place) for major in node_wheel.VERSIONS]
    missing = [row for row in rows if row.note]
    for row in missing:
        log.warning("%s: %s", row.runtime, row.note)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
