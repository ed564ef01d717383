"""The HTML report of a run: a page for each notebook and a first page with the table. Works offline."""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from labkit import __version__
from labkit.course import notebook as files
from labkit.course.disk import write
from labkit.course.run import Outcome

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
COLUMNS = ("Notebook", "Checks", "Time", "Invocations", "Cost on AWS", "Result")
# Scripts and fonts that nbconvert would fetch from elsewhere: formulas, diagrams, live widgets. None is used.
ELSEWHERE = re.compile(r"<script[^>]*>.*?</script>|<link[^>]*href=\"https?:[^>]*>", re.S)
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .4rem .8rem; border-bottom: 1px solid #8886; }}
td.number, th.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
tfoot td {{ font-weight: 600; border-bottom: 0; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; border-left: 4px solid #d32f2f; padding-left: .8rem; }}
.good {{ color: #2e7d32; }} .bad {{ color: #d32f2f; font-weight: 600; }}
</style></head><body>
<h1>{title}</h1>
<p>{summary}</p>
<table><thead><tr>{head}</tr></thead><tbody>
{rows}
</tbody>{foot}</table>
{problems}
<p><small>labkit {version}, {at}. Costs: requests and duration at the first tier of {region} prices, without
the free tier.</small></p>
</body></html>
"""


def row(outcome: Outcome) -> tuple[str, ...]:
    """What the table says of a notebook, in the order of `COLUMNS`."""
    if outcome.learner:
        checks = f"{outcome.count('undone')} of {len(outcome.asked)} undone"
    else:
        checks = f"{outcome.count('done', 'skipped')} of {len(outcome.asked)}"
    if skipped := outcome.count("skipped"):
        checks += f", {skipped} skipped"
    result = "passed" if outcome.passed else "failed"
    cost = _cost(outcome.cost_usd)
    return outcome.name, checks, f"{outcome.duration_s:.1f} s", f"{outcome.invocations:,}", cost, result


def total(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The last line of the table, in the order of `COLUMNS`; costs that are not known are left out."""
    reached = sum(one.count("undone") if one.learner else one.count("done", "skipped") for one in outcomes)
    checks = f"{reached} of {sum(len(one.asked) for one in outcomes)}"
    invocations = sum(one.invocations for one in outcomes)
    cost_usd = sum((one.cost_usd for one in outcomes if one.cost_usd is not None), Decimal(0))
    passed = f"{sum(one.passed for one in outcomes)} of {len(outcomes)}"
    duration_s = sum(one.duration_s for one in outcomes)
    return "together", checks, f"{duration_s:.1f} s", f"{invocations:,}", _cost(cost_usd), passed


def _cost(cost_usd: Decimal | None) -> str:
    """With as many digits in each line of the table: they are compared."""
    return "unknown" if cost_usd is None else f"{cost_usd:,.6f} USD"


@dataclass(frozen=True)
class Times:
    """How long a run took, and the floor that this is measured against.

    Attributes:
        whole_s: from the first notebook's beginning to the last one's end, clouds and teardowns included.
        cells_s: what the cells of all notebooks took.
        kernels_s: what as many bare kernels take to start and to end.
    """

    whole_s: float
    cells_s: float
    kernels_s: float

    def __str__(self) -> str:
        floor_s = self.cells_s + self.kernels_s
        return (
            f"{self.whole_s:.0f} s, {self.whole_s / floor_s:.2f} times the floor of {floor_s:.0f} s "
            f"(bare kernels {self.kernels_s:.0f} s, cells {self.cells_s:.0f} s)"
        )


def summary(outcomes: Sequence[Outcome], times: Times) -> str:
    """A sentence about a run, and one about its time."""
    bad = [one.name for one in outcomes if not one.passed]
    count = f"{len(outcomes)} notebook{'' if len(outcomes) == 1 else 's'}"
    kind = "learner copies" if outcomes and outcomes[0].learner else "solutions"
    verdict = f"{', '.join(bad)} failed" if bad else "all went as they should"
    return f"{count} ({kind}): {verdict}. It took {times}."


def write_report(folder: Path, outcomes: Sequence[Outcome], region: str, times: Times) -> Path:
    """Writes the pages and the executed notebooks; returns the first page.

    Args:
        region: whose prices the costs are.
    """
    for outcome in outcomes:
        write(folder / f"{outcome.name}.html", notebook_page(outcome.notebook, outcome.name))
        write(folder / f"{outcome.name}.ipynb", files.text(outcome.notebook))
    first = folder / "index.html"
    write(first, _first_page(outcomes, region, times))
    return first


def notebook_page(notebook: NotebookNode, name: str) -> str:
    """A run notebook as one HTML page that needs nothing from anywhere; widgets as they stood at the end."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="lab")  # type: ignore[no-untyped-call]
    body, _ = exporter.from_notebook_node(_still(notebook), resources={"metadata": {"name": name}})
    return ELSEWHERE.sub("", body)


def _first_page(outcomes: Sequence[Outcome], region: str, times: Times) -> str:
    head = "".join(f"<th{_number(index)}>{name}</th>" for index, name in enumerate(COLUMNS))
    problems = "".join(_html_problems(one) for one in outcomes if one.problems)
    return PAGE.format(
        title="Lambda workbook: run",
        summary=html.escape(summary(outcomes, times)),
        head=head,
        rows="\n".join(_html_row(one) for one in outcomes),
        foot=_html_total(outcomes) if len(outcomes) > 1 else "",
        problems=problems,
        version=__version__,
        at=f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}",
        region=html.escape(region),
    )


def _html_row(outcome: Outcome) -> str:
    name, *cells, result = (html.escape(cell) for cell in row(outcome))
    link = f'<td><a href="{name}.html">{name}</a></td>'
    middle = "".join(f"<td{_number(index)}>{cell}</td>" for index, cell in enumerate(cells, 1))
    return f'<tr>{link}{middle}<td class="{"good" if outcome.passed else "bad"}">{result}</td></tr>'


def _html_total(outcomes: Sequence[Outcome]) -> str:
    cells = (f"<td{_number(index)}>{html.escape(cell)}</td>" for index, cell in enumerate(total(outcomes)))
    return f"<tfoot><tr>{''.join(cells)}</tr></tfoot>"


def _html_problems(outcome: Outcome) -> str:
    """What is wrong with a notebook, with a way to the cell that failed."""
    name = html.escape(outcome.name)
    failed = outcome.failure.cell if outcome.failure else None
    ran = (cell for cell in files.code_cells(outcome.notebook) if cell.execution_count)
    cells = [cell for cell in ran if cell.execution_count == failed]
    where = (
        f'<p><a href="{name}.html#cell-id={cells[0].id}">The cell in its notebook</a></p>' if cells else ""
    )
    said = "".join(f"<pre>{html.escape(problem)}</pre>" for problem in outcome.problems)
    return f"<h2>{name}</h2>{said}{where}"


def _number(column: int) -> str:
    return ' class="number"' if COLUMNS[column] in ("Time", "Invocations", "Cost on AWS") else ""


def _still(notebook: NotebookNode) -> NotebookNode:
    """Widget views replaced by what they showed when the notebook ended."""
    made = copy.deepcopy(notebook)
    models = made.metadata.pop("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    for cell in files.code_cells(made):
        for output in cell.get("outputs", []):
            view = output.get("data", {}).get(WIDGET_VIEW)
            if view and (shown := picture(models, view["model_id"])):
                output.data = files.node({"text/html": shown})
    return made


def picture(models: Mapping[str, Any], model_id: str) -> str:
    """HTML of a core widget, from its saved state: boxes, HTML, images, and controls with their values."""
    model = models.get(model_id.removeprefix("IPY_MODEL_"), {})
    state: Mapping[str, Any] = model.get("state", {})
    kind = str(model.get("model_name", ""))
    if children := state.get("children"):
        inner = "".join(picture(models, child) for child in children)
        way = "row" if kind == "HBoxModel" else "column"
        return f'<div style="display:flex;flex-direction:{way};gap:.5em">{inner}</div>'
    if kind in ("HTMLModel", "HTMLMathModel"):
        return f"<div>{state.get('value', '')}</div>"
    if kind == "ImageModel":
        data = next((one["data"] for one in model.get("buffers", ()) if one["path"] == ["value"]), "")
        return f'<img alt="" src="data:image/{state.get("format", "png")};base64,{data}">'
    if kind == "ButtonModel":  # nothing would happen
        return ""
    if "description" in state:
        labels = state.get("_options_labels")  # a choice saves the number of its label
        chosen = state.get("index")
        value = labels[chosen] if labels and chosen is not None else state.get("value", "")
        return f"<div>{html.escape(str(state['description']))} <b>{html.escape(str(value))}</b></div>"
    return ""
