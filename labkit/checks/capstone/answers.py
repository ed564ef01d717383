"""06.6 and 06.7: the parts that people wait for answer again: ``get-photo`` and ``share-photo``."""

from __future__ import annotations

from typing import Any

from labkit.checks.capstone.parts import asked, part, settings
from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import Photo, find_table, photo_in, status
from labkit.checks.registry import check


@check("06.6", title="Photos can be opened again")
def get_photo(look: Look) -> str:
    """Asked for a photo as the app does, behind the alias."""
    function = part(look, "get-photo")
    with photo_in(look, find_table(look, function)) as photo:
        _answers(look, function, photo.event, "asked for a photo that exists")
    runs = settings(look, function).configuration
    return f"{function.name} answers with {runs['MemorySize']} MB and {runs['Timeout']} s"


@check("06.7", title="Photos can be shared again")
def share_photo(look: Look) -> str:
    """Asked for a link."""
    function = part(look, "share-photo")
    event: dict[str, Any] = Photo("photo-1", "photo_id").event
    _answers(look, function, event, "asked to share a photo")
    runs = settings(look, function).configuration
    return f"{function.name} answers with {runs['MemorySize']} MB and {runs['Timeout']} s"


def _answers(look: Look, function: Function, event: Any, doing: str) -> None:
    answer = asked(look, function, event, doing)
    if (code := status(function, answer)) != 200:
        raise NotYet(
            f"{function.name}, {doing}, answered {code}",
            "statusCode 200",
            "Read its log, and compare its code and its variables with those before.",
        )
