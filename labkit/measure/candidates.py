"""A version and an alias for each setting that a tuning tries; afterwards the function is as it was.

AWS publishes versions from $LATEST only, so $LATEST takes each setting for the moment in which it is
published, all of them before the first measured call. Then, and also after Ctrl-C or an error, it is changed
back; what was published is deleted when the measuring is over.
"""

from __future__ import annotations

import re
import signal
import threading
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labkit.facts import quota
from labkit.measure.target import SOON, MeasureError

_OURS = "labkit tune"
_MARK = re.compile(
    rf"{_OURS} \w+: \d+ MB, was (?P<memory_mb>\d+) MB on (?P<architecture>\w+)(?:; (?P<description>.*))?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Candidate:
    """One setting to try and the alias under which it can be called."""

    memory_mb: int
    architecture: str
    alias: str


@contextmanager
def published(client: Any, name: str, wanted: Sequence[tuple[int, str]]) -> Iterator[tuple[Candidate, ...]]:
    """A version and an alias for each (memory in MB, architecture); gone after the block.

    Raises:
        MeasureError: a setting is refused, or the function cannot be brought back to what it was.
    """
    run, before = uuid.uuid4().hex[:8], _as_it_was(_latest(client, name))
    try:
        with _latest_restored(client, name, before):
            ready = tuple(_publish(client, name, before, run, *setting) for setting in wanted)
        yield ready
    finally:
        with _undisturbed():
            _remove(client, name, run)


@contextmanager
def _latest_restored(client: Any, name: str, before: dict[str, Any]) -> Iterator[None]:
    """After the block $LATEST has its memory, description and architecture of before."""
    try:
        yield
    finally:
        with _undisturbed():
            try:
                _change(client, name, before, before["Architecture"], **_setting(before))
            except (MeasureError, BotoCoreError, ClientError, OSError) as error:
                raise MeasureError(
                    f"$LATEST of {name} could not be changed back to {before['MemorySize']} MB, "
                    f"{before['Architecture']}, description {before['Description']!r}: {error}. Do it with "
                    "update_function_configuration, or tune it again: that begins by changing it back."
                ) from error


def _latest(client: Any, name: str) -> dict[str, Any]:
    try:
        return _settled(client, name)
    except (BotoCoreError, ClientError) as error:
        raise MeasureError(
            f"{name} cannot be tuned, its settings cannot be read: {error} Tuning needs "
            "lambda:GetFunction, GetFunctionConfiguration, UpdateFunctionConfiguration, PublishVersion, "
            "CreateAlias, InvokeFunction, ListAliases, ListVersionsByFunction, DeleteAlias, DeleteFunction."
        ) from error


def _as_it_was(found: dict[str, Any]) -> dict[str, Any]:
    """What has to be restored. A tuning that was killed has left its mark in the description."""
    before = {
        "MemorySize": found["MemorySize"],
        "Description": found.get("Description", ""),
        "Architecture": found.get("Architectures", ["x86_64"])[0],
        "PackageType": found.get("PackageType", "Zip"),
    }
    if mark := _MARK.fullmatch(before["Description"]):
        before |= {"MemorySize": int(mark["memory_mb"]), "Architecture": mark["architecture"]}
        before["Description"] = mark["description"] or ""
    return before


def _setting(before: dict[str, Any]) -> dict[str, Any]:
    return {"MemorySize": before["MemorySize"], "Description": before["Description"]}


def _publish(
    client: Any, name: str, before: dict[str, Any], run: str, memory_mb: int, architecture: str
) -> Candidate:
    # The description makes each version a new one: AWS does not publish what equals the last version.
    mark = f"{_OURS} {run}: {memory_mb} MB, was {before['MemorySize']} MB on {before['Architecture']}"
    whole = f"{mark}; {before['Description']}" if before["Description"] else mark
    description = whole if len(whole) <= quota("description_max_chars").value else mark
    try:
        _change(client, name, before, architecture, MemorySize=memory_mb, Description=description)
        version = client.publish_version(FunctionName=name)
        if version["MemorySize"] != memory_mb or version.get("Description") != description:
            raise MeasureError(f"Somebody else changed {name} meanwhile. Tune it when nobody does.")
        alias = f"labkit-tune-{run}-{memory_mb}-{architecture}"
        client.create_alias(FunctionName=name, Name=alias, FunctionVersion=version["Version"])
        client.get_waiter("published_version_active").wait(
            FunctionName=name, Qualifier=version["Version"], WaiterConfig=SOON
        )
    except (BotoCoreError, ClientError, OSError) as error:
        raise MeasureError(
            f"{name} cannot be tried at {memory_mb:,} MB on {architecture}: {error} "
            "Leave this setting out, or mend what it says."
        ) from error
    return Candidate(memory_mb, architecture, alias)


def _change(client: Any, name: str, before: dict[str, Any], architecture: str, **settings: Any) -> None:
    """Give $LATEST these settings, if it has others."""
    now = _settled(client, name)
    if now.get("Architectures", ["x86_64"])[0] != architecture:
        client.update_function_code(
            FunctionName=name, Architectures=[architecture], **_code(client, name, before)
        )
        now = _settled(client, name)
    if any(now.get(key) != value for key, value in settings.items()):
        client.update_function_configuration(FunctionName=name, **settings)
        _settled(client, name)


def _settled(client: Any, name: str) -> dict[str, Any]:
    """$LATEST's configuration once no change of it is under way."""
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=SOON)
    return dict(client.get_function_configuration(FunctionName=name))


def _code(client: Any, name: str, before: dict[str, Any]) -> dict[str, Any]:
    """The function's own code, to be sent again: AWS changes an architecture only together with the code."""
    if before["PackageType"] != "Zip":
        raise MeasureError(
            f"{name} is a container image, which is built for {before['Architecture']} only. "
            "Tune it on that architecture."
        )
    found = client.get_function(FunctionName=name)
    most = quota("zip_direct_max_bytes").value
    if found["Configuration"]["CodeSize"] > most:
        raise MeasureError(
            f"The package of {name} has more than {most:,} bytes, so it cannot be sent again for another "
            "architecture. Tune it on the one that it has."
        )
    with urllib.request.urlopen(found["Code"]["Location"], timeout=60) as answer:
        return {"ZipFile": answer.read()}


def _remove(client: Any, name: str, run: str) -> None:
    """Delete this run's aliases and versions, found by their marks: a lost answer leaves nothing behind."""
    try:
        for alias in _all(client, "list_aliases", "Aliases", name):
            if alias["Name"].startswith(f"labkit-tune-{run}-"):
                client.delete_alias(FunctionName=name, Name=alias["Name"])
        for version in _all(client, "list_versions_by_function", "Versions", name):
            if version["Version"] != "$LATEST" and version.get("Description", "").startswith(
                f"{_OURS} {run}:"
            ):
                client.delete_function(FunctionName=name, Qualifier=version["Version"])
    except (BotoCoreError, ClientError) as error:
        raise MeasureError(
            f"{name} may still have versions whose description begins with {_OURS!r}, and their aliases: "
            f"{error}. Delete them with delete_alias, then delete_function and their Qualifier."
        ) from error


def _all(client: Any, operation: str, key: str, name: str) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(FunctionName=name)
    return [item for page in pages for item in page[key]]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C waits until the block is over, and is then forgotten: a function is not left half-restored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
