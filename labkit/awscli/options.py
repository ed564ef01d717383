"""From one parameter of a call to its option: the groups of words, the files and the comments it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.model import Shape

from labkit.awscli import values
from labkit.awscli.call import Call, Note
from labkit.awscli.files import File, Files
from labkit.awscli.names import ZIP_INSIDE, negative, option, subcommand, takes_addresses

_SECRETS = {"SecretString", "SecretBinary", "Password", "NewPassword", "OldPassword", "PrivateKey"}
_STEMS = {"ZipFile": "function", "Code": "function", "Content": "layer", "Payload": "event"}


@dataclass(frozen=True)
class Made:
    """What one parameter became.

    Attributes:
        groups: options with their words: ``(("--zip-file", "fileb://function.zip"),)``.
    """

    groups: tuple[tuple[str, ...], ...]
    files: tuple[File, ...] = ()
    comments: tuple[str, ...] = ()


def made(call: Call, member: str, value: Any, files: Files) -> Made:
    """The option of ``member`` with its value, as the CLI of versions 1 and 2 reads it."""
    shape: Shape = call.model.input_shape.members[member]  # type: ignore[union-attr]
    name = option(call.service, call.operation, member)
    if ZIP_INSIDE.get((call.service, call.operation)) == member and "ZipFile" in value:
        return _hoisted(name, member, value, files)
    if shape.type_name == "boolean":
        return Made(((name if value else negative(name),),))
    if shape.type_name == "blob":
        return _blob(call, member, shape, value, files)
    if isinstance(value, str):
        return _text(call, name, member, value, files)
    return Made(((name, *values.words(shape, value)),), comments=values.notes(value))


def _hoisted(name: str, member: str, value: dict[str, Any], files: Files) -> Made:
    """A zip inside a structure becomes an option of its own; the rest of the structure stays."""
    file = files.blob(_STEMS[member], _bytes(value["ZipFile"]))
    zipped = ("--zip-file", f"fileb://{file.name}")
    rest = {key: item for key, item in value.items() if key != "ZipFile"}
    return Made((zipped, (name, values.as_json(rest))) if rest else (zipped,), (file,))


def _blob(call: Call, member: str, shape: Shape, value: Any, files: Files) -> Made:
    """Bytes go through a file: inline, version 1 takes text and version 2 base64."""
    name = option(call.service, call.operation, member)
    content = _bytes(value)
    if member in _SECRETS and isinstance(content, bytes):
        file = files.secret("secret", content)
    else:
        file = files.blob(_STEMS.get(member, subcommand(member)), content)
    streamed = shape.serialization.get("streaming")
    return Made(((name, file.name if streamed else f"fileb://{file.name}"),), (file,))


def _text(call: Call, name: str, member: str, value: str, files: Files) -> Made:
    if _is_secret(call, member):
        file = files.secret("secret", value.encode())
        return Made(((name, f"file://{file.name}"),), (file,))
    if values.is_fetched(value) and not takes_addresses(call.service, member):
        file = files.text(subcommand(member), value)
        return Made(((name, f"file://{file.name}"),), (file,))
    if value.startswith("-"):  # the CLI would take the word for an option
        return Made(((f"{name}={value}",),))
    return Made(((name, value),))


def _is_secret(call: Call, member: str) -> bool:
    if (call.service, member) == ("ssm", "Value"):
        return bool(call.params.get("Type") == "SecureString")
    return member in _SECRETS


def _bytes(value: bytes | bytearray | str | Note) -> bytes | Note:
    if isinstance(value, Note):
        return value
    return value.encode() if isinstance(value, str) else bytes(value)
