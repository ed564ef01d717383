"""Powertools for AWS Lambda as the content of a layer, from the packages that are installed beside labkit.

AWS publishes the same as a public layer (account 017000801446); this one needs no network and runs anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files

from labkit.errors import LabError

# Powertools and what it needs beyond AWS's image: the X-Ray SDK is the Tracer's.
DISTRIBUTIONS = ("aws-lambda-powertools", "aws-xray-sdk", "typing-extensions", "wrapt")
KEPT = (".py", ".json")


def powertools() -> dict[str, bytes]:
    """path -> content, as Python looks for it: to be put under ``python/`` of a layer.

    Pure Python only: wrapt works without its compiled part, and so the layer fits every Python and processor.

    Raises:
        LabError: a package is not installed.
    """
    return dict(pair for name in DISTRIBUTIONS for pair in _modules(name))


def _modules(distribution: str) -> Iterator[tuple[str, bytes]]:
    try:
        found = files(distribution) or ()
    except PackageNotFoundError as missing:
        raise LabError(f"The package {distribution} is not installed. Run `make setup` again.") from missing
    for path in found:
        inside = ".." not in path.parts and not path.parts[0].endswith(".dist-info")
        if inside and path.suffix in KEPT:
            yield path.as_posix(), path.read_binary()
