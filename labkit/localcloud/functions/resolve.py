"""From what a caller names to what runs: the hot path of every invocation.

An answer is worked out once and remembered until something changes; then it costs a dictionary look-up, and
one random number for an alias with weights.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from labkit.localcloud.functions.context import not_active
from labkit.localcloud.functions.errors import function_not_found
from labkit.localcloud.functions.names import LATEST, Caller, function_name
from labkit.localcloud.functions.state import Alias, EventInvokeConfig, Function, Region
from labkit.runtime.spec import FunctionSpec


@dataclass(frozen=True, slots=True)
class Resolved:
    """What an invocation runs.

    Attributes:
        executed_version: ``$LATEST`` or a number.
        alias: the alias that was named, or None.
        invoked_arn: with the qualifier that was named, as handlers see it in ``invoked_function_arn``.
        reserved_concurrency: of the whole function, or None.
        event_invoke_config: of the qualifier that was named, or None for the service's defaults.
        dead_letter_arn: of the version that runs, or None.
    """

    function: Function
    spec: FunctionSpec
    executed_version: str
    alias: str | None
    invoked_arn: str
    reserved_concurrency: int | None
    event_invoke_config: EventInvokeConfig | None
    dead_letter_arn: str | None


@dataclass(frozen=True, slots=True)
class _Split:
    """An alias with weights: the further versions with the share each takes; the rest goes to ``main``."""

    main: Resolved
    others: tuple[tuple[float, Resolved], ...]


def resolve(
    region: Region,
    name_or_arn: str,
    qualifier: str | None,
    caller: Caller,
    choose: Callable[[], float] = random.random,
) -> Resolved:
    """What an invocation of this name or ARN and qualifier runs.

    Args:
        choose: gives a number in [0, 1) that picks the version of an alias with weights.

    Raises:
        ServiceError: no such function, version or alias, a name of another Region or account, a
            qualifier that contradicts the name, or a version that is not Active yet.
    """
    found = region.targets.get((name_or_arn, qualifier))
    if found is None:
        found = _work_out(region, name_or_arn, qualifier, caller)
        region.targets[name_or_arn, qualifier] = found
    if isinstance(found, _Split):
        number = choose()
        for share, other in found.others:
            if number < share:
                return other
            number -= share
        return found.main
    resolved: Resolved = found
    return resolved


def _work_out(region: Region, text: str, given: str | None, caller: Caller) -> Resolved | _Split:
    name, qualifier = function_name(text, given, caller)
    function = region.functions.get(name)
    if function is None:
        raise function_not_found(region.arn(name, qualifier or LATEST))
    alias = function.aliases.get(qualifier or "")
    if alias is None:
        return _one(region, function, qualifier or LATEST, qualifier, None)
    main = _one(region, function, alias.version, qualifier, alias)
    others = tuple(
        (share, _one(region, function, number, qualifier, alias)) for number, share in alias.weights.items()
    )
    return _Split(main, others) if others else main


def _one(
    region: Region, function: Function, number: str, qualifier: str | None, alias: Alias | None
) -> Resolved:
    version = function.version(number)
    if version is None:
        raise function_not_found(region.arn(function.name, qualifier))
    if version.state != "Active" or version.spec is None:
        raise not_active(version)
    return Resolved(
        function=function,
        spec=version.spec,
        executed_version=number,
        alias=alias.name if alias else None,
        invoked_arn=region.arn(function.name, qualifier),
        reserved_concurrency=function.reserved_concurrency,
        event_invoke_config=function.event_invoke.get(qualifier or LATEST),
        dead_letter_arn=version.configuration.dead_letter_arn,
    )
