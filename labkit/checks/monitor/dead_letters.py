"""05.1: events that failed for good go to a dead-letter queue, which the role may write to."""

from __future__ import annotations

from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.monitor.orders import order_prints, peek
from labkit.checks.registry import check
from labkit.checks.roles import allows

SENDS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}
POISON = "Send an order for no copies with InvocationType='Event', and let four minutes pass."


@check("05.1", title="What fails for good is kept in a dead-letter queue")
def dead_letters(look: Look) -> str:
    """Configured, permitted for this one target, and a letter that Lambda sent is in it."""
    function = order_prints(look)
    target = str(function.configuration.get("DeadLetterConfig", {}).get("TargetArn", ""))
    if not target:
        raise NotYet(
            f"{function.name} has no dead-letter queue",
            "a queue for events that failed after all retries",
            "Allow its role sqs:SendMessage on the queue, then set DeadLetterConfig={'TargetArn': dead_arn}.",
        )
    may_send(look, function, target)
    if ":sns:" in target:
        return f"{function.name} tells the topic {target.rpartition(':')[2]}"
    letters = look.eventually(lambda: peek(look, target)) or []
    sent = [one for one in letters if "ErrorCode" in one.get("MessageAttributes", {})]
    name = target.rpartition(":")[2]
    if letters and not sent:
        raise NotYet(
            f"{name} has {len(letters)} messages, none of them from Lambda: they have no ErrorCode",
            "an event that Lambda gave up",
            POISON,
        )
    if not sent:
        raise NotYet(f"{name} is set, and empty", "an event that Lambda gave up", POISON)
    error = sent[-1]["MessageAttributes"].get("ErrorMessage", {}).get("StringValue", "")
    return f"{name} has {len(sent)} dead letters; the last one failed with: {error}"


def may_send(look: Look, function: Function, target: str) -> None:
    """The role may write to a target, and to no others.

    Raises:
        NotYet: it may not, or it may do more.
    """
    action = SENDS.get(target.split(":")[2], "")
    expected = f"{action} on {target}"
    statements = [one for one in allows(look, function.role_name) if action and one.allows(action)]
    if action and not any(one.covers(target) for one in statements):
        raise NotYet(
            f"{function.role_name} may not do {action} on {target.rpartition(':')[2]}",
            expected,
            "Add an inline policy to the role, under a name of its own: put_role_policy replaces the one of "
            "the same name. Without it what Lambda wants to keep is dropped.",
        )
    for one in statements:
        if any("*" in pattern for pattern in one.resources) or any("*" in part for part in one.actions):
            raise NotYet(
                f"the policy {one.policy} allows {', '.join(one.actions)} on {', '.join(one.resources)}",
                expected,
                f"Put {one.policy} again, with the one action and the queue's ARN instead of a star; or "
                "delete it (iam.delete_role_policy), if another policy says that already.",
            )
