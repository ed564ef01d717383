"""Closed loop: each of n clients sends its next call when the one before is answered."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from labkit.measure.rows import Measurements
from labkit.measure.run import Run, Show, Watch
from labkit.measure.target import MeasureError, asked, events, look_up

_LOOK_EVERY_S = 0.1


def invoke(
    client: Any,
    name: str,
    payload: Any = None,
    *,
    qualifier: str | None = None,
    times: int = 1,
    clients: int = 1,
    payloads: Sequence[Any] | None = None,
    watch: Watch | None = None,
) -> Measurements:
    """Call a function many times, one after the other, and measure each call.

    Args:
        client: a boto3 Lambda client.
        name: the function's name or ARN.
        payload: the event, as a JSON value or as bytes; None sends none.
        qualifier: a version or an alias.
        times: how many calls in all.
        clients: how many callers share them; each waits for its answer before it calls again.
        payloads: events to send in turn, instead of ``payload``.
        watch: sees the rows while the run goes on, such as ``labkit.widgets.latency()``.

    Returns:
        A row for each call. After Ctrl-C those that were answered, with ``interrupted`` set.

    Raises:
        MeasureError: there is no such function, or the arguments make no sense. What happens to single calls
            (errors, throttles, no answer) is in their rows.
    """
    if times < 1 or clients < 1:
        raise MeasureError(f"times={times}, clients={clients}: give at least 1 of each.")
    wanted = events(payload, payloads)
    function, notes = look_up(client, name, qualifier)
    run = Run(client, function, asked(name, qualifier), wanted, times)
    show = Show(run.measured, watch)
    show.start()
    with run.prepared():
        interrupted = _measure(run, show, min(clients, times))
    measurements = run.measured(
        interrupted=interrupted, notes=(*notes, *connection_notes(client, min(clients, times)), *show.notes)
    )
    show.finish(measurements)
    return measurements


def connection_notes(client: Any, at_once: int) -> tuple[str, ...]:
    """A note when more calls are under way than the client keeps connections for."""
    kept = client.meta.config.max_pool_connections
    if at_once <= kept:
        return ()
    return (
        f"{at_once} calls at once, but the client keeps {kept} connections: some latencies hold the time "
        "to open another. "
        f"Make the client with Config(max_pool_connections={at_once}).",
    )


def _measure(run: Run, show: Show[Measurements], clients: int) -> bool:
    """Let the clients work until all calls are answered; True when Ctrl-C came before."""
    for _ in range(clients):
        # Daemons: a second Ctrl-C leaves a call behind that may take up to 15 minutes.
        threading.Thread(target=_work, args=(run,), daemon=True).start()
    try:
        while not run.wait_for(lambda rows, _: rows >= run.planned, _LOOK_EVERY_S):
            if show.due:
                with run.quiet():
                    show.now()
    except KeyboardInterrupt:
        give_up(run)
        return True
    return False


def _work(run: Run) -> None:
    while number := run.enter():
        run.call(number)


def give_up(run: Run) -> None:
    """After Ctrl-C: wait for the calls that are under way; a second Ctrl-C does without them."""
    run.stop()
    try:
        run.wait_for(lambda _, under_way: under_way == 0)
    except KeyboardInterrupt:
        return
