"""02.1: the handler reads the table, answers 404 for the caller's mistakes and lets real failures raise."""

from __future__ import annotations

from labkit.checks.faults import no_error
from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import Table, ask, find_table, named_in, numbers_survive, photo_in, status, unknown
from labkit.checks.registry import check

BASE = "get-photo"
NO_TABLE = "there-is-no-such-table"


def get_photo(look: Look) -> Function:
    """The function of the photo library that reads a photo's metadata."""
    return find(look, BASE, unlike=("node", "twin", "broken"))


@check("02.1", title="The handler answers 200 and 404, and raises what is not the caller's fault")
def handler(look: Look) -> str:
    """A known photo, an unknown one, and a copy of the function whose table does not exist."""
    function = get_photo(look)
    table = find_table(look, function)
    with photo_in(look, table) as photo:
        numbers_survive(function, ask(function, photo))
        _unknown_is_404(function, table)
        raised = _failure_raises(function, table)
    return f"{function.name}: 200 with JSON for a photo, 404 for none, and without its table {raised}"


def _unknown_is_404(function: Function, table: Table) -> None:
    answer = function.invoke(unknown(table).event)
    code = status(function, no_error(function, answer, "asked for a photo that does not exist"))
    if code == 404:
        return
    if code == 200:
        step = "get_item without a match has no 'Item' in its answer: look for that and answer 404."
    elif code >= 500:
        step = "5xx says that the service is broken. An unknown id is the caller's mistake: 404."
    else:
        step = "404, Not Found, is the status for something that does not exist."
    raise NotYet(
        f"{function.name} answered {code} for a photo that does not exist",
        "statusCode 404",
        step,
    )


def _failure_raises(function: Function, table: Table) -> str:
    """Which error a copy of the function raises when its table is not there."""
    variables = named_in(function, table)
    expected = "a table that cannot be read makes the function fail, so that retries and alarms see it"
    if not variables:
        raise NotYet(
            f"no environment variable of {function.name} names the table {table.name}: it is in the code",
            "the table's name in the environment, where each stage can have its own",
            "Read it with os.environ['TABLE_NAME'] and set the variable on the function.",
        )
    broken = {**function.environment, **dict.fromkeys(variables, NO_TABLE)}
    with function.copy(broken) as copy:
        answer = copy.invoke(unknown(table).event)
    if answer.error is not None:
        return str(answer.error.get("errorType", "an error"))
    code = answer.payload.get("statusCode") if isinstance(answer.payload, dict) else None
    if code in (200, 404):
        raise NotYet(
            f"with {' and '.join(variables)} naming no table, the function still answers {code}",
            expected,
            "If it reads the table at all, it does not use the variable: is the name written in the code? "
            "If it catches every exception, catch less.",
        )
    raise NotYet(
        f"with a table that does not exist the function answers {code} instead of failing",
        expected,
        "Do not catch everything: an exception that you return as an answer is a success to Lambda. "
        "Let it raise.",
    )
