"""02.7: the secret is in Parameter Store or Secrets Manager, read by the function, and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from labkit.checks import packages
from labkit.checks.faults import no_error
from labkit.checks.functions import Function, find, load
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import Photo, status
from labkit.checks.registry import check

BASE = "share-photo"
# What the notebook plants in the environment of share-photo, for the learner to find and remove.
PLANTED_VARIABLE = "SIGNING_KEY"
PLANTED_VALUE = "tell-nobody-4711"
EXPECTED = "the secret in Parameter Store or Secrets Manager, and only there"
ASKS = ("get_parameter", "get_parameters", "get_parameters_by_path", "get_secret_value", "get_secret")
TELLTALE = ("password", "passwd", "secret", "token", "apikey", "api_key", "signing_key", "private_key")
POINTERS = ("name", "arn", "id", "path", "parameter", "ttl", "prefix", "url")
SHORTEST = 6
NO_VALUE = ("ResourceNotFoundException", "InvalidRequestException")


@dataclass(frozen=True)
class Stored:
    """A secret where secrets belong.

    Attributes:
        where: in words.
        encrypted: whether it is kept encrypted.
    """

    name: str
    where: str
    value: str
    encrypted: bool


@check("02.7", title="The secret is read from a store, once per environment")
def secret(look: Look) -> str:
    """No secret in variables, versions or code; two warm invocations work; not asked for in each call."""
    function = find(look, BASE)
    stored = _stored(look, function)
    values = {PLANTED_VALUE, *(one.value for one in stored if len(one.value) >= SHORTEST)}
    _not_configured(look, function, values)
    files = function.files()
    _not_packaged(function, files, values)
    if not stored:
        raise NotYet(
            f"{function.name} carries no secret, and no parameter or secret of the lab holds one",
            EXPECTED,
            "Put it into Parameter Store (type SecureString) or Secrets Manager, named with lab.name(…).",
        )
    for one in stored:
        if not one.encrypted:
            raise NotYet(
                f"the parameter {one.name} is of type String: anybody who may list parameters reads it",
                EXPECTED,
                "Delete it and put it again with Type='SecureString'; read it with WithDecryption=True.",
            )
    _works(function)
    _works(function)
    _decrypted(function, files)
    _cached(function, files)
    return f"{function.name} answers twice, knows no secret by itself, and there is {stored[0].where}"


def _stored(look: Look, function: Function) -> list[Stored]:
    """The lab's parameters and secrets, and those that the function's variables name."""
    named = set(function.environment.values())

    def ours(name: str) -> bool:
        return look.prefix in name or any(name in value for value in named)

    return [*_parameters(look, ours), *_secrets(look, ours)]


def _parameters(look: Look, ours: Callable[[str], bool]) -> Iterator[Stored]:
    client = look.client("ssm")
    for page in client.get_paginator("describe_parameters").paginate():
        for name in (one["Name"] for one in page["Parameters"] if ours(one["Name"])):
            kept = client.get_parameter(Name=name, WithDecryption=True)["Parameter"]
            yield Stored(name, f"the parameter {name}", kept["Value"], kept["Type"] == "SecureString")


def _secrets(look: Look, ours: Callable[[str], bool]) -> Iterator[Stored]:
    client = look.client("secretsmanager")
    for page in client.get_paginator("list_secrets").paginate():
        for name in (one["Name"] for one in page["SecretList"] if ours(one["Name"])):
            try:
                value = client.get_secret_value(SecretId=name).get("SecretString", "")
            except ClientError as error:
                if error.response["Error"]["Code"] not in NO_VALUE:
                    raise
                continue  # without a value, or being deleted
            yield Stored(name, f"the secret {name}", value, True)


def _not_configured(look: Look, function: Function, values: set[str]) -> None:
    """Neither the function nor a published version has a secret among its environment variables."""
    _no_value(function.environment, values, function.name)
    for name, value in function.environment.items():
        if _looks_secret(name, value):
            raise NotYet(
                f"the variable {name} of {function.name} looks like a secret: everybody who may read the "
                "configuration sees it",
                EXPECTED,
                "Remove it, and let the handler read the value from the store. A variable may hold its name.",
            )
    client = look.client("lambda")
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=function.name)
    for number in (one["Version"] for page in pages for one in page["Versions"]):
        if number != "$LATEST":
            version = load(look, function.name, number)
            _no_value(version.environment, values, f"version {number} of {function.name}")


def _no_value(environment: Mapping[str, str], values: set[str], whose: str) -> None:
    for name, value in environment.items():
        if any(secret in value for secret in values):
            step = "Remove the variable; the handler reads the value from the store."
            if whose.startswith("version "):
                step = "A version keeps its configuration for ever: delete it, and change the secret."
            raise NotYet(f"the variable {name} of {whose} holds the secret in clear text", EXPECTED, step)


def _looks_secret(name: str, value: str) -> bool:
    words = name.lower()
    points = any(words.endswith(pointer) for pointer in POINTERS) or value.startswith(("arn:", "/"))
    return any(word in words for word in TELLTALE) and not points and bool(value)


def _not_packaged(function: Function, files: Mapping[str, bytes], values: set[str]) -> None:
    for path, content in files.items():
        if any(secret.encode() in content for secret in values):
            raise NotYet(
                f"the secret stands in {path} of {function.name}'s package",
                EXPECTED,
                "Code is copied, shared and committed: take it out, and let the handler ask the store.",
            )


def _works(function: Function) -> None:
    event: dict[str, Any] = Photo("photo-1", "photo_id").event
    answer = no_error(function, function.invoke(event), "asked to share a photo")
    if (code := status(function, answer)) != 200:
        raise NotYet(
            f"{function.name} answered {code}",
            "statusCode 200 with a shared link",
            "Read the function's log: what does it miss now that the variable is gone?",
        )


def _cached(function: Function, files: Mapping[str, bytes]) -> None:
    """The store is not asked in every call. Speaks up only where the code leaves no doubt."""
    found = packages.handler(str(function.configuration.get("Handler", "")), files)
    entry = found.entry if found else None
    if found is None or entry is None or entry.decorator_list:
        return
    helpers = {one.name: one for one in found.tree.body if isinstance(one, ast.FunctionDef)}
    for call in _calls(entry, ast.If):
        helper = helpers.get(call.func.id) if isinstance(call.func, ast.Name) else None
        calls = [call] if helper is None or helper.decorator_list else _calls(helper, ast.If, ast.Try)
        for asked in calls:
            if (asks := _asks(asked)) is not None:
                raise NotYet(
                    f"{entry.name} calls {asks} in every invocation (line {asked.lineno})",
                    "one question to the store for each execution environment",
                    "Ask at module level, or in a function with functools.cache: it takes time and has a "
                    "price each time.",
                )


def _decrypted(function: Function, files: Mapping[str, bytes]) -> None:
    """A SecureString is not used as it is stored. Speaks up only where the code leaves no doubt."""
    found = packages.handler(str(function.configuration.get("Handler", "")), files)
    nodes = ast.walk(found.tree) if found else ()
    calls = [node for node in nodes if isinstance(node, ast.Call) and _asks(node)]
    if calls and all(_asks(call) == "get_parameter" and not _may_decrypt(call) for call in calls):
        raise NotYet(
            f"{function.name} calls get_parameter without WithDecryption (line {calls[0].lineno})",
            "the parameter's value, decrypted",
            "Without WithDecryption=True the answer is the encrypted text: links would be signed with that.",
        )


def _calls(function: ast.FunctionDef, *conditional: type[ast.stmt]) -> Iterator[ast.Call]:
    """The calls that each run of a function makes: none that stands under a condition."""
    for statement in function.body:
        if not isinstance(statement, (ast.FunctionDef, ast.ClassDef, *conditional)):
            yield from (node for node in ast.walk(statement) if isinstance(node, ast.Call))


def _asks(call: ast.Call) -> str | None:
    """Which question to a store a call is; None if it is none."""
    method = call.func
    if isinstance(method, ast.Attribute) and method.attr in ASKS and not _from_powertools(method):
        return method.attr
    return None


def _may_decrypt(call: ast.Call) -> bool:
    given = {one.arg: one.value for one in call.keywords}
    if None in given:  # **arguments
        return True
    wanted = given.get("WithDecryption")
    return wanted is not None and not (isinstance(wanted, ast.Constant) and not wanted.value)


def _from_powertools(function: ast.Attribute) -> bool:
    """``parameters.get_secret(…)`` of Powertools caches by itself."""
    return isinstance(function.value, ast.Name) and function.value.id == "parameters"
