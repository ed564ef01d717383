"""Parts of the photo library as the capstone's checks use them: asked as their callers ask them."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from labkit.checks.faults import no_error
from labkit.checks.functions import Answer, Function, find, load
from labkit.checks.look import Look, NotYet
from labkit.checks.roles import Allow, allows

LIVE = "live"
# Actions that AWS knows for everything only: traces, metrics, network interfaces.
WITHOUT_RESOURCE = ("xray:", "cloudwatch:putmetricdata", "ec2:")


def part(look: Look, base: str) -> Function:
    """A part's function, that may run and whose role is not too generous.

    Raises:
        NotYet: it is switched off, or its role allows too much.
    """
    function = find(look, base)
    reserved = look.client("lambda").get_function_concurrency(FunctionName=function.name)
    if reserved.get("ReservedConcurrentExecutions") == 0:
        raise NotYet(
            f"{function.name} has a reserved concurrency of 0: every request is throttled (429), and "
            "leaves no log",
            "a function that may run",
            "Remove the reservation with delete_function_concurrency, or reserve at least one.",
        )
    least_privilege(look, function)
    return function


def asked(look: Look, function: Function, event: Any, doing: str) -> Answer:
    """The answer of a part, asked behind its alias ``live`` if it has one.

    Raises:
        NotYet: it fails; if only the alias' version does, that is said.
    """
    behind = LIVE if _has_alias(look, function) else None
    answer = function.invoke(event, behind)
    if behind and answer.error and not function.invoke(event).error:
        raise NotYet(
            f"$LATEST of {function.name} works, but its alias {LIVE} leads to version {answer.version}, "
            f"which ends in {answer.error_text}",
            f"a version behind {LIVE} that works",
            "Publish a version of what works and move the alias to it with update_alias, or move it back to "
            "the version before.",
        )
    return no_error(function, answer, doing)


def least_privilege(look: Look, function: Function) -> None:
    """No policy of one's own allows everything.

    Raises:
        NotYet: one does.
    """
    for statement in allows(look, function.role_name):
        if not statement.managed and (pattern := _too_much(statement)):
            raise NotYet(
                f"the policy {statement.policy} of {function.role_name} allows {pattern}",
                "exactly the actions that the function calls, on the resources that it uses",
                "Name the action and the resource: the error in the log, or the policy as it was, has both.",
            )


def settings(look: Look, function: Function) -> Function:
    """What runs for callers: the version behind ``live``, else ``$LATEST``."""
    return load(look, function.name, LIVE) if _has_alias(look, function) else function


def _has_alias(look: Look, function: Function) -> bool:
    try:
        look.client("lambda").get_alias(FunctionName=function.name, Name=LIVE)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return False
    return True


def _too_much(statement: Allow) -> str | None:
    if statement.everything_but:
        return "everything but what it names"
    for action in statement.actions:
        if action == "*" or action.endswith(":*"):
            return action
    if "*" in statement.resources:
        bound = [one for one in statement.actions if not one.lower().startswith(WITHOUT_RESOURCE)]
        if bound:
            return f"{', '.join(bound)} on every resource (*)"
    return None
