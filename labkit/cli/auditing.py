"""``labkit audit``: the six pitfalls, looked for in any function of whatever cloud the environment names."""

from __future__ import annotations

import json

import click

from labkit.errors import TargetError

LOCAL_HINT = 'For the local cloud of this workspace: eval "$(labkit cloud env)".'


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option("--region", default=None, help="Default: the one that the SDK is configured with.")
@click.option(
    "--json", "as_json", is_flag=True, help="For programs: a list with one audit for each function."
)
@click.pass_context
def audit(ctx: click.Context, names: tuple[str, ...], region: str | None, as_json: bool) -> None:
    """Look for six common pitfalls in the functions NAME: cold starts ignored, secrets in variables, unused
    memory, no error handling, a needless VPC, synchronous chains.

    Only reads. What your credentials may not read is said, and not taken for well. Exit code 1 if something
    was found.
    """
    from labkit.checks.audit import audit as look
    from labkit.session import connect_aws

    try:
        target = connect_aws(region, None)
    except TargetError as error:
        raise TargetError(f"{error} {LOCAL_HINT}") from error
    found = [look(target.client, name) for name in names]
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found], indent=2))
    else:
        click.echo("\n\n".join(one.text for one in found))
    ctx.exit(1 if any(one.findings for one in found) else 0)
