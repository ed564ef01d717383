"""What the tests of Node.js functions share. Set-up has fetched Node.js 22 and 24; where it could not, they
run with a node of any version that can run functions: the runtime's name decides the behaviour.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.errors import RuntimeUnavailable
from labkit.runtime.languages import cache, node, node_wheel

from .functions import Run, function, launch_of, run

OLD, NEW = "nodejs22.x", "nodejs24.x"
BOTH = pytest.mark.parametrize("runtime", [OLD, NEW])
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
ID = "00000000-0000-0000-0000-000000000001"


def with_node(place: Path) -> Path:
    """Shows the Node.js that set-up fetched also in this cache."""
    cache.folder(place).mkdir(exist_ok=True)
    for kept in node_wheel.installed(cache.place(place)):
        fetched = Path(kept).parents[1]
        (cache.folder(place) / fetched.name).symlink_to(fetched)
    return place


def why_not() -> str | None:
    """Why Node.js functions cannot run here; None when they can."""
    try:
        node.find(NEW, cache.place(Path("nowhere")))
    except RuntimeUnavailable as missing:
        return str(missing)
    return None


NEEDS_NODE = pytest.mark.skipif(why_not() is not None, reason=why_not() or "")


def call(place: Path, cache_dir: Path, source: str, events: tuple[Any, ...] = ({},), **settings: Any) -> Run:
    """Runs a function from the source of ``app.mjs``, or from ``files``."""
    files = settings.pop("files", None) or {"app.mjs": source}
    spec = function(place, files, **{"runtime": NEW, **settings})
    return run(spec, launch_of(spec, cache_dir), events)
