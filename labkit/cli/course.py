"""``labkit progress``, ``hint``, ``reset``, ``build``, ``run``, ``record`` and ``text``: the course."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

import click

from labkit import cloud as clouds
from labkit.cli.cloud import WORKSPACE

if TYPE_CHECKING:
    from labkit.course.run import Outcome


@click.command()
@WORKSPACE
def progress(workspace: Path | None) -> None:
    """Show which checkpoints are reached, and which one is next."""
    from labkit.course.progress import progress as read_progress

    click.echo(str(read_progress(workspace)))


@click.command()
@click.argument("exercise")
@click.option("--level", type=click.IntRange(1, 3), default=1, help="1 points, 3 is nearly the answer.")
def hint(exercise: str, level: int) -> None:
    """Show a hint for EXERCISE, such as 02.3."""
    from labkit.course.hints import hint as find_hint

    click.echo(str(find_hint(exercise, level)))


@click.command()
@click.argument("notebook")
@WORKSPACE
def reset(notebook: str, workspace: Path | None) -> None:
    """Begin NOTEBOOK (02, or 02-create) afresh: a clean copy; progress, decisions and resources forgotten.

    Your old copy stays beside it under another name. Resources in an AWS account are left to
    `labkit teardown`.
    """
    from labkit.checks import Journal
    from labkit.course import stage
    from labkit.course import workspace as copies
    from labkit.course.places import chosen, course, phase
    from labkit.session.record import RECORD, DesignRecord

    place = clouds.workspace_dir(workspace)
    labs = {path.stem for path in chosen(course().copies, (notebook,))}
    for action in copies.reset(place, notebook):
        click.echo(str(action))
    for lab in labs:
        Journal(place).forget(phase(lab))
        DesignRecord(clouds.state_dir(place) / RECORD).forget(lab)
    left = [entry for lab, entry in stage.left_behind(place) if lab in labs]
    for problem in stage.tear_down(place, "local", labs):
        click.echo(f"could not be deleted: {problem}", err=True)
    if away := [entry for entry in left if not entry.home.startswith("local:")]:
        click.echo(f"{len(away)} resources are in {away[0].home}: `labkit teardown {' '.join(labs)}`")


@click.command()
@click.option("--check", is_flag=True, help="Only compare; exit code 1 and the names if copies are stale.")
@click.pass_context
def build(ctx: click.Context, check: bool) -> None:
    """Write the learner copies in notebooks/ from solutions/."""
    from labkit.course import build as building
    from labkit.course.places import course

    here = course()
    if check:
        stale = building.compare(here)
        for one in stale:
            click.echo(f"{one.what}: {one.path.relative_to(here.root)}")
        if stale:
            click.echo("`labkit build` writes them.")
        ctx.exit(1 if stale else 0)
    for path in building.build(here):
        click.echo(f"{'written' if path.exists() else 'deleted'}: {path.relative_to(here.root)}")


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "-p", "parameters", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter; repeatable."
)
@click.option("--target", type=click.Choice(["local", "aws"]), default="local", help="Where; default local.")
@click.option("--learner", is_flag=True, help="The learner copies: every exercise has to be reported undone.")
@click.option("--report", type=click.Path(path_type=Path, file_okay=False), help="Folder for an HTML report.")
@click.option("--in-sequence", is_flag=True, help="One workspace and cloud for all, instead of one for each.")
@click.option("-j", "--jobs", type=click.IntRange(1, 32), default=1, help="How many at a time; default 1.")
@click.option("--twice", is_flag=True, help="Each cell two times in a row: nothing may break by that.")
@click.option("--yes", is_flag=True, help="With --target aws: agree to changes in the account.")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    help="Run in this workspace instead of fresh ones.",
)
@click.pass_context
def run(
    ctx: click.Context,
    names: tuple[str, ...],
    parameters: tuple[tuple[str, str], ...],
    target: Literal["local", "aws"],
    learner: bool,
    report: Path | None,
    in_sequence: bool,
    jobs: int,
    twice: bool,
    yes: bool,
    workspace: Path | None,
) -> None:
    """Run notebooks (all, or NAMES such as 02) from top to bottom; failed checks end a notebook.

    Each runs in a fresh workspace with a cloud of its own. Exit code 1 if one fails or leaves something
    behind. Side by side (-j) they take less time, and what they measure is slower.
    """
    from labkit.course.places import course
    from labkit.course.run import Order
    from labkit.course.run import run as run_notebooks
    from labkit.course.side_by_side import run_side_by_side

    if target == "aws" and not yes:
        click.confirm("Run in the AWS account that your credentials lead to?", abort=True)
    given = {name: _value(text) for name, text in parameters}
    confirmed = target == "aws"
    order = Order(names, learner, target, given, workspace, in_sequence, twice, confirmed)
    outcomes: list[Outcome] = []
    began = time.monotonic()
    with _stopped_by_sigterm(), _watched(f"running {jobs} at a time" if jobs > 1 else "starting") as on_cell:
        alone = jobs == 1
        runs = run_notebooks(course(), order, on_cell) if alone else run_side_by_side(course(), order, jobs)
        try:
            for outcome in runs:
                outcomes.append(outcome)
                for problem in outcome.problems:
                    click.echo(f"{outcome.name}: {problem}", err=True)
        except KeyboardInterrupt:
            click.echo("Stopped. Nothing is left behind.", err=True)
            ctx.exit(130)
    region = str(given.get("region") or clouds.DEFAULT_REGION)
    _summarise(outcomes, report, region, time.monotonic() - began, jobs)
    ctx.exit(0 if all(one.passed for one in outcomes) else 1)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--afresh", is_flag=True, help="Also outputs that differ in nothing but what was measured.")
def record(names: tuple[str, ...], afresh: bool) -> None:
    """Run solutions (all, or NAMES) and write what they put out into them."""
    from labkit.course.places import course
    from labkit.course.record import record as record_notebooks

    here = course()
    with _stopped_by_sigterm(), _watched() as on_cell:
        done = record_notebooks(here, names, on_cell, afresh)
    for one in done:
        click.echo(
            f"{one.path.relative_to(here.root)}: {one.changed} of {one.cells} cells put out something new"
        )


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def text(source: Path) -> None:
    """Show a notebook as text, or make a solution from such a text.

    SOURCE.ipynb is printed as text. SOURCE.txt becomes solutions/SOURCE.ipynb; recorded outputs of cells
    that did not change are kept.
    """
    from labkit.course import notebook as files
    from labkit.course.disk import write
    from labkit.course.places import course
    from labkit.course.text import to_notebook, to_text

    if source.suffix == ".ipynb":
        click.echo(to_text(files.read(source)), nl=False)
        return
    here = course()
    path = here.solutions / f"{source.stem}.ipynb"
    before = files.read(path) if path.exists() else None
    write(path, files.text(to_notebook(source.read_text(), before)))
    click.echo(f"written: {path.relative_to(here.root)}")


def _value(text: str) -> Any:
    """A number, true, false or null where the text is one, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _summarise(outcomes: list[Outcome], report: Path | None, region: str, whole_s: float, jobs: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from labkit.course.kernel import bare_s
    from labkit.course.report import COLUMNS, Times, row, summary, total, write_report

    cells_s, kernels_s = sum(one.cells_s for one in outcomes), len(outcomes) * bare_s()
    times = Times(whole_s, cells_s / jobs, kernels_s / jobs)

    table = Table()
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in ("Time", "Invocations", "Cost on AWS") else "left")
    for outcome in outcomes:
        table.add_row(*row(outcome))
    if len(outcomes) > 1:
        table.add_section()
        table.add_row(*total(outcomes))
    Console().print(table)
    click.echo(summary(outcomes, times))
    if report is not None:
        click.echo(f"Report: {write_report(report, outcomes, region, times)}")


@contextmanager
def _watched(at_first: str = "starting") -> Iterator[Callable[[str, int, int], None]]:
    """A line on a terminal that says which cell runs; nothing where nobody watches."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda name, number, count: None
        return
    with console.status(at_first) as status:
        yield lambda name, number, count: status.update(f"{name}: cell {number} of {count}")


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that clouds and kernels are stopped."""

    def interrupt(number: int, frame: FrameType | None) -> Any:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
