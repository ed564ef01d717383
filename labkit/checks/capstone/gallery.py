"""06.1: ``gallery`` still answers, and the audit finds none of the pitfalls in it any more."""

from __future__ import annotations

import json
from typing import Any

from labkit.checks.audit import Verdict, audit
from labkit.checks.faults import no_error
from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import find_table, photo_in
from labkit.checks.registry import check

EXPECTED = "an audit without findings"
KEEP_MB, CALLS = 128, 3


@check("06.1", title="The gallery does its work without pitfalls")
def gallery(look: Look) -> str:
    """Gives two photos, raises when it cannot, and passes the audit."""
    function = find(look, "gallery")
    _answers(look, function)
    found = audit(look.client, function.name)
    for verdict in found.verdicts:
        if verdict.findings:
            raise _told(function, verdict)
    return f"{function.name} gives the photos it is asked for; {len(found.verdicts)} pitfalls, none found"


def _answers(look: Look, function: Function) -> None:
    with photo_in(look, find_table(look, None)) as photo:
        answer = no_error(function, function.invoke({"photo_ids": [photo.id]}), "asked for one photo")
    payload: Any = answer.payload
    code = payload.get("statusCode") if isinstance(payload, dict) else None
    if code != 200:
        raise NotYet(
            f"{function.name}, asked for a photo that exists, answered {json.dumps(payload)[:200]}",
            "statusCode 200 with a list of photos",
            "If it hides why, take out what catches everything; then its log names the error.",
        )
    try:
        photos = json.loads(payload["body"])
    except (KeyError, TypeError, ValueError):
        photos = None
    if not isinstance(photos, list) or not any(photo.id in json.dumps(one) for one in photos):
        raise NotYet(
            f"{function.name}, asked for the photo {photo.id}, gave {str(payload.get('body'))[:200]}",
            "a body that is a list with that photo, as JSON",
            "Read the photos from the table photos and give them with json.dumps.",
        )


def _told(function: Function, verdict: Verdict) -> NotYet:
    finding = verdict.findings[0]
    more = len(verdict.findings) - 1
    rest = f" (and {more} more of this kind)" if more else ""
    return NotYet(
        f"{verdict.pitfall.title.lower()}: {finding.seen}{rest}", EXPECTED, f"{finding.step} {finding.risk}"
    )
