"""``labkit cloud``: the local cloud of the workspace, from a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import click

from labkit import cloud as clouds
from labkit.cloud import Cloud
from labkit.errors import CloudError

WORKSPACE = click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Your workspace; default $LABKIT_WORKSPACE, else the current folder, or workspace in it.",
)


@click.group()
def cloud() -> None:
    """Start, stop and look at the local cloud: one process for each workspace, on 127.0.0.1 only."""


@cloud.command()
@WORKSPACE
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes any free one.")
@click.option("--region", default=clouds.DEFAULT_REGION, show_default=True, help="Region of `cloud env`.")
def start(workspace: Path | None, port: int, region: str) -> None:
    """Start the cloud, or find the one that runs."""
    before = clouds.find(workspace)
    running = clouds.start(workspace, port=port, region=region)
    word = "already runs" if before and before.pid == running.pid else "runs"
    click.echo(
        f"The local cloud of {running.workspace} {word} at {running.endpoint} (process {running.pid})."
    )
    click.echo('Reach it with the AWS CLI or boto3 after: eval "$(labkit cloud env)"')


@cloud.command()
@WORKSPACE
def stop(workspace: Path | None) -> None:
    """Stop the cloud. What was created in it is gone then."""
    place = clouds.workspace_dir(workspace)
    stopped = clouds.stop(place)
    click.echo(f"The local cloud of {place} {'is stopped' if stopped else 'was not running'}.")


@cloud.command()
@WORKSPACE
@click.option("--json", "as_json", is_flag=True, help="For programs. Exit code 1 if it does not run.")
@click.pass_context
def status(ctx: click.Context, workspace: Path | None, as_json: bool) -> None:
    """Show whether the cloud runs and where. Exit code 1 if it does not."""
    now = clouds.status(workspace)
    if as_json:
        where = {"endpoint": now.cloud.endpoint, "pid": now.cloud.pid} if now.cloud else {}
        click.echo(json.dumps({"state": now.state, "workspace": str(now.workspace), **where}))
    elif now.state == "running" and now.cloud:
        click.echo(_running(now.cloud))
    else:
        said = {
            "stopped": "is stopped. `labkit cloud start` starts it.",
            "stale": "ended without cleaning up. `labkit cloud start` starts a new one.",
            "silent": f"does not answer. Its log is {now.workspace / '.labkit' / 'cloud.log'}.",
        }
        click.echo(f"The local cloud of {now.workspace} {said.get(now.state, now.state)}")
    ctx.exit(0 if now.state == "running" else 1)


@cloud.command()
@WORKSPACE
def env(workspace: Path | None) -> None:
    """Print shell lines that point plain boto3 and the AWS CLI at the cloud.

    Use it as: eval "$(labkit cloud env)"
    """
    if (running := clouds.find(workspace)) is None:
        place = clouds.workspace_dir(workspace)
        raise CloudError(f"The local cloud of {place} is not running. Start it: labkit cloud start")
    click.echo(clouds.exports(running))


def _running(cloud: Cloud) -> str:
    rows = {
        "workspace": cloud.workspace,
        "endpoint": cloud.endpoint,
        "process": cloud.pid,
        "started": cloud.started_at,
        "version": cloud.version,
        "region": cloud.region,
        "account": cloud.account_id,
    }
    return "running\n" + "\n".join(f"  {name:<10} {value}" for name, value in rows.items())
