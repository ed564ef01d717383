"""`labkit start`: the workspace, the local cloud and JupyterLab, together from the first step to Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

import click

from labkit import cloud
from labkit.cli import jupyter
from labkit.errors import LabError

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.option("--browser/--no-browser", default=True, help="Open the workbook in a browser (the default).")
@click.option("--port", type=click.IntRange(0, 65535), help="JupyterLab's; 0: any. Default: 8888 or next.")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="LABKIT_WORKSPACE",
    default=Path("workspace"),
    show_default=True,
    help="Where your copies of the notebooks live.",
)
@click.option("--stop-with-parent", is_flag=True, help="Stop when the process that started this one ends.")
def start(browser: bool, port: int | None, workspace: Path, stop_with_parent: bool) -> None:
    """Open the workbook: your workspace, the local cloud and JupyterLab, until Ctrl-C."""
    if stop_with_parent:
        _watch_parent()
    place = cloud.workspace_dir(workspace)
    with _stopped_by_signals(), _only_one(place) as note, ExitStack() as stops:
        lab = _open(place, jupyter.choose_port(port), browser, stops)
        note.write_text(lab.address)
        click.echo(f"\n  The workbook is open at  {lab.address}")
        click.echo(f"  Ctrl-C stops it. Your work stays in {place}\n")
        lab.await_end()
    click.echo("\nstart: JupyterLab and the local cloud are stopped")


def _open(place: Path, port: int, browser: bool, stops: ExitStack) -> jupyter.JupyterLab:
    """Starts everything; what has to be stopped again, and in which order, is in ``stops``."""
    from labkit.course import workspace as copies

    began = time.monotonic()
    done = copies.prepare(place)
    for action in done:
        if action.kind != "copied":
            click.echo(f"start: {action}")
    new = sum(action.kind == "copied" for action in done)
    _say(f"workspace {place}" + (f", {new} files copied" if new else ""), began)

    # Both take a second or two and wait for different things, so they start side by side.
    lab_began = time.monotonic()
    lab = jupyter.launch(place, cloud.state_dir(place) / "jupyter", port, browser)
    stops.callback(lab.stop)
    stops.callback(cloud.stop, place)
    local = cloud.start(place)
    _say(f"local cloud {local.endpoint}", lab_began)
    lab.await_ready()
    _say("JupyterLab", lab_began)
    return lab


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal end the block in order, once. While it ends, they are ignored."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for one in STOPPING:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {one: signal.signal(one, interrupt) for one in STOPPING}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def _only_one(place: Path) -> Iterator[Path]:
    """Keeps a second `labkit start` out of the workspace; yields the file that holds the address.

    Raises:
        LabError: the workbook is open already; says where.
    """
    note = cloud.state_dir(place) / "workbook.url"
    note.touch(mode=0o600)  # the address has the token in it
    with note.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = note.read_text() or "it is just starting in another terminal"
            raise LabError(
                f"The workbook in {place} is open already: {where}\n"
                "Use that one, stop it with Ctrl-C where it runs, or name another folder with --workspace."
            ) from None
        try:
            yield note
        finally:
            note.write_text("")


def _watch_parent() -> None:
    """Ends this process in order when its parent is gone: a killed `make` leaves nothing running."""
    import psutil

    parent = psutil.Process(os.getppid())

    def follow() -> None:
        with suppress(psutil.Error):
            parent.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()


def _say(what: str, began: float) -> None:
    click.echo(f"start: {what} · {time.monotonic() - began:.1f} s")
