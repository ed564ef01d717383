"""Notebooks as files: read, written so that the same content gives the same bytes, and what cells are."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from labkit.errors import CourseError

FORMAT = (4, 5)  # the first with cell ids
# A kernel writes its exact version here: that would change with every machine.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
CHECK_CALL = re.compile(r"""lab\.check\(\s*["'](?P<id>[\w.]+)["']""")
GATE_CALL = re.compile(r"lab\.gate\(")


def node(content: Any) -> NotebookNode:
    """Dictionaries and lists as nbformat wants them."""
    made: NotebookNode = nbformat.from_dict(content)  # type: ignore[no-untyped-call]
    return made


def read(path: Path) -> NotebookNode:
    """A notebook.

    Raises:
        CourseError: it cannot be read.
    """
    try:
        return node(nbformat.read(path, as_version=4))  # type: ignore[no-untyped-call]
    except (OSError, ValueError, nbformat.ValidationError, nbformat.reader.NotJSONError) as error:
        raise CourseError(f"{path} cannot be read as a notebook: {error}") from error


def text(notebook: NotebookNode) -> str:
    """The notebook as it is stored: keys sorted, nothing escaped, a newline at the end.

    Raises:
        CourseError: it is no valid notebook.
    """
    try:
        nbformat.validate(notebook, relax_add_props=True)
    except nbformat.ValidationError as error:
        raise CourseError(f"This is no valid notebook: {error.message}") from error
    written = nbformat.writes(  # type: ignore[no-untyped-call]
        notebook, indent=1, sort_keys=True, ensure_ascii=False
    )
    return str(written).rstrip("\n") + "\n"


def code_cells(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """The cells with code in them, in order."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield cell


def checks_in(notebook: NotebookNode) -> list[str]:
    """The checkpoints that a notebook asks ``lab.check`` for, in order."""
    found = [match["id"] for cell in code_cells(notebook) for match in CHECK_CALL.finditer(cell.source)]
    return list(dict.fromkeys(found))


def twice(notebook: NotebookNode) -> NotebookNode:
    """The notebook with each code cell two times in a row, but for the one with the parameters."""
    made = copy.deepcopy(notebook)
    made.cells = []
    for cell in notebook.cells:
        made.cells.append(cell)
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            made.cells.append(node({**cell, "id": f"{cell.id}-again"}))
    return made


def parameters_in(notebook: NotebookNode) -> set[str]:
    """The names that the cell tagged ``parameters`` sets."""
    names: set[str] = set()
    for cell in code_cells(notebook):
        if "parameters" in cell.metadata.get("tags", []):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    names.add(node.id)
    return names


def cells_s(notebook: NotebookNode) -> float:
    """How long the cells of a notebook took together that papermill has run."""
    return sum(cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in code_cells(notebook))


def tidy(cell: NotebookNode) -> None:
    """Takes out of a cell's metadata what running it puts there."""
    for churning in ("papermill", "execution", "widgets"):
        cell.metadata.pop(churning, None)
    for empty in [name for name in ("tags", "labkit") if cell.metadata.get(name) in ([], {})]:
        del cell.metadata[empty]


def own_metadata(cell: NotebookNode) -> dict[str, Any]:
    """What the cell's metadata say to labkit: ``exercise``, ``stub``."""
    return dict(cell.metadata.get("labkit", {}))


def work(notebook: NotebookNode) -> list[tuple[str, str]]:
    """What somebody typed: kinds and sources of the cells. Running a notebook does not change it."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def text_of(cell: NotebookNode) -> str:
    """What a code cell has put out, as text."""
    said = [
        output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")
        for output in cell.get("outputs", [])
    ]
    return "\n".join(said)
