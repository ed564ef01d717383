"""Lists in pages: Marker and MaxItems. A marker names the last item given: deletions meanwhile do no harm."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from labkit.localcloud.functions.errors import invalid
from labkit.localcloud.functions.model import constraint

Item = TypeVar("Item")
Key = str | int


def page_size() -> int:
    """Lambda gives at most 50 items a page, whatever MaxItems says (ListFunctions, API reference)."""
    return int(constraint("MaxItems", "max"))


def page(
    items: Iterable[Item], key: Callable[[Item], Key], params: Mapping[str, Any], *, descending: bool = False
) -> tuple[list[Item], str | None]:
    """One page of ``items``, in the order of ``key``.

    Returns:
        The items, and the marker of the next page or None.

    Raises:
        ServiceError: the marker is none of ours.
    """
    ordered = sorted(items, key=key, reverse=descending)
    if marker := params.get("Marker"):
        after = _read(marker)
        ordered = [item for item in ordered if _follows(key(item), after, descending)]
    size = min(params.get("MaxItems") or page_size(), page_size())
    chosen = ordered[:size]
    return chosen, _write(key(chosen[-1])) if len(ordered) > size else None


def _follows(key: Key, after: Key, descending: bool) -> bool:
    if type(key) is not type(after):
        raise _bad_marker()
    return key < after if descending else key > after  # type: ignore[operator]


def _write(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read(marker: str) -> Key:
    try:
        key = json.loads(base64.urlsafe_b64decode(marker))
    except (binascii.Error, ValueError):
        raise _bad_marker() from None
    if not isinstance(key, (str, int)):
        raise _bad_marker()
    return key


def _bad_marker() -> Exception:
    return invalid("The Marker is invalid. Use the NextMarker of the page before, with the same parameters.")
