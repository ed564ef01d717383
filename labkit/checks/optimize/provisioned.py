"""04.3: an environment of the alias is ready before anybody calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.optimize.coldstart import photo_card
from labkit.checks.optimize.measured import invoked
from labkit.checks.photos import find_table, photo_in
from labkit.checks.registry import check

ALIAS = "live"
ROUNDS = 10
EXPECTED = f"provisioned concurrency of the alias {ALIAS}, with the status READY"


@check("04.3", title="An environment is ready before the first call")
def provisioned(look: Look) -> str:
    """The alias has provisioned concurrency, and a call through it has no Init Duration."""
    function = photo_card(look)
    _has_alias(look, function)
    kept = _config_when_settled(look, function)
    if kept is None:
        raise _nothing(look, function)
    if kept["Status"] != "READY":
        raise NotYet(
            f"provisioned concurrency of {function.name} is {kept['Status']}",
            EXPECTED,
            "Wait a minute and run this cell again."
            if kept["Status"] == "IN_PROGRESS"
            else str(kept.get("StatusReason", "Set it again, and read the function's log.")),
        )
    with photo_in(look, find_table(look, function)) as photo:
        _, report = invoked(function, photo.event, ALIAS)
    if report is not None and report.cold:
        raise NotYet(
            f"a call of {function.name}:{ALIAS} was cold all the same",
            EXPECTED,
            "All ready environments were busy, and the call spilled over. Run this cell again.",
        )
    ready = kept["AvailableProvisionedConcurrentExecutions"]
    return f"{function.name}:{ALIAS} has {ready} ready, and a call found it initialised"


def _has_alias(look: Look, function: Function) -> None:
    client = look.client("lambda")
    try:
        version = client.get_alias(FunctionName=function.name, Name=ALIAS)["FunctionVersion"]
    except client.exceptions.ResourceNotFoundException:
        others = client.list_aliases(FunctionName=function.name)["Aliases"]
        named = f", but {', '.join(one['Name'] for one in others)}" if others else ""
        raise NotYet(
            f"{function.name} has no alias {ALIAS}{named}" + _reserved(look, function),
            EXPECTED,
            f"publish_version, then create_alias(Name='{ALIAS}', FunctionVersion=…) on it.",
        ) from None
    if version == "$LATEST":
        raise NotYet(
            f"the alias {ALIAS} of {function.name} points to $LATEST, which can change at any time",
            EXPECTED,
            f"publish_version, then update_alias(Name='{ALIAS}', FunctionVersion=…) to the version it gives.",
        )


def _config_when_settled(look: Look, function: Function) -> Mapping[str, Any] | None:
    """What is provisioned for the alias, once it is no longer being made; waits longer than for a log."""
    for _ in range(ROUNDS):
        kept = _config(look, function)
        if kept is None or kept["Status"] != "IN_PROGRESS":
            break
        look.eventually(lambda: (now := _config(look, function)) and now["Status"] != "IN_PROGRESS")
    return kept


def _config(look: Look, function: Function) -> Mapping[str, Any] | None:
    """What is provisioned for the alias."""
    client = look.client("lambda")
    try:
        return dict(client.get_provisioned_concurrency_config(FunctionName=function.name, Qualifier=ALIAS))
    except client.exceptions.ProvisionedConcurrencyConfigNotFoundException:
        return None


def _nothing(look: Look, function: Function) -> NotYet:
    pages = look.client("lambda").get_paginator("list_provisioned_concurrency_configs")
    others = [
        str(one["FunctionArn"]).rpartition(":")[2]
        for page in pages.paginate(FunctionName=function.name)
        for one in page["ProvisionedConcurrencyConfigs"]
    ]
    if others:
        return NotYet(
            f"{function.name} has it on {', '.join(others)}, not on {ALIAS}",
            EXPECTED,
            f"Callers use {ALIAS}: delete the other, which costs, and set it with Qualifier='{ALIAS}'.",
        )
    return NotYet(
        f"nothing is provisioned for {function.name}:{ALIAS}" + _reserved(look, function),
        EXPECTED,
        f"put_provisioned_concurrency_config(Qualifier='{ALIAS}', ProvisionedConcurrentExecutions=1, …).",
    )


def _reserved(look: Look, function: Function) -> str:
    kept = look.client("lambda").get_function_concurrency(FunctionName=function.name)
    if "ReservedConcurrentExecutions" in kept:
        return "; what it has is reserved concurrency, which caps and keeps nothing warm"
    return ""
