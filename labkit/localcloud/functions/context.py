"""What the operations work with: the outside world as callables, the caller, and the state of one Region."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from labkit.localcloud.functions.code import CodeStore, FetchS3
from labkit.localcloud.functions.errors import (
    conflict,
    function_not_found,
    invalid,
    not_found,
    stale_revision,
)
from labkit.localcloud.functions.mapping_state import Pollers
from labkit.localcloud.functions.names import LATEST, Caller, function_name
from labkit.localcloud.functions.state import Function, Region, Version
from labkit.runtime.spec import FunctionSpec

CallContext = Caller


@dataclass(frozen=True)
class Change:
    """Something that running environments must follow.

    Attributes:
        kind: ``active`` a version can be invoked from now on; ``replaced`` $LATEST has a new ``spec``,
            environments of other revisions finish what they run and go; ``deleted`` the version is
            gone; ``reserved`` the function's reserved concurrency changed; ``provisioned`` the
            provisioned concurrency of ``qualifier`` was set, moved to another version, or taken away.
        version: the version that environments belong to; None when the whole function is meant.
        qualifier: for ``provisioned``: the version or alias that the setting hangs on.
    """

    kind: Literal["active", "replaced", "deleted", "reserved", "provisioned"]
    region: str
    function_arn: str
    version: str | None = None
    spec: FunctionSpec | None = None
    qualifier: str | None = None


@dataclass(frozen=True)
class Dependencies:
    """The world around the Lambda service. Everything is called on the event loop's thread.

    Attributes:
        code_folder: a folder of this service alone; packages of an earlier one in it are deleted.
        role_check: ``(role_arn)``; raises `errors.role_not_assumable()` when Lambda may not assume it.
        fetch_s3: ``(bucket, key, version or None) -> bytes``; raises `errors.s3_get_failed(...)`.
        on_change: told after each change that environments must follow. Must not raise or wait.
        schedule: runs a callback after so many seconds.
        now: the time, with a time zone.
        code_url: where the zip file with this hash can be downloaded.
        url_for: the address of a function URL with this id; None refuses function URLs.
        runtime_check: raises a LabError when this machine cannot run the runtime.
        pollers: gives who reads the sources of event source mappings; None refuses mappings.
        role_allows: ``(role_arn, action, resource_arn) -> bool``, for targets that a function's role
            must be allowed to write to; None skips the check at configuration time.
        pending_s: how long a function stays Pending, or an update InProgress.
    """

    code_folder: Path
    role_check: Callable[[str], Awaitable[None]]
    fetch_s3: FetchS3
    on_change: Callable[[Change], None]
    schedule: Callable[[Callable[[], None], float], object]
    code_url: Callable[[str], str]
    url_for: Callable[[str], str] | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    runtime_check: Callable[[str], None] | None = None
    role_allows: Callable[[str, str, str], Awaitable[bool]] | None = None
    pollers: Callable[[], Pollers] | None = None
    pending_s: float = 0.1


@dataclass(frozen=True)
class Call:
    """One request being served."""

    operation: str
    region: Region
    caller: Caller
    deps: Dependencies
    code: CodeStore

    def names(self, text: str, qualifier: str | None = None) -> tuple[str, str | None]:
        """Name and qualifier that the request means; see names.function_name."""
        return function_name(text, qualifier, self.caller, f"lambda:{self.operation}")

    def plain_name(self, text: str) -> str:
        """The name, for an operation on the function as a whole.

        Raises:
            ServiceError: a version or an alias is named.
        """
        name, qualifier = self.names(text)
        if qualifier not in (None, LATEST):
            raise invalid(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support "
                "this operation. Please specify either a function name or an unqualified function ARN."
            )
        return name

    def function(self, name: str, qualifier: str | None = None) -> Function:
        """The function with this plain name.

        Args:
            qualifier: only for the error's text.
        """
        try:
            return self.region.functions[name]
        except KeyError:
            raise function_not_found(self.region.arn(name, qualifier)) from None

    def version(self, function: Function, qualifier: str | None) -> Version:
        """The version that a qualifier (a version, an alias, or nothing) stands for."""
        alias = function.aliases.get(qualifier or "")
        found = function.version(alias.version if alias is not None else qualifier or LATEST)
        if found is None:
            raise function_not_found(self.region.arn(function.name, qualifier))
        return found

    def require_qualifier(self, function: Function, qualifier: str | None) -> None:
        """The version or alias exists; an alias that does not gets AWS's other sentence."""
        if qualifier is None or qualifier in function.aliases or function.version(qualifier) is not None:
            return
        raise missing_qualifier(self.region.arn(function.name, qualifier), qualifier)

    def new_revision(self) -> str:
        """A fresh RevisionId."""
        return str(uuid.uuid4())

    def changed(self, change: Change) -> None:
        """Forget what was resolved, then tell whoever keeps environments."""
        self.region.targets.clear()
        self.deps.on_change(change)


def missing_qualifier(arn: str, qualifier: str) -> Exception:
    """The error for a version or alias that does not exist, as most operations put it."""
    looks_like_alias = not qualifier.isdecimal() and "$" not in qualifier
    return not_found(f"Cannot find alias arn: {arn}") if looks_like_alias else function_not_found(arn)


def require_revision(wanted: str | None, actual: str, reread_with: str = "GetFunction/GetAlias") -> None:
    """Optimistic locking with RevisionId.

    Raises:
        ServiceError: PreconditionFailedException.
    """
    if wanted is not None and wanted != actual:
        raise stale_revision(reread_with)


def require_settled(function: Function) -> None:
    """No creation and no update of $LATEST is under way.

    Raises:
        ServiceError: ResourceConflictException.
    """
    if function.latest.state != "Active":
        raise not_active(function.latest)
    if function.latest.last_update == "InProgress":
        raise conflict(
            "The operation cannot be performed at this time. "
            f"An update is in progress for resource: {function.arn}"
        )


def not_active(version: Version) -> Exception:
    """The version cannot be invoked or changed yet."""
    return conflict(
        "The operation cannot be performed at this time. "
        f"The function is currently in the following state: {version.state}"
    )
