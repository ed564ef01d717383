"""Published versions: immutable copies of $LATEST under a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labkit.localcloud.functions import limits
from labkit.localcloud.functions.configuration import spec_of
from labkit.localcloud.functions.context import Call, Change, require_revision, require_settled
from labkit.localcloud.functions.describe import function_configuration, listed_configuration
from labkit.localcloud.functions.errors import invalid
from labkit.localcloud.functions.names import LATEST
from labkit.localcloud.functions.paging import page
from labkit.localcloud.functions.state import Function, Version

Params = Mapping[str, Any]
Output = dict[str, Any]


def publish_version(call: Call, params: Params) -> Output:
    """PublishVersion: the last version again when nothing has changed since."""
    name = call.plain_name(params["FunctionName"])
    function = call.function(name)
    require_settled(function)
    require_revision(params.get("RevisionId"), function.latest.revision_id)
    current = function.latest.configuration.code
    if (wanted := params.get("CodeSha256")) and wanted != current.sha256_base64:
        raise invalid(
            f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST "
            f"({current.sha256_base64}). Please try again with the CodeSHA256 in $LATEST."
        )
    version = publish(call, function, params.get("Description"))
    return function_configuration(call.region, function, version, version.number)


def publish(call: Call, function: Function, description: str | None = None) -> Version:
    """Copy $LATEST under the next number, unless the last version is a copy of it already.

    Pending for as long as $LATEST itself is being created or updated; else it can be invoked at once.
    """
    latest = function.latest
    last = function.versions.get(str(function.last_number))
    if last is not None and function.published == latest.configuration:
        return last
    limits.check_code_storage(call.region.code_bytes() + latest.configuration.code.zipped_bytes)
    function.last_number += 1
    function.published = latest.configuration
    kept = (
        latest.configuration
        if description is None
        else replace(latest.configuration, description=description)
    )
    version = Version(str(function.last_number), kept, call.new_revision(), call.deps.now())
    function.versions[version.number] = version
    if latest.state == "Active" and latest.last_update == "Successful":
        latest.revision_id = call.new_revision()
        version.state, version.last_update = "Active", "Successful"
        version.spec = spec_of(call.region, function, version)
        call.changed(Change("active", call.region.name, function.arn, version.number, version.spec))
    return version


def list_versions_by_function(call: Call, params: Params) -> Output:
    """ListVersionsByFunction: $LATEST first, then by number."""
    name, _ = call.names(params["FunctionName"])
    function = call.function(name)
    items, marker = page(function.all_versions(), _number, params)
    shown = [listed_configuration(call.region, function, version, version.number) for version in items]
    return {"Versions": shown, "NextMarker": marker}


def _number(version: Version) -> int:
    return 0 if version.number == LATEST else int(version.number)
