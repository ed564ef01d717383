"""Records the solutions: runs them and keeps what they put out, in a form in which only real changes show."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nbformat import NotebookNode

from labkit.course import notebook as files
from labkit.course import stage
from labkit.course.disk import write
from labkit.course.kernel import execute
from labkit.course.places import Course, chosen
from labkit.course.text import with_grading
from labkit.errors import CourseError

# Model ids are random, and the state behind them is large: nbval compares neither. The text twin stays.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
RULE = re.compile(r"^regex: (.*)$\n^replace: (.*)$", re.M)
TIMEZONE = "UTC"

Rules = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Recording:
    """A solution that was run and written.

    Attributes:
        changed: how many cells put out something else than before, beyond what `sanitize.cfg` makes equal.
        cells: how many code cells there are.
    """

    path: Path
    changed: int
    cells: int


def record(
    course: Course,
    names: tuple[str, ...] = (),
    on_cell: Callable[[str, int, int], None] = lambda name, number, count: None,
    afresh: bool = False,
) -> list[Recording]:
    """Runs solutions in fresh workspaces and writes them back with what they put out.

    A cell whose output differs only in what `sanitize.cfg` makes equal keeps its old output, so that
    recording again gives no difference where nothing has changed.

    Args:
        afresh: whether all outputs are this run's, so that figures in one cell fit those in another.

    Raises:
        CourseError: a cell failed; nothing is written then.
    """
    rules = read_rules(course.sanitizer)
    done = []
    for path in chosen(course.solutions, names):
        before = files.read(path)
        with stage.fresh(course.solutions) as place:
            environment = {**stage.kernel_environment(place, "raise"), "TZ": TIMEZONE}
            ran = execute(before, place, environment, on_cell=partial(on_cell, path.stem))
            left = [entry.label for _, entry in stage.left_behind(place)]
        if ran.failure is not None:
            raise CourseError(f"{path.name} was not recorded. {ran.failure}")
        if left:
            raise CourseError(f"{path.name} was not recorded: it leaves {', '.join(left)} behind.")
        after = plain(ran.notebook)
        changed = keep_equal(copy.deepcopy(after) if afresh else after, before, rules)
        write(path, files.text(after))
        done.append(Recording(path, changed, len(list(files.code_cells(after)))))
    return done


def plain(executed: NotebookNode) -> NotebookNode:
    """A run notebook without what changes from run to run: times, widget state, versions of the kernel."""
    made = copy.deepcopy(executed)
    made.metadata = files.node(copy.deepcopy(files.METADATA))
    made.nbformat, made.nbformat_minor = files.FORMAT
    for cell in made.cells:
        files.tidy(cell)
        with_grading(cell)
        if cell.cell_type == "code":
            cell.outputs = _plain_outputs(cell.outputs)
    return made


def keep_equal(after: NotebookNode, before: NotebookNode, rules: Rules) -> int:
    """Puts back the old outputs of cells whose new ones say the same; returns how many do not."""
    known = {cell.id: cell for cell in files.code_cells(before) if cell.get("outputs")}
    changed = 0
    for cell in files.code_cells(after):
        old = known.get(cell.id)
        same_code = old is not None and old.source == cell.source
        if old is not None and same_code and _said(old.outputs, rules) == _said(cell.outputs, rules):
            cell.outputs = [
                files.node({**one, "execution_count": cell.execution_count})
                if one.output_type == "execute_result"
                else one
                for one in old.outputs
            ]
        elif cell.outputs or old is not None:
            changed += 1
    return changed


def read_rules(path: Path) -> list[tuple[str, str]]:
    """(pattern, replacement) of nbval's sanitise file; none if there is no such file."""
    return RULE.findall(path.read_text()) if path.exists() else []


def sanitized(text: str, rules: Rules) -> str:
    """The text as nbval compares it."""
    for pattern, replacement in rules:
        text = re.sub(pattern, replacement, text)
    return text


def _plain_outputs(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Streams in one piece, no widget views, nothing that is only for the moment."""
    made: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and made and made[-1].get("name") == output.name:
            made[-1].text += output.text
            continue
        if "data" in output:
            output.data.pop(WIDGET_VIEW, None)
            if not output.data:
                continue
        output.pop("transient", None)
        made.append(output)
    return made


def _said(outputs: Iterable[NotebookNode], rules: Rules) -> list[tuple[str, dict[str, str]]]:
    """What nbval compares of a cell's outputs."""
    said = []
    for output in outputs:
        data = {"text": output.text} if output.output_type == "stream" else dict(output.get("data", {}))
        kept = {kind: value for kind, value in data.items() if kind not in ("image/png", WIDGET_VIEW)}
        said.append(
            (output.output_type, {kind: sanitized(str(value), rules) for kind, value in kept.items()})
        )
    return said
