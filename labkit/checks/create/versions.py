"""02.5 and 02.6: a published version, an alias on it, and a tenth of the traffic on the next one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.checks.create.handler import get_photo
from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import ask, find_table, photo_in
from labkit.checks.registry import check

ALIAS = "live"
SHARE = 0.1


@check("02.5", title="A published version is live")
def published(look: Look) -> str:
    """The alias ``live`` points to a numbered version that answers."""
    function = get_photo(look)
    alias = _alias(look, function)
    version = str(alias["FunctionVersion"])
    if version == "$LATEST":
        raise NotYet(
            f"the alias {ALIAS} points to $LATEST, which changes with every update",
            f"{ALIAS} on a published version, which never changes",
            "publish_version gives a number; update_alias with FunctionVersion set to it.",
        )
    with photo_in(look, find_table(look, function)) as photo:
        ask(function, photo, ALIAS)
    return f"{function.name}:{ALIAS} is version {version}, which cannot be changed any more, and it answers"


@check("02.6", title="A tenth of the traffic goes to the next version")
def weighted(look: Look) -> str:
    """The alias shares its traffic between two versions; the newer one gets 10 %."""
    function = get_photo(look)
    alias = _alias(look, function)
    main = str(alias["FunctionVersion"])
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    newest = max((int(number) for number in _published(look, function)), default=0)
    expected = f"{ALIAS} sends {SHARE:.0%} to a version newer than the one that gets the rest"
    if not weights:
        raise _no_weights(function, main, newest, expected)
    other, weight = next(iter(weights.items()))
    shares = {main: 1 - float(weight), str(other): float(weight)}
    newer = max(shares, key=int)
    told = ", ".join(f"version {one}: {share:.0%}" for one, share in sorted(shares.items()))
    if abs(shares[newer] - SHARE) < 1e-6:
        return f"{function.name}:{ALIAS} sends {told}"
    if abs(shares[newer] - (1 - SHARE)) < 1e-6:
        raise NotYet(
            f"{ALIAS} sends {told}: the new version has nearly everything",
            expected,
            "FunctionVersion is where most goes: leave it at the old version, and name the new one in "
            "AdditionalVersionWeights.",
        )
    raise NotYet(
        f"{ALIAS} sends {told}",
        expected,
        f"Weights are fractions of 1: {{'{newer}': {SHARE}}} in AdditionalVersionWeights.",
    )


def _alias(look: Look, function: Function) -> Mapping[str, Any]:
    client = look.client("lambda")
    pages = client.get_paginator("list_aliases").paginate(FunctionName=function.name)
    aliases = {one["Name"]: one for page in pages for one in page["Aliases"]}
    if ALIAS in aliases:
        return dict(aliases[ALIAS])
    expected = f"an alias {ALIAS} on a published version"
    if aliases:
        raise NotYet(
            f"{function.name} has the aliases {', '.join(aliases)}, but no {ALIAS}",
            expected,
            f"Callers will use the name {ALIAS}, in small letters: create_alias(Name='{ALIAS}', …).",
        )
    published = _published(look, function)
    if published:
        raise NotYet(
            f"{function.name} has version {', '.join(published)}, but no alias",
            expected,
            f"create_alias(FunctionName=…, Name='{ALIAS}', FunctionVersion=…): the number that callers shall "
            "get, as text.",
        )
    raise NotYet(
        f"{function.name} has neither a published version nor an alias",
        expected,
        "Publish first: publish_version freezes code and configuration under a number.",
    )


def _published(look: Look, function: Function) -> list[str]:
    """The numbers of the published versions, oldest first."""
    pages = (
        look.client("lambda").get_paginator("list_versions_by_function").paginate(FunctionName=function.name)
    )
    numbers = [one["Version"] for page in pages for one in page["Versions"] if one["Version"] != "$LATEST"]
    return sorted(numbers, key=int)


def _no_weights(function: Function, main: str, newest: int, expected: str) -> NotYet:
    if main.isdecimal() and newest > int(main):
        return NotYet(
            f"version {newest} is published, but {ALIAS} sends everything to version {main}",
            expected,
            f"update_alias(…, RoutingConfig={{'AdditionalVersionWeights': {{'{newest}': {SHARE}}}}}).",
        )
    if newest > 1:
        return NotYet(
            f"{ALIAS} sends everything to version {main}, the newest",
            expected,
            f"Point {ALIAS} back to the version before, and give version {newest} the weight {SHARE}.",
        )
    return NotYet(
        f"{function.name} has only one published version",
        expected,
        "Change the code, update the function and publish again. Without a change, publish_version gives the "
        "same version back.",
    )
