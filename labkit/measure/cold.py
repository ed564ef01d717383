"""Cold starts on demand: a change of configuration makes Lambda start new environments, as on AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from labkit.measure.closed import give_up
from labkit.measure.rows import Measurements
from labkit.measure.run import Run, Show, Watch
from labkit.measure.target import SOON, MeasureError, asked, events, look_up

MARK = "LABKIT_COLD_START"


def cold_starts(
    client: Any, name: str, n: int = 10, payload: Any = None, *, watch: Watch | None = None
) -> Measurements:
    """Measure ``n`` cold starts of a function's unpublished version ($LATEST).

    Before each call one environment variable, LABKIT_COLD_START, gets a new value; Lambda then starts a new
    execution environment for the next call. The variable is removed at the end, also after Ctrl-C and errors;
    all other settings stay untouched. The next call after that is cold as well, and so are calls that others
    make of $LATEST meanwhile.

    Args:
        client: a boto3 Lambda client.
        n: how many.
        payload: the event, as for `invoke`.
        watch: sees the rows while the run goes on.

    Raises:
        MeasureError: there is no such function, or its configuration cannot be changed or not be restored;
            ``error.measurements`` has what was measured until then.
    """
    if n < 1:
        raise MeasureError(f"n={n}: give at least 1.")
    (event,) = events(payload, None)
    function, notes = look_up(client, name, None)
    run = Run(client, function, asked(name, None), [event], n)
    show = Show(run.measured, watch)
    show.start()
    try:
        with _variables(client, name) as variables, run.prepared():
            interrupted = _measure(run, show, client, name, variables)
    except MeasureError as error:
        error.measurements = run.measured(interrupted=True)
        raise
    measurements = run.measured(interrupted=interrupted, notes=(*notes, *show.notes))
    show.finish(measurements)
    return measurements


def _measure(run: Run, show: Show[Measurements], client: Any, name: str, variables: dict[str, str]) -> bool:
    try:
        for number in range(1, run.planned + 1):
            _update(client, name, {**variables, MARK: str(number)})
            run.call(run.enter() or number)
            if show.due:
                show.now()
    except KeyboardInterrupt:
        give_up(run)
        return True
    return False


@contextmanager
def _variables(client: Any, name: str) -> Iterator[dict[str, str]]:
    """The function's environment variables; our mark among them is taken away after the block."""
    before = _read(client, name)
    try:
        yield before
    finally:
        # Read again: somebody may have changed others meanwhile, and that is theirs to keep.
        _restore(client, name)


def _restore(client: Any, name: str) -> None:
    try:
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=SOON)
        now = _read(client, name)
        if MARK in now:
            _update(client, name, {key: value for key, value in now.items() if key != MARK})
    except (MeasureError, BotoCoreError, ClientError) as error:
        raise MeasureError(
            f"{name} still has the environment variable {MARK}; it could not be changed back: {error}. "
            "Remove it with update_function_configuration, or measure cold starts again."
        ) from error


def _read(client: Any, name: str) -> dict[str, str]:
    environment = client.get_function_configuration(FunctionName=name).get("Environment", {})
    if "Error" in environment:
        raise MeasureError(
            f"The environment variables of {name} cannot be read ({environment['Error'].get('Message')}), so "
            "they could not be restored. Allow kms:Decrypt on its key, or measure a function without one."
        )
    return dict(environment.get("Variables", {}))


def _update(client: Any, name: str, variables: dict[str, str]) -> None:
    try:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=SOON)
    except (ClientError, WaiterError) as error:
        raise MeasureError(
            f"The configuration of {name} cannot be changed to force a cold start: {error}"
        ) from error
