"""``labkit measure`` and ``labkit tune``: figures of a function in whatever cloud the environment names."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from labkit.errors import LabError, TargetError

if TYPE_CHECKING:
    from labkit.measure import Measurements, Tuning
    from labkit.measure.progress import Progress
    from labkit.measure.rows import Function
    from labkit.session.target import Target

PAYLOAD = click.option(
    "--payload",
    "payloads",
    multiple=True,
    type=click.File("rb"),
    help="A file with the event as JSON, - for standard input; several are sent in turn.",
)
REGION = click.option("--region", default=None, help="Default: the one that the SDK is configured with.")
YES = click.option("--yes", is_flag=True, help="Do not ask before spending money in an AWS account.")
JSON = click.option("--json", "as_json", is_flag=True, help="For programs: the result as JSON.")
COLD_NOTE = " An environment variable of it is changed before each of them and removed at the end."
TUNE_NOTE = " Its memory is changed for some seconds, to publish versions, and changed back."
LOCAL_HINT = 'For the local cloud of this workspace: eval "$(labkit cloud env)".'


@click.command()
@click.argument("name")
@PAYLOAD
@click.option("--calls", type=click.IntRange(1), default=None, help="How many calls; default 50.")
@click.option("--clients", type=click.IntRange(1), default=None, help="How many callers at once; default 1.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=None, help="Calls a second instead.")
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), default=None, help="How long at that rate."
)
@click.option(
    "--cold", type=click.IntRange(1), default=None, help="That many cold starts instead, of $LATEST."
)
@click.option("--qualifier", default=None, help="A version or an alias; default $LATEST.")
@REGION
@YES
@JSON
@click.pass_context
def measure(
    ctx: click.Context,
    name: str,
    payloads: Sequence[Any],
    calls: int | None,
    clients: int | None,
    rate: float | None,
    seconds: float | None,
    cold: int | None,
    qualifier: str | None,
    region: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Call the function NAME many times and show latency, duration, memory and cost.

    Callers that wait for each answer (--calls, --clients), calls at a steady rate (--rate, --seconds), or
    cold starts alone (--cold). Ctrl-C ends it and shows what was measured. Exit code 1 if no call succeeded,
    130 after Ctrl-C.
    """
    _one_manner(calls or clients, rate or seconds, cold)
    if (rate is None) != (seconds is None):
        raise click.UsageError("--rate and --seconds belong together.")
    if cold and qualifier:
        raise click.UsageError("--cold measures $LATEST: leave --qualifier out.")
    from labkit import measure as measuring
    from labkit.measure.target import look_up

    events = _events(payloads)
    planned = cold or (round(rate * seconds) if rate and seconds else calls or 50)
    target, client = _connect(region, min(planned, 200) if rate else clients or 1)
    function, _ = look_up(client, name, qualifier)
    own = [(function.memory_mb or 128, function.architecture or "x86_64")]
    if not yes:
        _agree(target, client, lambda: _at_most(function, own, planned) + (COLD_NOTE if cold else ""))
    watch = _progress()
    if cold:
        found = measuring.cold_starts(client, name, cold, events[0], watch=watch)
    elif rate and seconds:
        found = measuring.invoke_at(
            client, name, rate, seconds, payloads=events, qualifier=qualifier, watch=watch
        )
    else:
        found = measuring.invoke(
            client,
            name,
            qualifier=qualifier,
            times=planned,
            clients=clients or 1,
            payloads=events,
            watch=watch,
        )
    _show_measurements(found, as_json)
    ctx.exit(130 if found.interrupted else 0 if found.ok else 1)


@click.command()
@click.argument("name")
@PAYLOAD
@click.option(
    "--memory", default=None, metavar="MB,MB…", help="Sizes to try; default 128,256,512,1024,1769,3008."
)
@click.option("--arch", default=None, metavar="NAME,NAME", help="x86_64, arm64 or both; default its own.")
@click.option("--runs", type=click.IntRange(2), default=10, show_default=True, help="Calls for each setting.")
@click.option(
    "--strategy",
    type=click.Choice(["cost", "speed", "balanced"]),
    default="cost",
    show_default=True,
    help="What is best.",
)
@click.option(
    "--weight", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Of cost, when balanced."
)
@click.option(
    "--max-cost",
    type=click.FloatRange(0, min_open=True),
    default=None,
    metavar="USD",
    help="Never more than this.",
)
@REGION
@YES
@JSON
@click.pass_context
def tune(
    ctx: click.Context,
    name: str,
    payloads: Sequence[Any],
    memory: str | None,
    arch: str | None,
    runs: int,
    strategy: Any,
    weight: float,
    max_cost: float | None,
    region: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Measure the function NAME at several memory sizes and show which is best.

    Works on versions of its own and deletes them; afterwards the function is as it was. --json writes the
    form of AWS Lambda Power Tuning. Ctrl-C ends it and shows what was measured; exit code 130 then.
    """
    from labkit import measure as measuring
    from labkit.measure.target import look_up
    from labkit.measure.tuning import SIZES_MB, settings_of

    sizes = _sizes(memory) if memory else SIZES_MB
    architectures = arch.split(",") if arch else None
    events = _events(payloads)
    target, client = _connect(region)
    function, _ = look_up(client, name, None)
    settings = settings_of(function, sizes, architectures)
    if not yes:
        limit = f" Never more than {max_cost:g} USD." if max_cost else ""
        _agree(target, client, lambda: _at_most(function, settings, runs) + limit + TUNE_NOTE)
    try:
        found = measuring.tune(
            client,
            name,
            memory_mb=sizes,
            architectures=architectures,
            runs=runs,
            payloads=events,
            strategy=strategy,
            weight=weight,
            max_cost_usd=max_cost,
            watch=_progress(),
        )
    except measuring.MeasureError as error:
        if error.tuning and error.tuning.steps:
            _show_tuning(error.tuning, False, error=True)
        raise
    _show_tuning(found, as_json)
    ctx.exit(130 if found.interrupted else 0)


def _one_manner(*manners: Any) -> None:
    if sum(bool(one) for one in manners) > 1:
        raise click.UsageError("Choose one: --calls and --clients, --rate and --seconds, or --cold.")


def _sizes(text: str) -> list[int]:
    try:
        return [int(size) for size in text.split(",")]
    except ValueError as error:
        raise click.UsageError(
            f"--memory {text}: give sizes in MB with commas between, as 128,512."
        ) from error


def _events(files: Sequence[Any]) -> list[Any]:
    events = []
    for file in files:
        data = file.read()
        try:
            json.loads(data)
        except ValueError as error:
            raise click.UsageError(f"{file.name} is no JSON: {error}.") from error
        events.append(data)
    return events or [None]


def _connect(region: str | None, at_once: int = 1) -> tuple[Target, Any]:
    """The cloud that the environment names, and a Lambda client for so many calls at once."""
    from botocore.config import Config

    from labkit.session import connect_aws

    try:
        target = connect_aws(region, None)
    except TargetError as error:
        raise TargetError(f"{error} {LOCAL_HINT}") from error
    config = target.client("lambda").meta.config.merge(Config(max_pool_connections=max(10, at_once)))
    client = target.session.client(
        "lambda", region_name=target.region, endpoint_url=target.endpoint_url, config=config
    )
    return target, client


def _agree(target: Target, client: Any, question: Callable[[], str]) -> None:
    """Asks before anything is sent that somebody pays for; what listens on this machine costs nothing."""
    if urlsplit(client.meta.endpoint_url).hostname in ("127.0.0.1", "localhost", "::1"):
        return
    click.echo(f"Account {target.account_id}, Region {target.region}: {question()}", err=True)
    click.confirm("Go on?", abort=True, err=True)


def _at_most(function: Function, settings: Sequence[tuple[int, str]], calls: int) -> str:
    from labkit import pricing
    from labkit.measure.ceiling import most_usd

    said = f"{calls * len(settings):,} calls of {function.name}"
    try:
        most = pricing.usd(most_usd(function, settings, calls))
    except LabError as unknown:
        return f"{said}. What they cost is not known: {unknown}"
    return f"{said}, at most {most} USD: if every call ran until its timeout."


def _progress() -> Progress | None:
    from labkit.measure.progress import progress

    return progress() if sys.stderr.isatty() else None


def _show_measurements(m: Measurements, as_json: bool) -> None:
    from labkit.measure.texts import heading, latency_rows, remarks

    if as_json:
        document = {
            "function": asdict(m.function),
            "planned": m.planned,
            "interrupted": m.interrupted,
            "notes": m.notes,
            "calls": [asdict(row) for row in m],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        _show(heading(m), latency_rows(m) if m.rows else [], remarks(m))


def _show_tuning(t: Tuning, as_json: bool, error: bool = False) -> None:
    from labkit.measure.texts import tuning_heading, tuning_remarks, tuning_rows

    if as_json:
        try:
            click.echo(json.dumps(t.to_json(), indent=2))
            return
        except LabError:
            _show_tuning(t, False, error=True)
            raise
    link = [f"picture: {t.link}"] if t.measured and t.priced else []
    _show(tuning_heading(t), tuning_rows(t), [*tuning_remarks(t), *link], error)


def _show(heading: str, rows: Sequence[Sequence[str]], remarks: Sequence[str], error: bool = False) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(stderr=error, highlight=False, soft_wrap=True)
    console.print(Text(heading, "bold"))
    if rows:
        table = Table(box=None, pad_edge=False)
        for column, name in enumerate(rows[0]):
            table.add_column(name, justify="right" if column else "left", no_wrap=True)
        for row in rows[1:]:
            table.add_row(*row)
        console.print(table)
    for remark in remarks:
        console.print(Text(remark))
