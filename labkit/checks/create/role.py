"""02.2: the execution role may do what the function needs, on the one table, and nothing else."""

from __future__ import annotations

from labkit.checks.create.handler import get_photo
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import Table, ask, find_table, photo_in
from labkit.checks.registry import check
from labkit.checks.roles import Allow, allows, matches, trusted

SERVICE = "lambda.amazonaws.com"
EXPECTED = "item actions that get-photo needs, on the one table"
# get-photo reads and may count views; it never makes or deletes photos, and never touches the table itself.
NEEDLESS = (
    "dynamodb:PutItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteTable",
    "dynamodb:UpdateTable",
    "dynamodb:CreateTable",
)
WRITES_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")


@check("02.2", title="The role allows what the function needs, and no more")
def role(look: Look) -> str:
    """Trust policy, works, no wildcards, one table, logs."""
    function = get_photo(look)
    table = find_table(look, function)
    name = function.role_name
    _trust(name, trusted(look, name))
    statements = allows(look, name)
    for statement in statements:
        _not_everything(name, statement)
    with photo_in(look, table) as photo:
        ask(function, photo)
    tables = [one for one in statements if any(a.lower().startswith("dynamodb:") for a in one.actions)]
    for statement in tables:
        _least(name, statement, table)
    _logs(name, statements, look, function.log_group)
    actions = sorted({action for one in tables for action in one.actions})
    return f"{name} may {', '.join(actions)} on {table.name}, and write logs; {function.name} works"


def _trust(name: str, who: set[str]) -> None:
    if who == {SERVICE}:
        return
    step = f"The trust policy's Principal is {{'Service': '{SERVICE}'}} and nobody else."
    if SERVICE not in who:
        raise NotYet(f"{name} cannot be assumed by Lambda, but by {_names(who)}", SERVICE, step)
    others = who - {SERVICE}
    raise NotYet(f"{name} can be assumed by {_names(others)}, too", f"only {SERVICE}", step)


def _not_everything(name: str, statement: Allow) -> None:
    where = f"the policy {statement.policy} of {name}"
    if statement.everything_but:
        raise NotYet(
            f"{where} allows everything but what it names (NotAction or NotResource)",
            EXPECTED,
            "Name what is allowed: Action and Resource.",
        )
    if "*" in statement.actions or "*:*" in statement.actions:
        raise NotYet(
            f"{where} allows every action there is",
            EXPECTED,
            "Replace it by a policy that names the actions that the handler calls.",
        )


def _least(name: str, statement: Allow, table: Table) -> None:
    where = f"the policy {statement.policy} of {name}"
    if statement.managed:
        raise NotYet(
            f"{name} has AWS's policy {statement.policy}, which is for all tables of the account",
            EXPECTED,
            "Detach it, and give the role an inline policy for this one table.",
        )
    whole = [action for action in statement.actions if matches(action.lower(), "dynamodb:deletetable")]
    if whole:
        raise NotYet(
            f"{where} allows {', '.join(whole)}: that includes deleting the table",
            EXPECTED,
            "Name the actions that the handler calls, such as dynamodb:GetItem.",
        )
    needless = [action for action in NEEDLESS if statement.allows(action)]
    if needless:
        raise NotYet(
            f"{where} allows {', '.join(needless)}, which get-photo never calls",
            EXPECTED,
            "Take out what the handler does not call.",
        )
    for resource in statement.resources:
        _one_table(where, resource, table)


def _one_table(where: str, resource: str, table: Table) -> None:
    stem = resource.rpartition(":")[2]
    if stem == f"table/{table.name}" or stem.startswith(f"table/{table.name}/index/"):
        return
    if matches(resource, table.arn):
        raise NotYet(
            f"{where} is for {resource}, and that is more than this table",
            f"Resource {table.arn}",
            "Write the table's whole ARN: DescribeTable has it as TableArn.",
        )
    raise NotYet(
        f"{where} is also for {resource}",
        f"only {table.arn}",
        "Take the other resource out of the policy.",
    )


def _logs(name: str, statements: list[Allow], look: Look, group: str) -> None:
    region, account = look.lab.region, look.lab.account_id
    stream = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:any"
    missing = [
        action
        for action in WRITES_LOGS
        if not any(one.allows(action) and one.covers(stream) for one in statements)
    ]
    if missing:
        raise NotYet(
            f"{name} may not {' and '.join(missing)}: the function runs, but leaves no log",
            "permission to write logs",
            "Attach the managed policy AWSLambdaBasicExecutionRole.",
        )


def _names(who: set[str]) -> str:
    return "anybody (*)" if "*" in who else ", ".join(sorted(who)) or "nobody"
