"""Learner copies: ``notebooks/`` from ``solutions/``, solutions taken out, everything else kept."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from labkit import checks
from labkit.course import notebook as files
from labkit.course.disk import course_files, write
from labkit.course.places import Course, notebooks, phase
from labkit.errors import CourseError

# nbgrader's markers; behind // where # begins no comment.
BEGIN = re.compile(r"^(?P<indent>[ \t]*)(?P<comment>//\s*)?### BEGIN SOLUTION\s*$")
END = re.compile(r"^[ \t]*(//\s*)?### END SOLUTION\s*$")
GRADE_ID = re.compile(r"^[A-Za-z0-9_-]+$")
CODE = {".py", ".mjs", ".js", ".sh", ""}


@dataclass(frozen=True)
class Difference:
    """A file of the learner's copies that is not what the solutions give.

    Attributes:
        what: ``missing``, ``different`` or ``left over``.
    """

    path: Path
    what: str


def build(course: Course) -> list[Path]:
    """Writes the learner copies; returns what was written or deleted.

    Raises:
        CourseError: a solution is not as a solution has to be.
    """
    wanted = planned(course)
    changed = [course.copies / name for name in _differing(course, wanted)]
    for path in changed:
        name = path.relative_to(course.copies)
        if name in wanted:
            write(path, wanted[name])
        else:
            path.unlink()
    return changed


def compare(course: Course) -> list[Difference]:
    """What `build` would change.

    Raises:
        CourseError: a solution is not as a solution has to be.
    """
    wanted = planned(course)
    found = []
    for name in _differing(course, wanted):
        path = course.copies / name
        what = "left over" if name not in wanted else "different" if path.exists() else "missing"
        found.append(Difference(path, what))
    return found


def planned(course: Course) -> dict[Path, bytes]:
    """path in ``notebooks/`` -> content, for all learner copies and the handler files beside them.

    Raises:
        CourseError: a solution is not as a solution has to be.
    """
    found: dict[Path, bytes] = {}
    for path in notebooks(course.solutions):
        solved = files.read(path)
        if problems := validate(solved, path.stem):
            raise CourseError(f"{path.name}: " + "\n".join(problems))
        found[Path(path.name)] = files.text(learner_copy(solved)).encode()
    for path in course_files(course.solutions):
        if path.suffix == ".ipynb":
            continue
        content = path.read_bytes()
        if path.suffix in CODE:
            content = without_solutions(content.decode(), str(path.name)).encode()
        found[path.relative_to(course.solutions)] = content
    return found


def learner_copy(solved: NotebookNode) -> NotebookNode:
    """The notebook that a learner gets: same cells, ids and tags; stubs for solutions; nothing run yet."""
    made = copy.deepcopy(solved)
    made.metadata = files.node(copy.deepcopy(files.METADATA))
    made.nbformat, made.nbformat_minor = files.FORMAT
    for cell in made.cells:
        stubs = _stubs(cell)
        if cell.cell_type == "code":
            cell.source = without_solutions(cell.source, cell.id, stubs)
            cell.outputs, cell.execution_count = [], None
        cell.metadata.get("labkit", {}).pop("stub", None)
        files.tidy(cell)
    return made


def without_solutions(source: str, where: str, stubs: tuple[str, ...] = ()) -> str:
    """Source with each marked region replaced by its stub, or by a comment and ``...``.

    Args:
        where: names the cell or file in errors.
        stubs: one for each region; none for the usual one.

    Raises:
        CourseError: the markers do not match, or there are not as many stubs as regions.
    """
    kept: list[str] = []
    regions, inside = 0, False
    for line in source.split("\n"):
        begin, end = BEGIN.match(line), END.match(line)
        if begin and inside:
            raise CourseError(f"{where}: a solution begins inside another one.")
        if end and not inside:
            raise CourseError(f"{where}: a solution ends that did not begin.")
        if begin:
            kept += _stub(begin, stubs[regions] if regions < len(stubs) else None)
            regions += 1
        elif not inside and not end:
            kept.append(line)
        inside = bool(begin) or (inside and not end)
    if inside:
        raise CourseError(f"{where}: a solution begins and does not end.")
    if stubs and len(stubs) != regions:
        raise CourseError(f"{where}: {len(stubs)} stubs for {regions} solutions.")
    return "\n".join(kept)


def validate(notebook: NotebookNode, name: str) -> list[str]:
    """What is wrong with a solution: nbgrader's rules, our markers, and the exercises of its phase."""
    problems = [problem for cell in notebook.cells for problem in _cell_problems(cell)]
    grade_ids = [meta["grade_id"] for meta in _graded(notebook) if "grade_id" in meta]
    ids = [cell.get("id") for cell in notebook.cells]
    problems += [f"grade_id {one!r} is there twice" for one in _twice(grade_ids)]
    problems += [f"cell id {one!r} is there twice" for one in _twice(ids)]
    if sum("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells) != 1:
        problems.append("exactly one cell has to have the tag 'parameters'")
    known = [one.id for one in checks.checks(phase(name))]
    asked = [id for id in files.checks_in(notebook) if not id.endswith(".gate")]
    problems += [f"lab.check({id!r}): there is no such check" for id in asked if id not in known]
    problems += [f"check {id} is never asked for" for id in known if id not in asked]
    return problems


def _cell_problems(cell: NotebookNode) -> Iterator[str]:
    """nbgrader's rules for the metadata of a cell (schema version 3), and ours for markers."""
    where = f"cell {cell.get('id')!r}"
    if not cell.get("id"):
        yield f"a cell has no id: {cell.source[:40]!r}"
    marked = cell.cell_type == "code" and any(BEGIN.match(line) for line in cell.source.split("\n"))
    meta = cell.metadata.get("nbgrader")
    if meta is None:
        if marked:
            yield f"{where} has a solution but no nbgrader metadata with solution: true"
        return
    if meta.get("schema_version") != 3:
        yield f"{where}: nbgrader schema_version has to be 3"
    for flag in ("grade", "solution", "locked"):
        if not isinstance(meta.get(flag), bool):
            yield f"{where}: nbgrader metadata needs {flag}: true or false"
    if not GRADE_ID.match(str(meta.get("grade_id", ""))):
        yield f"{where}: grade_id has to be letters, digits, hyphens and underscores"
    points = meta.get("points")
    if bool(meta.get("grade")) != (points is not None):
        yield f"{where}: points belong to cells with grade: true, and to no others"
    if points is not None and (isinstance(points, bool) or not isinstance(points, int | float) or points < 0):
        yield f"{where}: points have to be a number of 0 or more"
    if marked != bool(meta.get("solution")):
        yield f"{where}: solution: true and ### BEGIN SOLUTION belong together"
    if meta.get("grade") and not meta.get("locked"):
        yield f"{where}: a graded cell has to be locked"


def _graded(notebook: NotebookNode) -> list[dict[str, Any]]:
    return [cell.metadata["nbgrader"] for cell in notebook.cells if "nbgrader" in cell.metadata]


def _twice(values: list[Any]) -> list[Any]:
    return sorted({one for one in values if values.count(one) > 1})


def _stubs(cell: NotebookNode) -> tuple[str, ...]:
    given = files.own_metadata(cell).get("stub", ())
    return (given,) if isinstance(given, str) else tuple(given)


def _stub(begin: re.Match[str], given: str | None) -> list[str]:
    indent = begin["indent"]
    comment = "//" if begin["comment"] else "#"
    if given is None:
        given = f"{comment} Your turn: replace this line by what the task above asks for." + (
            "" if begin["comment"] else "\n..."
        )
    return [f"{indent}{line}" if line else "" for line in given.split("\n")]


def _differing(course: Course, wanted: dict[Path, bytes]) -> list[Path]:
    there = {path.relative_to(course.copies) for path in course_files(course.copies)}
    names = sorted({*wanted, *there})
    return [name for name in names if name not in wanted or _content(course.copies / name) != wanted[name]]


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
