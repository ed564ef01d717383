"""Functions as a check sees them: found by name, invoked, their code and logs read."""

from __future__ import annotations

import io
import json
import re
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from botocore.exceptions import ClientError

from labkit import reports
from labkit.checks.look import Look, NotYet

DOWNLOAD_TIMEOUT_S = 60.0
COPY = "check-copy"


@dataclass(frozen=True)
class Answer:
    """What an invocation gave.

    Attributes:
        payload: the decoded JSON, or the text if it is none.
        error: the error payload when the function failed, else None.
        version: which version ran.
    """

    payload: Any
    error: Mapping[str, Any] | None
    version: str

    @property
    def error_text(self) -> str:
        """``KeyError: 'Item'``."""
        error = self.error or {}
        return f"{error.get('errorType', 'Error')}: {error.get('errorMessage', '')}".strip(": ")


@dataclass(frozen=True)
class Function:
    """A function that was found, with its configuration at that moment."""

    look: Look = field(repr=False)
    name: str
    configuration: Mapping[str, Any] = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """Its environment variables."""
        return dict(self.configuration.get("Environment", {}).get("Variables", {}))

    @property
    def role_name(self) -> str:
        """The name of its execution role."""
        return str(self.configuration["Role"]).rpartition("/")[2]

    @property
    def runtime(self) -> str:
        """Such as ``python3.13``; empty for container images."""
        return str(self.configuration.get("Runtime", ""))

    @property
    def log_group(self) -> str:
        """Where its logs go."""
        chosen = self.configuration.get("LoggingConfig", {}).get("LogGroup")
        return str(chosen or f"/aws/lambda/{self.name}")

    def invoke(self, event: Any, qualifier: str | None = None) -> Answer:
        """Invokes it and waits for the answer."""
        chosen = {"Qualifier": qualifier} if qualifier else {}
        got = self.look.client("lambda").invoke(
            FunctionName=self.name, Payload=json.dumps(event).encode(), **chosen
        )
        raw = got["Payload"].read().decode(errors="replace")
        try:
            payload = json.loads(raw) if raw else None
        except ValueError:
            payload = raw
        failed = "FunctionError" in got
        error = payload if isinstance(payload, dict) else {"errorMessage": raw}
        return Answer(payload, error if failed else None, str(got.get("ExecutedVersion", "")))

    def files(self) -> dict[str, bytes]:
        """path -> content of its deployment package."""
        client = self.look.client("lambda")
        version = {"Qualifier": self.configuration["Version"]} if self.configuration.get("Version") else {}
        return unzipped(client.get_function(FunctionName=self.name, **version)["Code"]["Location"])

    def layers(self) -> dict[str, dict[str, bytes]]:
        """ARN of each layer version that it uses -> path -> content."""
        client = self.look.client("lambda")
        arns = [layer["Arn"] for layer in self.configuration.get("Layers", [])]
        return {
            arn: unzipped(client.get_layer_version_by_arn(Arn=arn)["Content"]["Location"]) for arn in arns
        }

    def reports(self) -> list[tuple[datetime, str, reports.Report]]:
        """(when, log stream, report) of the invocations that are in its log, oldest first."""
        pages = self.look.client("logs").get_paginator("filter_log_events")
        found = []
        try:
            for page in pages.paginate(logGroupName=self.log_group):
                for event in page["events"]:
                    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                    for report in reports.parse_all(event):
                        found.append((at, event["logStreamName"], report))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
        return sorted(found, key=lambda one: one[0])

    @contextmanager
    def copy(self, environment: Mapping[str, str]) -> Iterator[Function]:
        """A copy with other environment variables, for a question that must not disturb the function."""
        taken = ("Runtime", "Handler", "Role", "Timeout", "MemorySize", "Architectures")
        settings: dict[str, Any] = {
            key: self.configuration[key] for key in taken if key in self.configuration
        }
        settings["Environment"] = {"Variables": dict(environment)}
        settings["Layers"] = [layer["Arn"] for layer in self.configuration.get("Layers", [])]
        with temporary(self.look, self.files(), **settings) as copy:
            yield copy


@contextmanager
def temporary(look: Look, files: Mapping[str, bytes], **settings: Any) -> Iterator[Function]:
    """A function of the check's own: has the lab's prefix, stands in the ledger, is deleted in the end.

    Args:
        settings: of CreateFunction.
    """
    client, name = look.client("lambda"), look.name(f"{COPY}-{uuid4().hex[:6]}")
    try:
        client.create_function(FunctionName=name, Code={"ZipFile": zipped(files)}, **settings)
        look.wait("lambda", "function_active_v2", FunctionName=name)
        yield load(look, name)
    finally:
        _remove(client.delete_function, FunctionName=name)
        _remove(look.client("logs").delete_log_group, logGroupName=f"/aws/lambda/{name}")


def find(look: Look, base: str, *, unlike: tuple[str, ...] = ()) -> Function:
    """The function that a task calls ``base``: by its name, else by what is left of it in another name.

    Args:
        unlike: words that the names of its relatives have and its own has not.

    Raises:
        NotYet: there is none, or it is not clear which one is meant.
    """
    full = look.name(base)
    names = all_names(look)
    wanted, avoided = _letters(base), tuple(map(_letters, (*unlike, COPY)))
    similar = [
        name
        for name in names
        if wanted in _letters(name) and not any(word in _letters(name) for word in avoided)
    ]
    own = [name for name in similar if name.startswith(look.prefix)] or similar
    if full in names or len(own) == 1:
        return load(look, full if full in names else own[0])
    if own:
        raise NotYet(
            f"several functions could be meant: {', '.join(own)}",
            f"one function {full}",
            "Delete those that you do not need, or give the right one that name.",
        )
    raise _no_such(look, full, names)


def of_lab(look: Look) -> list[Function]:
    """All functions whose names have the lab's prefix, the one changed last first."""
    found = [
        load(look, name) for name in all_names(look) if name.startswith(look.prefix) and COPY not in name
    ]
    return sorted(found, key=lambda one: str(one.configuration["LastModified"]), reverse=True)


def all_names(look: Look) -> list[str]:
    """The names of all functions in the account and Region."""
    pages = look.client("lambda").get_paginator("list_functions").paginate()
    return [one["FunctionName"] for page in pages for one in page["Functions"]]


def load(look: Look, name: str, qualifier: str | None = None) -> Function:
    """A function, or one of its versions, once it has settled.

    Raises:
        NotYet: its creation failed.
    """
    client = look.client("lambda")
    chosen = {"Qualifier": qualifier} if qualifier else {}
    configuration = client.get_function_configuration(FunctionName=name, **chosen)
    for key, passing, waiter in (
        ("State", "Pending", "function_active_v2"),
        ("LastUpdateStatus", "InProgress", "function_updated_v2"),
    ):
        if configuration.get(key) == passing:
            look.wait("lambda", waiter, FunctionName=name, **chosen)
            configuration = client.get_function_configuration(FunctionName=name, **chosen)
    if configuration.get("State") == "Failed":
        raise NotYet(
            f"{name} is Failed: {configuration.get('StateReason', 'AWS gives no reason')}",
            "a function that is Active",
            "Delete the function, mend what the reason names, and create it again.",
        )
    return Function(look, name, configuration)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A deployment package of these files, all of them executable."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo(path)
            info.external_attr = 0o100755 << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def unzipped(address: str) -> dict[str, bytes]:
    """path -> content of the package at an address that the Lambda API gave."""
    here = urlsplit(address).hostname in ("127.0.0.1", "localhost")
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if here else []))
    with opener.open(address, timeout=DOWNLOAD_TIMEOUT_S) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


def _no_such(look: Look, full: str, names: list[str]) -> NotYet:
    own = [name for name in names if name.startswith(look.prefix)]
    there = f"this lab has {', '.join(own)}" if own else "this lab has no function yet"
    return NotYet(
        f"there is no function {full}; {there}",
        f"a function {full}",
        "Run the cells above that deploy it. If you deleted it, they make it again.",
    )


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _remove(call: Any, **which: str) -> None:
    try:
        call(**which)
    except ClientError as error:
        if "NotFound" not in error.response["Error"]["Code"]:
            raise
