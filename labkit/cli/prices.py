"""``labkit prices``: newer prices than those that come with the workbook."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from labkit import cloud as clouds
from labkit.cli.cloud import WORKSPACE
from labkit.errors import FactUnknown, TargetError

PRICE_LIST_REGION = "us-east-1"  # the API of all Regions' prices is in a few Regions only


@click.group()
def prices() -> None:
    """The prices that costs are computed with. Nothing unconfirmed is ever shown as one."""


@prices.command()
@click.option(
    "--region", "regions", multiple=True, help="Whose prices; repeatable. Default: the SDK's Region."
)
@WORKSPACE
def refresh(regions: tuple[str, ...], workspace: Path | None) -> None:
    """Read the AWS Price List API with your own credentials, into .labkit/prices.json of the workspace.

    Needs pricing:GetProducts and costs nothing. The packaged prices stay: delete the file to return to them.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from labkit.facts.refresh import refresh as read_prices

    path = clouds.state_dir(clouds.workspace_dir(workspace)) / "prices.json"
    try:
        session = boto3.Session()
        wanted = regions or tuple(filter(None, [session.region_name]))
        if not wanted:
            raise TargetError("No Region is set. Name one: labkit prices refresh --region eu-west-1.")
        before = {region: _known(region) for region in wanted}
        client = session.client("pricing", region_name=PRICE_LIST_REGION)
        done = read_prices(client, wanted, path)
    except (BotoCoreError, ClientError) as error:
        raise TargetError(
            f"The Price List API could not be read: {error} It needs credentials of an AWS account with "
            "pricing:GetProducts, and AWS itself: the local cloud has no price list (unset AWS_ENDPOINT_URL)."
        ) from error
    for region in wanted:
        click.echo(_summary(region, before[region], done.prices[region], done.missing[region]))
    click.echo(f"Written to {done.path}. Costs are computed with it from now on.")


def _known(region: str) -> dict[str, Decimal]:
    """What was shown for this Region until now."""
    from labkit import facts

    known = {}
    for key in facts.price_keys():
        try:
            known[key] = facts.price(region, key).value
        except FactUnknown:
            continue
    return known


def _summary(region: str, before: dict[str, Decimal], read: Any, missing: tuple[str, ...]) -> str:
    lines = [f"{region}: {len(read)} prices read"]
    for key, entry in read.items():
        now = Decimal(entry["price"] if "price" in entry else entry["tiers"][0][2])
        if before.get(key) != now:
            was = f"was {before[key]:f}" if key in before else "was not known"
            lines.append(f"  {key:<32} {now:f} {entry['unit']} ({was})")
    if missing:
        lines.append(f"  as before, because no single product was found: {', '.join(missing)}")
    return "\n".join(lines)
