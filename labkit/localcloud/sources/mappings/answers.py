"""What a function's answer says of a batch: done, failed as a whole, or failed in part. Pure.

Source: Lambda Developer Guide, "Success and failure conditions" of partial batch responses: an identifier
that is missing, empty or of no record of the batch makes the whole batch fail.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from labkit.runtime.spec import Outcome


def failed_identifiers(outcome: Outcome, identifiers: Collection[str], reports: bool) -> set[str]:
    """The records that have to come again.

    Args:
        identifiers: of all records of the batch.
        reports: whether the mapping has ReportBatchItemFailures.
    """
    everything = set(identifiers)
    if outcome.function_error is not None:
        return everything
    if not reports:
        return set()
    try:
        answer = json.loads(outcome.payload or b"null")
    except ValueError:
        return everything
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if failures is None:
        return set()
    if not isinstance(failures, list):
        return everything
    named = {_identifier(failure) for failure in failures}
    return named if named <= everything else everything


def _identifier(failure: Any) -> str:
    named = failure.get("itemIdentifier") if isinstance(failure, dict) else None
    return named if isinstance(named, str) else ""
