"""``labkit ...``: the command line. Each command is loaded when it is used; this table is all it knows."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from labkit import __version__
from labkit.errors import LabError

# name -> (where it is, what `labkit --help` says)
COMMANDS = {
    "start": ("labkit.cli.start:start", "Set up the workspace, start the cloud, open JupyterLab."),
    "cloud": ("labkit.cli.cloud:cloud", "Start, stop and look at the local cloud."),
    "doctor": ("labkit.cli.lab:doctor", "Look whether everything that is needed is here."),
    "progress": ("labkit.cli.course:progress", "Show what is done and what is next."),
    "hint": ("labkit.cli.course:hint", "Show a hint for an exercise."),
    "reset": ("labkit.cli.course:reset", "Begin a phase afresh; the old copy is kept."),
    "ledger": ("labkit.cli.lab:ledger", "Show what the labs have made."),
    "teardown": ("labkit.cli.lab:teardown", "Delete what the labs have made, and verify it."),
    "sweep": ("labkit.cli.lab:sweep", "Find what labs left in an AWS account, ledger or not."),
    "measure": ("labkit.cli.measuring:measure", "Call a function many times: latency, memory, cost."),
    "tune": ("labkit.cli.measuring:tune", "Measure a function at several memory sizes and compare."),
    "audit": ("labkit.cli.auditing:audit", "Look for six common pitfalls in a function."),
    "export": ("labkit.cli.exporting:export", "Write what a lab has built as a SAM template."),
    "prices": ("labkit.cli.prices:prices", "Read newer prices from AWS."),
    "build": ("labkit.cli.course:build", "Write the learner copies from solutions/."),
    "run": ("labkit.cli.course:run", "Run notebooks from top to bottom and report."),
    "record": ("labkit.cli.course:record", "Run solutions and write what they put out into them."),
    "text": ("labkit.cli.course:text", "Show a notebook as text, or make a solution from one."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, and that shows our errors as messages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        try:
            command = getattr(import_module(module), attribute)
        except (ModuleNotFoundError, AttributeError) as error:
            raise click.ClickException(
                f"`labkit {cmd_name}` is not available: {error}. Install labkit with all that it needs: "
                "`make setup`, or `pip install .` in its folder."
            ) from error
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LabError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="labkit")
def labkit() -> None:
    """A workbook for AWS Lambda whose handlers really run, on this machine or on your account."""


def main() -> None:
    """The entry point of the ``labkit`` command."""
    labkit()
