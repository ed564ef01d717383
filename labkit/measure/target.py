"""Which function is measured: looked up once before the first call, so that a wrong name fails at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from labkit.errors import LabError
from labkit.measure.rows import Function, Measurements

if TYPE_CHECKING:
    from labkit.measure.tuned import Tuning

#: For waiters: boto3's own look every one to five seconds, too seldom for what takes a tenth of one.
SOON: Any = {"Delay": 0.1, "MaxAttempts": 6000}


class MeasureError(LabError):
    """A function cannot be measured: it is not there, or what was asked for makes no sense.

    Attributes:
        measurements, tuning: what was measured before, if anything was.
    """

    measurements: Measurements | None = None
    tuning: Tuning | None = None


def look_up(client: Any, name: str, qualifier: str | None) -> tuple[Function, tuple[str, ...]]:
    """The function's description, and notes on what would distort its figures.

    Also opens the first connection, so that no measured call pays for it.

    Raises:
        MeasureError: there is no such function or version, or nobody answers.
    """
    shown = f"{name}:{qualifier}" if qualifier else name
    region = str(client.meta.region_name)
    try:
        found = client.get_function_configuration(**asked(name, qualifier))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise MeasureError(
                f"There is no function {shown} in {region}. Create it first, or look at its name: "
                "client.list_functions() shows what is there."
            ) from error
        return Function(shown, region), (f"{shown} could not be looked up, so nothing is priced: {error}",)
    except BotoCoreError as error:
        raise MeasureError(f"{shown} cannot be measured, the cloud does not answer: {error}") from error
    function = Function(
        name=shown,
        region=region,
        architecture=found.get("Architectures", ["x86_64"])[0],
        ephemeral_mb=found.get("EphemeralStorage", {}).get("Size", 512),
        log_group=found.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{found['FunctionName']}"),
        memory_mb=found.get("MemorySize"),
        timeout_s=found.get("Timeout"),
    )
    return function, _timeout_notes(client, shown, found.get("Timeout", 3))


def asked(name: str, qualifier: str | None) -> dict[str, str]:
    """The parameters that name a function, for any call of the API."""
    return {"FunctionName": name, "Qualifier": qualifier} if qualifier else {"FunctionName": name}


def events(payload: Any, payloads: Sequence[Any] | None) -> list[bytes | None]:
    """The events to send in turn, as bytes; ``[None]`` sends none.

    Raises:
        MeasureError: both were given, or one is no JSON.
    """
    if payloads is None:
        return [_encoded(payload)]
    if payload is not None or not payloads:
        raise MeasureError("Give either payload, one event, or payloads, a list of at least one.")
    return [_encoded(one) for one in payloads]


def _encoded(payload: Any) -> bytes | None:
    if payload is None or isinstance(payload, bytes):
        return payload
    try:
        return json.dumps(payload).encode()
    except (TypeError, ValueError) as error:
        raise MeasureError(
            f"The payload cannot be sent as JSON: {error}. Use dicts, lists, texts, numbers."
        ) from error


def _timeout_notes(client: Any, shown: str, timeout_s: int) -> tuple[str, ...]:
    read_timeout_s = client.meta.config.read_timeout
    if read_timeout_s is None or timeout_s < read_timeout_s:
        return ()
    return (
        f"{shown} may run {timeout_s} s, but this client stops waiting after {read_timeout_s} s: "
        "make it with Config(read_timeout=…).",
    )
