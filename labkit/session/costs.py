"""What a lab's invocations cost: read from the REPORT lines that the cloud wrote, priced by `labkit.pricing`.

Logs go when a lab is torn down, so what they say is kept in the design record just before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labkit import pricing, reports
from labkit.errors import LabError
from labkit.ledger import Clients, Entry, Ledger
from labkit.session.record import DesignRecord

KEPT, RUNS = "_costs", "_runs"


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
    for entry in _functions(meter):
        if entry.live:
            bills.append(_bill(entry, meter.clients, seen))
        elif entry.id in kept:
            lines = [pricing.LineItem(**{**line, **_decimals(line)}) for line in kept[entry.id]]
            bills.append(pricing.Cost("earlier invocations", tuple(lines)))
    return replace(_merged(bills), title=f"{meter.ledger.lab} so far: invocations of its functions")


def keep_cost(meter: Meter) -> None:
    """Notes what the logs say of each function that is still there. Whatever goes wrong stops no teardown."""
    try:
        kept = dict(meter.record.load(KEPT, {}))
        seen: set[tuple[str, str]] = set()
        live = [entry for entry in _functions(meter) if entry.live]
        for entry in live:
            kept[entry.id] = [asdict(line) for line in _bill(entry, meter.clients, seen).lines]
            kept[entry.id] = [{key: str(value) for key, value in line.items()} for line in kept[entry.id]]
        if live:
            meter.record.save(KEPT, kept)
    except (LabError, ClientError, BotoCoreError):
        return


def _functions(meter: Meter) -> Iterator[Entry]:
    """The functions that this run has made."""
    for entry in meter.ledger.entries():
        if entry.kind == "lambda.function" and entry.home == meter.ledger.home and entry.at >= meter.since:
            yield entry


def _bill(entry: Entry, clients: Clients, seen: set[tuple[str, str]]) -> pricing.Cost:
    """What one function's log group says; nothing if another function's look at that group said it."""
    try:
        settings = clients("lambda", entry.region).get_function_configuration(
            FunctionName=entry.ids["FunctionName"]
        )
        group = settings.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{settings['FunctionName']}"
        if (entry.region, group) in seen:
            return pricing.invocations([], region=entry.region)
        seen.add((entry.region, group))
        messages = list(_messages(clients("logs", entry.region), group, entry.at))
    except ClientError as error:
        if "NotFound" not in error.response.get("Error", {}).get("Code", ""):
            raise
        return pricing.invocations([], region=entry.region)
    architecture = settings.get("Architectures", ["x86_64"])[0]
    runs = [_Run(one.billed_ms, one.memory_mb, architecture) for one in reports.parse_all(messages)]
    return pricing.invocations(runs, region=entry.region)


def _messages(logs: Any, group: str, since: str) -> Iterator[str]:
    start_ms = int(datetime.fromisoformat(since).timestamp() * 1000)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start_ms)
    for page in pages:
        for event in page["events"]:
            yield event["message"]


def _decimals(line: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(line[name]) for name in ("quantity", "unit_price_usd")}


def _merged(bills: list[pricing.Cost]) -> pricing.Cost:
    """One bill with one line for each thing that is paid for."""
    lines: dict[tuple[str, str, Decimal], pricing.LineItem] = {}
    for line in (line for bill in bills for line in bill.lines):
        key = line.what, line.unit, line.unit_price_usd
        known = lines.get(key)
        lines[key] = replace(known, quantity=known.quantity + line.quantity) if known else line
    return pricing.Cost("", tuple(lines.values()))
