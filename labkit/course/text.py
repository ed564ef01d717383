"""Notebooks as plain text, for people who write or review them in an editor. Recorded outputs stay behind.

A line ``%% markdown ID`` or ``%% code ID`` begins a cell; ``tags=a,b`` and ``exercise=02.3`` may follow. What
stands below it, up to the next such line, is the cell. ``%stub`` in a code cell begins what learners get in
place of its solution. nbgrader's metadata follow from the markers and from calls of ``lab.check``.
"""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode, v4

from labkit.course import notebook as files
from labkit.course.build import BEGIN
from labkit.errors import CourseError

HEAD = re.compile(r"^%% (?P<kind>markdown|code)[ \t]+(?P<id>[A-Za-z0-9_-]{1,64})(?P<more>[ \t].*)?$")
STUB = "%stub"


def to_text(notebook: NotebookNode) -> str:
    """A notebook as text; `to_notebook` gives the same notebook again, but for what its cells put out."""
    return "\n".join(part for cell in notebook.cells for part in _cell_text(cell))


def to_notebook(text: str, before: NotebookNode | None = None) -> NotebookNode:
    """A notebook from text.

    Args:
        before: an earlier one, whose outputs are kept for cells with the same id and code.

    Raises:
        CourseError: the text has no cells, a line that begins none, or an id twice.
    """
    known = {cell.id: cell for cell in before.cells} if before else {}
    cells = [_made(head, body, known) for head, body in _split(text)]
    ids = [cell.id for cell in cells]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise CourseError(f"Cell ids have to be unique; these are there twice: {', '.join(twice)}.")
    if not cells:
        raise CourseError("There is no cell in the text: a line '%% markdown ID' or '%% code ID' begins one.")
    made = v4.new_notebook(cells=cells, metadata=copy.deepcopy(files.METADATA))  # type: ignore[no-untyped-call]
    made.nbformat_minor = files.FORMAT[1]
    return files.node(made)


def with_grading(cell: NotebookNode) -> NotebookNode:
    """The cell with nbgrader's metadata: solutions are to be changed, cells with ``lab.check`` are graded."""
    marked = any(BEGIN.match(line) for line in cell.source.split("\n"))
    graded = bool(files.CHECK_CALL.search(cell.source) or files.GATE_CALL.search(cell.source))
    cell.metadata.pop("nbgrader", None)
    if cell.cell_type == "code" and (marked or graded):
        meta: dict[str, Any] = {
            "schema_version": 3,
            "grade_id": cell.id,
            "grade": graded and not marked,
            "solution": marked,
            "locked": graded and not marked,
            "task": False,
        }
        cell.metadata["nbgrader"] = meta | ({"points": 1} if meta["grade"] else {})
    return cell


def _split(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """(first line, rest) of each cell."""
    head: re.Match[str] | None = None
    body: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        found = HEAD.match(line)
        if not found:
            if head is None and line.strip():
                raise CourseError(f"Line {number} stands before the first cell: {line[:60]!r}")
            body.append(line)
            continue
        if head is not None:
            yield head, "\n".join(body).strip("\n")
        head, body = found, []
    if head is not None:
        yield head, "\n".join(body).strip("\n")


def _made(head: re.Match[str], body: str, known: dict[str, NotebookNode]) -> NotebookNode:
    source, *stubs = re.split(rf"^{STUB}[ \t]*\n", body, flags=re.M)
    options = _options(head)
    own: dict[str, Any] = {"exercise": options["exercise"]} if "exercise" in options else {}
    if stubs:
        own["stub"] = [stub.strip("\n") for stub in stubs]
    make = v4.new_code_cell if head["kind"] == "code" else v4.new_markdown_cell
    cell = make(source.strip("\n"), id=head["id"])  # type: ignore[no-untyped-call]
    if "tags" in options:
        cell.metadata["tags"] = options["tags"].split(",")
    if own:
        cell.metadata["labkit"] = own
    old = known.get(head["id"])
    if old is not None and old.cell_type == cell.cell_type == "code" and old.source == cell.source:
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    return with_grading(cell)


def _options(head: re.Match[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for word in shlex.split(head["more"] or ""):
        name, equals, value = word.partition("=")
        if name not in ("tags", "exercise") or not equals:
            raise CourseError(f"Cell {head['id']}: {word!r} is neither tags=… nor exercise=….")
        options[name] = value
    return options


def _cell_text(cell: NotebookNode) -> Iterator[str]:
    own = files.own_metadata(cell)
    head = f"%% {cell.cell_type} {cell.id}"
    if tags := cell.metadata.get("tags"):
        head += f" tags={','.join(tags)}"
    if "exercise" in own:
        head += f" exercise={own['exercise']}"
    yield head
    yield cell.source
    stubs = own.get("stub", ())
    for stub in (stubs,) if isinstance(stubs, str) else stubs:
        yield STUB
        yield stub
    yield ""
