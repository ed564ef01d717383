"""Executes one notebook in a kernel of its own, through papermill. Knows files and processes, no cloud."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from labkit.course import notebook as files

ENGINE = "labkit"
CELL_TIMEOUT_S = 900
START_TIMEOUT_S = 120
INJECTED = "injected-parameters"
ERROR_MARK = "papermill-error-cell-tag"
LOG = logging.getLogger("labkit.course.kernel")
LOG.addHandler(logging.NullHandler())  # what it says is in the failure, too
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Failure:
    """Where a notebook stopped.

    Attributes:
        cell: number of the code cell, as its prompt shows it; None if no cell is to blame.
        source: its code.
        error: the error's name and message.
        traceback: as the notebook shows it, without colours.
    """

    cell: int | None
    source: str
    error: str
    traceback: str

    def __str__(self) -> str:
        if self.cell is None:
            return self.error
        code = "\n".join(f"    {line}" for line in self.source.splitlines())
        return f"Cell [{self.cell}] failed:\n{code}\n{self.traceback or self.error}"


@dataclass(frozen=True)
class Executed:
    """A notebook that was run.

    Attributes:
        notebook: with its outputs, up to the cell that failed.
        failure: None if every cell ran.
    """

    notebook: NotebookNode
    failure: Failure | None


def execute(
    notebook: NotebookNode,
    folder: Path,
    environment: Mapping[str, str],
    parameters: Mapping[str, Any] | None = None,
    on_cell: Callable[[int, int], None] = lambda number, count: None,
) -> Executed:
    """Runs all cells of a notebook, in order, until one fails.

    Args:
        folder: the kernel's working directory.
        environment: set for the kernel, beside this process's own variables.
        parameters: replace those of the cell tagged ``parameters``.
        on_cell: is told the number of each cell that begins, and how many there are.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    _register_engine()
    failure = None
    with tempfile.TemporaryDirectory(prefix="labkit-executed-") as place:
        written = Path(place) / "executed.ipynb"
        try:
            papermill.execute_notebook(
                notebook,
                str(written),
                parameters=dict(parameters or {}),
                engine_name=ENGINE,
                kernel_name="python3",
                progress_bar=False,
                autosave_cell_every=0,
                folder=str(folder),
                environment={**os.environ, **environment},
                on_cell=on_cell,
            )
        except PapermillExecutionError as error:
            failure = _failure(error)
        except KeyboardInterrupt:
            # The tasks of the interrupted event loop would complain about the kernel that is gone.
            logging.getLogger("asyncio").addHandler(logging.NullHandler())
            raise
        except (RuntimeError, TimeoutError) as error:  # a kernel that cannot start, dies or hangs in a cell
            failure = Failure(None, "", f"{type(error).__name__}: {error}", "")
        return Executed(_tidied(files.read(written)), failure)


def bare_s() -> float:
    """How long a kernel takes, in seconds, that is started and ended and does nothing between."""
    from jupyter_client.manager import start_new_kernel

    began = time.perf_counter()
    manager, client = start_new_kernel(START_TIMEOUT_S, "python3", stderr=subprocess.DEVNULL)
    client.stop_channels()
    manager.shutdown_kernel()
    return time.perf_counter() - began


def _register_engine() -> None:
    """papermill's own engine, with a kernel that starts in another folder and with other variables."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Engine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            *,
            folder: str,
            environment: dict[str, str],
            on_cell: Callable[[int, int], None],
            **_: Any,
        ) -> None:
            begin = nb_man.cell_start

            def cell_start(cell: Any, cell_index: int = 0, **more: Any) -> None:
                on_cell(cell_index + 1, len(nb_man.nb.cells))
                begin(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            client = PapermillNotebookClient(
                nb_man,
                kernel_name=kernel_name,
                timeout=CELL_TIMEOUT_S,
                startup_timeout=START_TIMEOUT_S,
                coalesce_streams=True,
                log=LOG,
            )
            # What a kernel process says beside its notebook would only confuse people at a terminal.
            with open(Path(folder) / ".labkit" / "kernel.log", "ab") as log:
                client.execute(cwd=folder, env=environment, stderr=log)

    papermill_engines.register(ENGINE, Engine)


def _failure(error: Any) -> Failure:
    traceback = ANSI.sub("", "\n".join(error.traceback or []))
    return Failure(error.exec_count, error.source, f"{error.ename}: {error.evalue}", traceback)


def _tidied(notebook: NotebookNode) -> NotebookNode:
    """Without the cells that papermill adds around a failure."""
    with suppress(AttributeError):
        notebook.cells = [c for c in notebook.cells if ERROR_MARK not in c.metadata.get("tags", [])]
    return notebook
