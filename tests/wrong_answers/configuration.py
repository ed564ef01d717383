"""Answers to exercise 02.4: environment variables and tags."""

from __future__ import annotations

from tests.wrong_answers.world import GET_PHOTO, World, right, wrong

TAGS = {"project": "photo-library"}


def named(variable: str) -> str:
    return GET_PHOTO.replace("TABLE_NAME", variable)


@wrong("02.4", "no tags", "has no tags")
def _(world: World) -> None:
    world.get_photo()


@wrong("02.4", "no variables: the name is in the code", "has no environment variables")
def _(world: World) -> None:
    code = GET_PHOTO.replace('os.environ["TABLE_NAME"]', repr(world.name("photos")))
    world.get_photo(code, environment={}, Tags=TAGS)


@wrong("02.4", "a variable with another name", "Names of variables are exact")
def _(world: World) -> None:
    world.get_photo(named("TABLE"), environment={"TABLE": world.name("photos")}, Tags=TAGS)


@wrong("02.4", "another variable replaced it", "Environment replaces all variables at once")
def _(world: World) -> None:
    name = world.get_photo(Tags=TAGS)
    world.configure(name, Environment={"Variables": {"STAGE": "test"}})


@wrong("02.4", "a table that does not exist", "and there is no such table")
def _(world: World) -> None:
    world.get_photo(environment={"TABLE_NAME": "photos"}, Tags=TAGS)


@wrong("02.4", "the role is tagged", "Tag the function itself")
def _(world: World) -> None:
    world.get_photo()
    world.client("iam").tag_role(
        RoleName=world.name("get-photo-role"), Tags=[{"Key": "project", "Value": "photo-library"}]
    )


@wrong("02.4", "another tag", "but none called 'project'")
def _(world: World) -> None:
    world.get_photo(Tags={"photo-library": "project"})


@wrong("02.4", "a tag without a value", "the tag 'project' is empty")
def _(world: World) -> None:
    world.get_photo(Tags={"project": ""})


@right("02.4", "as the solution has it", "and the tag project=photo-library")
def _(world: World) -> None:
    world.get_photo(Tags=TAGS)


@right("02.4", "tagged later, with a capital and a value of one's own, among other variables")
def _(world: World) -> None:
    name = world.get_photo(environment={"TABLE_NAME": world.name("photos"), "LOG_LEVEL": "DEBUG"})
    arn = world.client("lambda").get_function_configuration(FunctionName=name)["FunctionArn"]
    world.client("lambda").tag_resource(Resource=arn, Tags={"Project": "holidays", "team": "me"})
