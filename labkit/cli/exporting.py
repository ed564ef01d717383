"""``labkit export``: what a lab has built, as a template."""

from __future__ import annotations

from pathlib import Path

import click

from labkit.cli.cloud import WORKSPACE


@click.group()
def export() -> None:
    """What a lab has built, as text that can be reviewed, kept and deployed again."""


@export.command()
@click.argument("lab")
@click.option("--to", "folder", type=click.Path(path_type=Path), default=None, help="Default: LAB-sam.")
@click.option("--target", type=click.Choice(["local", "aws"]), default="local", show_default=True)
@click.option("--region", default=None, help="Default: us-east-1 locally, the SDK's own on AWS.")
@click.option("--prefix", default=None, help="The prefix that the lab was opened with, if it was given one.")
@WORKSPACE
def sam(
    lab: str, folder: Path | None, target: str, region: str | None, prefix: str | None, workspace: Path | None
) -> None:
    """Write what LAB (such as 06-capstone) has built as a SAM template, with its code beside it.

    Only reads the cloud.
    """
    from labkit import session
    from labkit.cloud import DEFAULT_REGION, workspace_dir
    from labkit.export import sam as write

    place = workspace_dir(workspace)
    where = region or (DEFAULT_REGION if target == "local" else None)
    opened = session.open(
        lab,
        target="aws" if target == "aws" else "local",
        region=where,
        prefix=prefix,
        workspace=place,
        confirm=False if target == "aws" else None,
    )
    click.echo(repr(write(opened, folder or Path(f"{opened.notebook}-sam"))))
