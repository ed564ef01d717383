"""02.4: the table's name comes from the environment, and a tag says what the function belongs to."""

from __future__ import annotations

from labkit.checks.create.handler import get_photo
from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import TABLE_VARIABLE, ask, find_table, photo_in
from labkit.checks.registry import check

TAG = "project"
NOT_YOURS = ("aws:", "labkit:")


@check("02.4", title="Configuration is in environment variables, and a tag says whose the function is")
def configuration(look: Look) -> str:
    """TABLE_NAME names a table that exists, the function works with it, the tag ``project`` has a value."""
    function = get_photo(look)
    table = find_table(look, function)
    named = function.environment.get(TABLE_VARIABLE)
    if named is None:
        raise _no_variable(function)
    if named not in (table.name, table.arn):
        raise NotYet(
            f"{TABLE_VARIABLE} is {named!r}, and there is no such table",
            f"{TABLE_VARIABLE}={table.name}",
            "Set it to the table's name: a variable can take lab.name('photos').",
        )
    with photo_in(look, table) as photo:
        ask(function, photo)
    tag = _tag(look, function)
    return f"{function.name} has {TABLE_VARIABLE}={named} and the tag {tag}"


def _no_variable(function: Function) -> NotYet:
    names = list(function.environment)
    near = [one for one in names if "table" in one.lower()]
    expected = f"an environment variable {TABLE_VARIABLE}"
    if near:
        return NotYet(
            f"{function.name} has {', '.join(near)}, but no {TABLE_VARIABLE}",
            expected,
            f"Names of variables are exact, capitals included: {TABLE_VARIABLE}.",
        )
    if names:
        return NotYet(
            f"{function.name} has {', '.join(names)}, but no {TABLE_VARIABLE}",
            expected,
            "Environment replaces all variables at once: send the ones that were there together with yours.",
        )
    return NotYet(
        f"{function.name} has no environment variables",
        expected,
        "Set Environment={'Variables': {'TABLE_NAME': …}} with update_function_configuration.",
    )


def _tag(look: Look, function: Function) -> str:
    arn = str(function.configuration["FunctionArn"])
    tags = look.client("lambda").list_tags(Resource=arn)["Tags"]
    own = {key: value for key, value in tags.items() if not key.startswith(NOT_YOURS)}
    expected = f"a tag {TAG!r} with a value"
    for key, value in own.items():
        if key.lower() == TAG:
            if value:
                return f"{key}={value}"
            raise NotYet(f"the tag {key!r} is empty", expected, "Give it a value: photo-library.")
    if own:
        there = ", ".join(f"{key}={value}" for key, value in own.items())
        raise NotYet(
            f"{function.name} has the tags {there}, but none called {TAG!r}",
            expected,
            f"A tag is a key and a value: {{'{TAG}': 'photo-library'}}.",
        )
    role_tags = look.client("iam").list_role_tags(RoleName=function.role_name)["Tags"]
    if any(one["Key"].lower() == TAG for one in role_tags):
        raise NotYet(
            f"the role {function.role_name} has the tag, but {function.name} has none",
            expected,
            "Tag the function itself: tag_resource takes the function's ARN.",
        )
    raise NotYet(
        f"{function.name} has no tags",
        expected,
        "Call lambda_.tag_resource(Resource=<the function's ARN>, Tags={'project': 'photo-library'}).",
    )
