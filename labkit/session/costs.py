"""What a lab's invocations cost: read from the REPORT lines that the cloud wrote, priced by `labkit.pricing`.

A REPORT line has the memory of its call; the architecture is that of its execution environment. Logs go when
a lab is torn down, so what they say is kept in the design record just before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labkit import pricing, reports
from labkit.errors import LabError
from labkit.ledger import Clients, Entry, Ledger
from labkit.session.architectures import Architectures, History
from labkit.session.record import DesignRecord

KEPT, RUNS = "_bills", "_runs"
READY = "lambda.provisioned-concurrency"


@dataclass(frozen=True)
class _Run:
    """One billed invocation, as `pricing.invocations` takes it."""

    billed_ms: int
    memory_mb: int
    architecture: str


@dataclass(frozen=True)
class Meter:
    """Reads what one run of a lab has cost. A run ends with a teardown that leaves nothing.

    Attributes:
        since: when the run began (ISO 8601, UTC).
    """

    ledger: Ledger
    clients: Clients
    region: str
    record: DesignRecord
    since: str


def start_meter(ledger: Ledger, clients: Clients, region: str, record: DesignRecord) -> Meter:
    """The meter of the run that goes on, if the lab still has something; else of a new one."""
    runs = dict(record.load(RUNS, {}))
    key = f"{ledger.lab} {'local' if ledger.home.startswith('local:') else ledger.home}"
    if key not in runs or not ledger.live():
        runs[key] = datetime.now(UTC).isoformat(timespec="milliseconds")
        record.save(RUNS, runs)
    return Meter(ledger, clients, region, record, runs[key])


def cost_so_far(meter: Meter) -> pricing.Cost:
    """The bill of all invocations of the functions that the run has made, those already deleted included.

    Requests and duration at the first tier, without the free tier; not what other services cost.

    Raises:
        FactUnknown: the price is not known for this Region.
    """
    kept = meter.record.load(KEPT, {})
    bills = [pricing.invocations([], region=meter.region)]
    seen: set[tuple[str, str]] = set()
    for entry in _made(meter, "lambda.function"):
        if entry.live:
            bills.append(_bill(entry, meter, seen))
        elif entry.id in kept:
            bills.append(_from_json(kept[entry.id]))
    bill = replace(_merged(bills), title=f"{meter.ledger.lab} so far: invocations of its functions")
    return replace(bill, notes=(*bill.notes, *_not_included(meter)))


def keep_cost(meter: Meter) -> None:
    """Notes what the logs say of each function that is still there. Whatever goes wrong stops no teardown."""
    try:
        kept = dict(meter.record.load(KEPT, {}))
        seen: set[tuple[str, str]] = set()
        live = [entry for entry in _made(meter, "lambda.function") if entry.live]
        for entry in live:
            kept[entry.id] = _to_json(_bill(entry, meter, seen))
        if live:
            meter.record.save(KEPT, kept)
    except (LabError, ClientError, BotoCoreError):
        return


def _made(meter: Meter, kind: str) -> Iterator[Entry]:
    """What this run has made of a kind."""
    for entry in meter.ledger.entries():
        if entry.kind == kind and entry.home == meter.ledger.home and entry.at >= meter.since:
            yield entry


def _bill(entry: Entry, meter: Meter, seen: set[tuple[str, str]]) -> pricing.Cost:
    """What one function's log group says; nothing if another function's look at that group said it."""
    try:
        settings = meter.clients("lambda", entry.region).get_function_configuration(
            FunctionName=entry.ids["FunctionName"]
        )
        group = settings.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{settings['FunctionName']}"
        if (entry.region, group) in seen:
            return pricing.invocations([], region=entry.region)
        seen.add((entry.region, group))
        streams = _streams(meter.clients("logs", entry.region), group, entry.at)
    except ClientError as error:
        if "NotFound" not in error.response.get("Error", {}).get("Code", ""):
            raise
        return pricing.invocations([], region=entry.region)
    return _priced(streams, Architectures.beside(meter.ledger.path).history(settings["FunctionArn"]), entry)


def _priced(streams: dict[str, list[dict[str, Any]]], history: History, entry: Entry) -> pricing.Cost:
    """Each environment's invocations on its own architecture."""
    runs, guessed = [], 0
    for stream, events in streams.items():
        began_at = datetime.fromtimestamp(events[0]["timestamp"] / 1000, UTC)
        architecture, certain = history.of(stream, began_at)
        told = reports.parse_all(event["message"] for event in events)
        runs += [_Run(one.billed_ms, one.memory_mb, architecture) for one in told]
        guessed += 0 if certain else len(told)
    bill = pricing.invocations(runs, region=entry.region)
    if not guessed:
        return bill
    name = entry.ids["FunctionName"]
    note = f"{guessed:,} calls of {name}: architecture assumed, as it was set outside this lab"
    return replace(bill, notes=(*bill.notes, note))


def _streams(logs: Any, group: str, since: str) -> dict[str, list[dict[str, Any]]]:
    """log stream -> its events, oldest first."""
    start_ms = int(datetime.fromisoformat(since).timestamp() * 1000)
    streams: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start_ms):
        for event in page["events"]:
            streams[event["logStreamName"]].append(event)
    return streams


def _not_included(meter: Meter) -> list[str]:
    """What is paid for by time and not by call: no log tells how long it was there."""
    kept = dict.fromkeys(f"{e.ids['FunctionName']}:{e.ids['Qualifier']}" for e in _made(meter, READY))
    return [
        f"Not included: what it costs to keep environments of {name} ready; their calls are priced as others"
        for name in kept
    ]


def _to_json(bill: pricing.Cost) -> dict[str, Any]:
    lines = [{key: str(value) for key, value in asdict(line).items()} for line in bill.lines]
    return {"lines": lines, "notes": list(bill.notes)}


def _from_json(kept: dict[str, Any]) -> pricing.Cost:
    lines = [pricing.LineItem(**{**line, **_decimals(line)}) for line in kept["lines"]]
    return pricing.Cost("earlier invocations", tuple(lines), tuple(kept["notes"]))


def _decimals(line: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(line[name]) for name in ("quantity", "unit_price_usd")}


def _merged(bills: Sequence[pricing.Cost]) -> pricing.Cost:
    """One bill with one line for each thing that is paid for."""
    lines: dict[tuple[str, str, Decimal], pricing.LineItem] = {}
    for line in (line for bill in bills for line in bill.lines):
        key = line.what, line.unit, line.unit_price_usd
        known = lines.get(key)
        lines[key] = replace(known, quantity=known.quantity + line.quantity) if known else line
    notes = dict.fromkeys(note for bill in bills for note in bill.notes)
    return pricing.Cost("", tuple(lines.values()), tuple(notes))
