"""Which URL or API a request is for: by host (``<id>.execute-api.localhost``) or by path (``/_aws/...``).

Names below ``localhost`` resolve in browsers and not everywhere else, so addresses that the cloud gives out
are paths; the paths are those that LocalStack has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from labkit.localcloud.front import Request

Kind = Literal["execute-api", "lambda-url"]

_HOST = re.compile(
    r"(?P<id>[a-z0-9]+)\.(?P<kind>execute-api|lambda-url)(?:\.[a-z0-9-]+)?\.localhost(?::\d+)?", re.ASCII
)
_PATH = re.compile(r"/_aws/(?P<kind>execute-api|lambda-url)/(?P<id>[a-z0-9]+)(?P<rest>/.*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """What a request is for.

    Attributes:
        path: what follows the URL's or API's own address, still percent-encoded.
        prefix: where that address is a path: what stands before ``path``.
    """

    kind: Kind
    id: str
    path: str
    prefix: str = ""


def locate(request: Request) -> Address | None:
    """The URL or API that a request is for; None when it is for none."""
    host = _HOST.fullmatch((request.header("host") or "").lower())
    if host is not None:
        return Address(_kind(host["kind"]), host["id"], request.raw_path or "/")
    path = _PATH.fullmatch(request.raw_path)
    if path is None:
        return None
    prefix = f"/_aws/{path['kind']}/{path['id']}"
    return Address(_kind(path["kind"]), path["id"], path["rest"] or "/", prefix)


def _kind(text: str) -> Kind:
    return "lambda-url" if text == "lambda-url" else "execute-api"
