"""``labkit teardown``, ``ledger``, ``sweep`` and ``doctor``: what was made, what is left, what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from labkit import cloud as clouds
from labkit import ledger as ledgers
from labkit.cli.cloud import WORKSPACE
from labkit.errors import LabError, TargetError
from labkit.ledger import Entry, Ledger, Leftover

FOLDER = "ledger"
SWEEP = "sweep"


@click.command()
@click.argument("labs", nargs=-1)
@WORKSPACE
@click.option("--yes", is_flag=True, help="Do not ask before deleting in an AWS account.")
@click.pass_context
def teardown(ctx: click.Context, labs: tuple[str, ...], workspace: Path | None, yes: bool) -> None:
    """Delete what LABS made (all labs of the workspace if none is named), newest first, and verify it.

    Exit code 1 if something is left.
    """
    place = clouds.workspace_dir(workspace)
    _forget_ended_clouds(place)
    work = [(lab, home) for lab, home in _homes(place) if not labs or lab in labs]
    if not work:
        click.echo(f"Nothing to tear down in {place}.")
    failed = False
    for lab, home in work:
        try:
            click.echo(_tear_down(place, lab, home, yes))
        except LabError as error:
            failed = True
            click.echo(f"{lab}: {error}", err=True)
    ctx.exit(1 if failed else 0)


@click.command()
@click.argument("labs", nargs=-1)
@WORKSPACE
@click.option("--all", "everything", is_flag=True, help="Also what was deleted, refused, or there before.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def ledger(labs: tuple[str, ...], workspace: Path | None, everything: bool, as_json: bool) -> None:
    """Show what the labs have made and not yet deleted."""
    place = clouds.workspace_dir(workspace)
    _forget_ended_clouds(place)
    shown = [
        (lab, entry)
        for lab, entry in _entries(place)
        if (everything or entry.live) and (not labs or lab in labs)
    ]
    for lab, entry in shown:
        if as_json:
            click.echo(json.dumps({"lab": lab, **asdict(entry)}))
        else:
            note = f"  ({entry.note})" if entry.note else ""
            where = "local" if entry.home.startswith("local:") else entry.home
            click.echo(f"{lab:<14} {entry.state:<9} {entry.region:<14} {where:<18} {entry.label}{note}")
    if not shown and not as_json:
        click.echo(f"Nothing in the ledgers of {place}.")


@click.command()
@WORKSPACE
@click.option("--region", default=None, help="Default: the one that the AWS CLI is configured with.")
@click.option("--prefix", "prefixes", multiple=True, help="A prefix that labs were opened with; repeatable.")
@click.option("--endpoint-url", default=None, help="Another AWS-compatible endpoint.")
@click.option("--delete", is_flag=True, help="Delete what is found, and verify it.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
def sweep(
    workspace: Path | None,
    region: str | None,
    prefixes: tuple[str, ...],
    endpoint_url: str | None,
    delete: bool,
    yes: bool,
) -> None:
    """Find what this workspace's labs left in an AWS account and Region, even if a ledger is lost.

    Looks for the tag labkit:workspace, and for names where AWS knows no tags.
    """
    from labkit.session import connect_aws
    from labkit.session.names import workspace_id

    place = clouds.workspace_dir(workspace)
    target = connect_aws(region, endpoint_url)
    own = workspace_id(place)
    click.echo(f"Account {target.account_id}, Region {target.region}, workspace {own}")
    path = clouds.state_dir(place) / FOLDER / f"{SWEEP}.jsonl"
    book = Ledger(path, SWEEP, target.home)
    while found := ledgers.sweep(target.client, target.region, own, prefixes):
        _list(found)
        deletable = tuple(one for one in found if one.kind)
        if not delete or not deletable:
            return
        if not yes:
            click.confirm(f"Delete these {len(deletable)} resources in {target.account_id}?", abort=True)
        ledgers.adopt(book, deletable)
        click.echo(repr(ledgers.teardown(book, target.client)))
    click.echo("Nothing is left behind.")


@click.command()
@WORKSPACE
@click.pass_context
def doctor(ctx: click.Context, workspace: Path | None) -> None:
    """Look whether everything is here that the workbook needs, and what the local cloud can do here.

    Exit code 1 if something is missing that it cannot do without.
    """
    from labkit.cli.doctor import examine, fidelity

    place = clouds.workspace_dir(workspace)
    findings = list(examine(place))
    for one in findings:
        click.echo(f"{'✓' if one.well else '!'} {one.topic:<14} {one.found}")
        if not one.well:
            click.echo(f"  {'':<14} → {one.next_step}")
    for line in fidelity(place):
        click.echo(line)
    ctx.exit(1 if any(one.needed and not one.well for one in findings) else 0)


def _entries(place: Path) -> Iterator[tuple[str, Entry]]:
    for path in sorted((place / clouds.STATE_DIR / FOLDER).glob("*.jsonl")):
        for entry in ledgers.read(path):
            yield path.stem, entry


def _homes(place: Path) -> list[tuple[str, str]]:
    """The (lab, home) pairs that still have something, the latest lab first."""
    pairs = dict.fromkeys((lab, entry.home) for lab, entry in _entries(place) if entry.live)
    return list(reversed(pairs))


def _forget_ended_clouds(place: Path) -> None:
    """What lived in a local cloud that has ended is gone already."""
    running = clouds.find(place)
    for lab in dict.fromkeys(lab for lab, entry in _entries(place) if entry.live):
        path = place / clouds.STATE_DIR / FOLDER / f"{lab}.jsonl"
        Ledger(path, lab, running.home if running else "local:none").forget_other_clouds()


def _tear_down(place: Path, lab: str, home: str, yes: bool) -> str:
    from labkit import session

    if home.startswith("local:"):
        return repr(session.open(lab, workspace=place).teardown())
    account, _, endpoint = home.removeprefix("aws:").partition("@")
    live = [entry for name, entry in _entries(place) if name == lab and entry.home == home and entry.live]
    if not yes:
        click.confirm(f"{lab}: delete {len(live)} resources in account {account}?", abort=True)
    opened = session.open(
        lab,
        target="aws",
        region=live[0].region,
        workspace=place,
        endpoint_url=endpoint or None,
        confirm=True,
    )
    if opened.ledger.home != home:
        raise TargetError(
            f"{len(live)} resources of this lab are in {home}, but your credentials lead to "
            f"{opened.ledger.home}. Sign in to that account and run it again."
        )
    return repr(opened.teardown())


def _list(found: tuple[Leftover, ...]) -> None:
    for one in found:
        kind = "" if one.kind else "  (labkit cannot delete this kind; do it by hand)"
        click.echo(f"  {one.label}  [{one.lab}]{kind}")
